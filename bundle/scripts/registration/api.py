"""The same from a script or a notebook, with the bundle's own configuration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from ..engines.stages import AFFINE
from ..options import Affine, File, Quality, convert, typed
from .affine_network import affine_stage
from .configured import AFFINE_DEFAULTS, ConfiguredMethods
from .output import FILES, staged
from .pipeline import Registration
from .results import Result
from .stages import Stage, chosen_stages


def register(
    fixed: str | Path,
    moving: str | Path,
    output_dir: str | Path | None = None,
    fixed_label: str | Path | None = None,
    moving_label: str | Path | None = None,
    files: Sequence[str] = FILES,
    initial_transform: str | Path | None = None,
    fixed_mask: str | Path | None = None,
    moving_mask: str | Path | None = None,
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
        initial_transform: file of the transform to start from, fixed points to moving points.
        fixed_mask, moving_mask: label maps, not 0 where the images are compared.
        options: what the command takes: ``refinement_steps=0``, ``affine=False``, ``use_network=False``, ...

    Returns:
        Images, fields and measures, see :class:`Result`.

    Raises:
        InputError: if a file cannot be read or written, or its image not registered.
    """
    wanted = convert(files, list[File], "files")
    registration = configured(**options)
    labels = {"moving_label": moving_label, "fixed_label": fixed_label}
    more = {**labels, "fixed_mask": fixed_mask, "moving_mask": moving_mask, "initial_transform": initial_transform}
    given = {key: str(path) for key, path in more.items() if path is not None}
    inputs = [fixed, moving, *given.values()]
    with staged(output_dir, inputs) if output_dir is not None else nullcontext() as folder:
        result = registration(str(fixed), str(moving), **given)
        if folder is not None:
            result.save(folder, wanted)
    return result


@typed
def configured(
    method: str | None = None,
    affine: bool | Affine = True,
    use_network: bool = True,
    device: str | torch.device | None = None,
    quality: Quality = "default",
    **changes: Any,
) -> Registration:
    """The registration that a method's file describes.

    Args:
        method: name of a file in ``configs/methods``, or a path; ``None``: the default for the images' dimensions.
        affine: how an affine map is found first: ``itk`` (or true) by a search, ``network`` by that of the method
            ``affine_2d`` or ``affine_3d``, ``both`` by a search that may start there; ``none`` (or false): none is.
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
    found_by = affine if isinstance(affine, str) else "itk" if affine else "none"
    stages: list[str | Stage] = [*chosen_stages(found_by != "none", use_network)]
    identity: dict[str, Any] = {"stages": list(stages), **methods.identity}
    if found_by in ("network", "both"):
        identity["affine"] = {"by": found_by, **ConfiguredMethods(defaults=AFFINE_DEFAULTS).identity}
        stages[stages.index(AFFINE)] = affine_stage(found_by, device)
    return Registration(methods, stages, identity, device)
