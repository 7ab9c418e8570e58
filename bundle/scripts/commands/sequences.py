"""The verb for a sequence of images of a user."""

from __future__ import annotations

from typing import Literal

from ..configuration.kinds import Device
from ..options import NotNegative, Number, Precision


def register_sequence(
    sequence: str,
    *,
    output_dir: str,
    label: str | None = None,
    reference: Number = 0,
    periodic: bool = True,
    spatial_dims: Literal[2, 3] = 2,
    transforms: bool = False,
    method: str = "sequence",
    use_network: bool = True,
    refinement_steps: Number | None = None,
    refinement_smoothness: NotNegative | None = None,
    ckpt_path: str | None = None,
    precision: Precision | None = None,
    device: Device | None = None,
) -> None:
    """Register every frame of a sequence, such as a beating heart, to one of them, and write what comes of it.

    Args:
        sequence: 4-D file (NIfTI, NRRD), or folder with a file a frame or with one DICOM cine
        output_dir: folder of the results
        label: label map of the reference, carried to all frames; or 4-D, of all frames that have one
        reference: the frame that the others are registered to, counted from 0
        periodic: whether the first frame follows the last, as in a heart beat
        spatial_dims: 2: the slices of a stack one by one; 3: volumes, with a method or weights for them
        transforms: also an ITK transform a frame (.h5)
        method: name of a file in configs/methods, or a file
        use_network: false: refinement alone, which needs no weights
        refinement_steps: steps of optimisation on the sequence at hand; 0: the network alone
        refinement_smoothness: weight of the smoothness in them
        ckpt_path: file of the network's weights
        precision: of the network
        device: to compute on, such as cpu or cuda:0
    """
    from ..registration import ConfiguredMethods, register_sequence_files

    methods = ConfiguredMethods(
        method,
        use_network,
        refinement_steps=refinement_steps,
        refinement_smoothness=refinement_smoothness,
        ckpt_path=ckpt_path,
        precision=precision,
    )
    register_sequence_files(methods, sequence, output_dir, spatial_dims, reference, label, periodic, transforms, device)
