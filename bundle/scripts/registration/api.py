"""The same from a script or a notebook, with the bundle's own configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from ..options import File, Quality, convert, typed
from .configured import ConfiguredMethods
from .output import FILES, staged
from .pipeline import Registration
from .results import Result
from .stages import chosen_stages


def register(
    fixed: str | Path,
    moving: str | Path,
    output_dir: str | Path | None = None,
    fixed_label: str | Path | None = None,
    moving_label: str | Path | None = None,
    files: Sequence[str] = FILES,
    **options: Any,
) -> Result:
    """Register two images as ``python -m scripts register`` does.

    ::

        from scripts.registration import register  # with the bundle's folder on sys.path
        result = register(fixed="a.nii.gz", moving="b.nii.gz", output_dir="out")
        print(result.report["similarity"], result.warped.values.shape)

    Args:
        fixed, moving: image files, or folders of a DICOM series each.
        output_dir: folder of the results; ``None``: nothing is written.
        fixed_label, moving_label: label maps.
        files: what is written besides the report, of :data:`scripts.options.File`.
        options: what the command takes: ``refinement_steps=0``, ``affine=False``, ``use_network=False``, ...

    Returns:
        Images, fields and measures, see :class:`Result`.

    Raises:
        InputError: if a file cannot be read or written, or its image not registered.
    """
    wanted = convert(files, list[File], "files")
    registration = configured(**options)
    labels = (str(each) if each is not None else None for each in (moving_label, fixed_label))
    images = [fixed, moving, fixed_label, moving_label]
    with staged(output_dir, images) if output_dir is not None else nullcontext() as folder:
        result = registration(str(fixed), str(moving), *labels)
        if folder is not None:
            result.save(folder, wanted)
    return result


@typed
def configured(
    method: str | None = None,
    affine: bool = True,
    use_network: bool = True,
    device: str | torch.device | None = None,
    quality: Quality = "default",
    **changes: Any,
) -> Registration:
    """The registration that a method's file describes.

    Args:
        method: name of a file in ``configs/methods``, or a path; ``None``: the default for the images' dimensions.
        affine: whether to search for an affine map first.
        use_network: false: affine stage and refinement alone.
        device: of the network and the refinement; ``None``: CUDA where there is one.
        quality: of :data:`scripts.registration.configured.QUALITIES`.
        changes: values instead of the file's, see :class:`ConfiguredMethods`.

    Raises:
        InputError: if there is no such method.
        OptionError: if a value is of another kind, or a change none that the method knows.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    methods = ConfiguredMethods(method, use_network, quality, **changes)
    stages = chosen_stages(affine, use_network)
    identity: Mapping[str, Any] = {"stages": stages, **methods.identity}
    return Registration(methods, stages, identity, device)
