"""The same from a script or a notebook, with the bundle's own configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

from ..configuration import BUNDLE, config_files, plain, typed_overrides
from ..errors import find_input_error
from .pipeline import Registration
from .results import Result, staged


def register(
    fixed: str | Path,
    moving: str | Path,
    output_dir: str | Path | None = None,
    fixed_label: str | Path | None = None,
    moving_label: str | Path | None = None,
    **options: Any,
) -> Result:
    """Register two images as ``python -m monai.bundle run register`` does.

    ::

        from scripts.registration import register  # with the bundle's folder on sys.path
        result = register(fixed="a.nii.gz", moving="b.nii.gz", output_dir="out")
        print(result.report["similarity"], result.warped.values.shape)

    Args:
        fixed, moving: image files, or folders of a DICOM series each.
        output_dir: folder of the results; ``None``: nothing is written.
        fixed_label, moving_label: label maps.
        options: what the command takes: ``instance_steps=0``, ``affine=False``, ``use_network=False``, ...

    Returns:
        Images, fields and measures, see :class:`Result`.

    Raises:
        InputError: if a file cannot be read or written, or its image not registered.
    """
    registration = configured(**options)
    paths = [str(each) if each is not None else None for each in (fixed, moving, moving_label, fixed_label)]
    if output_dir is None:
        return registration(*paths)  # type: ignore[arg-type]
    with staged(output_dir) as folder:
        result = registration(*paths)  # type: ignore[arg-type]
        result.save(folder)
    return result


def configured(
    method: str | None = None, affine: bool = True, use_network: bool = True, **options: Any
) -> Registration:
    """The registration by a method, as ``configs/inference.yaml`` reads it, with ``options`` instead of its values.

    Args:
        method: a file of ``configs/methods``, by its name, or any by its path; ``None``: the bundle's own.
        affine: whether to search for an affine map first.
        use_network: false: the refinement does it all, from a field of zeros.
        options: values of the configuration, also as the text of a command line.

    Raises:
        OptionError: if an option or a method does not exist, or a value is of another kind.
        InputError: if the registration cannot be made of them.
    """
    parser = ConfigParser()
    parser.read_config(config_files("inference.yaml", method=method))
    parser.update({"bundle_root": plain(str(BUNDLE)), **typed_overrides(parser.config, options, expressions=False)})
    parts = ("network", "inferer", "ckpt_path", "spatial_dims", "spatial_size", "spacing", "device")
    try:
        made = {part: parser.get_parsed_content(f"{part}_def" if part == "network" else part) for part in parts}
    except RuntimeError as error:  # MONAI wraps what it instantiates
        raise find_input_error(error) or error from None
    return Registration(use_network=use_network, affine=affine, **made)
