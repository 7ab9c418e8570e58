"""Applying a saved transform to further images, and mapping how it changes volume."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import typed
from ..physical import Geometry, read_image, read_label
from ..physical.headers import read_geometry
from ..physical.itk_images import resample_once
from ..physical.itk_transforms import field_geometry, is_of_slices, read_transform, sample_transform
from ..physical.writing import write_like
from ..reports.numbers import shown
from .deformation import jacobian_of
from .output import name_of, staged, suffix_like

logger = logging.getLogger(__name__)


@typed
def warp(
    transform: str,
    fixed: str,
    output_dir: str,
    moving: str | None = None,
    moving_label: str | None = None,
) -> list[Path]:
    """Apply a saved transform to an image, a label map or both, onto the grid of ``fixed``.

    Args:
        transform: displacement field (vector NIfTI) or ITK transform file (``.h5``, ``.tfm``).
        fixed: image whose grid the results take, under its header.
        output_dir: folder of the results, ``<moving>_warped`` and ``<moving label>_warped``.
        moving: image, interpolated linearly.
        moving_label: label map, nearest neighbour.

    Returns:
        The files written.

    Raises:
        InputError: if a file cannot be read or written, both results would have one name, or dimensions do not agree.
    """
    if not moving and not moving_label:
        raise InputError("there is nothing to warp; name an image with --moving or a label map with --moving_label.")
    found = read_transform(transform)
    own = read_geometry(fixed)
    target = own.in_space(_dimensions(found, transform, fixed, own))
    sources = [(read_image(moving), False)] if moving else []
    sources += [(read_label(moving_label), True)] if moving_label else []
    names = [f"{name_of(image.path)}_warped{suffix_like(fixed)}" for image, _ in sources]
    if len(set(names)) < len(names):
        raise InputError(
            f"both {moving} and {moving_label} would be written as {names[0]}; warp them into two folders."
        )
    written = []
    with staged(output_dir, [transform, fixed, moving, moving_label]) as folder:
        for (image, nearest), name in zip(sources, names, strict=True):
            source = image.in_space(_dimensions(found, transform, image.path, image.geometry))
            if not nearest and (source.values == np.round(source.values)).all() and len(np.unique(source.values)) < 64:
                logger.warning("%s may be a label map: give it as --moving_label, else ids are blended", source.path)
            values = resample_once(source, target, found, nearest)
            write_like(folder / name, values, own, fixed)
            written.append(Path(output_dir) / name)
    for path in written:
        logger.info("written: %s", path)
    return written


@typed
def jacobian(transform: str, output_dir: str, fixed: str | None = None) -> Path:
    """Map of the Jacobian determinant of a saved transform, ``<transform>_jacobian.nii.gz``.

    Args:
        transform: displacement field (vector NIfTI) or ITK transform file.
        output_dir: folder of the result.
        fixed: image on whose grid to map it; without one, the grid of the transform's own field.

    Raises:
        InputError: if a file cannot be read or written, or neither the transform nor ``fixed`` has a grid.
    """
    found = read_transform(transform)
    own = read_geometry(fixed) if fixed else field_geometry(found)
    if own is None:
        raise InputError(f"{transform} holds no displacement field; name an image whose grid to use with --fixed.")
    grid = own.in_space(_dimensions(found, transform, fixed or transform, own))
    thick = grid.thickened()
    jac_det = jacobian_of(sample_transform(found, thick), thick)[grid.middle]
    with staged(output_dir, [transform, fixed]) as folder:
        path = folder / f"{name_of(transform)}_jacobian.nii.gz"
        write_like(path, jac_det, own, fixed or "")
    folded = shown("folding", (jac_det <= 0).mean())
    logger.info("written: %s; %s %% folded", Path(output_dir) / path.name, folded)
    return Path(output_dir) / path.name


def _dimensions(transform: Any, path: str, name: str, grid: Geometry) -> int:
    """The transform's dimensions, in which the image ``name`` on ``grid`` is to be seen.

    A file of two axes is a slice of space, at the origin, for a transform between slices.

    Raises:
        InputError: if the image has none of them.
    """
    dims, stored = int(transform.GetInputSpaceDimension()), len(grid.size)
    if stored > dims or (stored < dims and not is_of_slices(transform)):
        raise InputError(
            f"{path} is a {dims}-D transform but {name} is stored in {stored} dimensions; "
            "give the images that it was found for."
        )
    return dims
