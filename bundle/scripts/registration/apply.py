"""Applying a saved transform to further images, and mapping how it changes volume."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ..errors import InputError
from ..reports.numbers import shown
from ..voxels import smallest_type
from .deformation import jacobian_of
from .geometry import Geometry
from .headers import is_nifti, read_geometry, unreadable
from .images import Image, read_image, read_label
from .itk_files import field_transform, itk_image, write_like
from .results import name_of, staged, suffix_like

logger = logging.getLogger(__name__)


def resample_once(moving: Image, fixed: Image, transform: Any, nearest: bool) -> np.ndarray:
    """``moving`` on the grid of ``fixed`` by ITK, 0 outside; ``(*size)``, float32 or the smallest label type.

    Args:
        moving: image or label.
        fixed: whose grid the result takes.
        transform: ITK transform, fixed points to moving points.
        nearest: nearest neighbour, for labels.
    """
    import itk

    from ..data.itk_affine import resample

    kind = np.float64 if nearest else np.float32  # every id a label map may hold is exact in 64 bits
    source = itk_image(moving.values.astype(kind), moving.geometry)
    target = itk_image(np.zeros(fixed.geometry.size, dtype=np.float32), fixed.geometry)
    values = itk.array_from_image(resample(source, target, transform, nearest)).T
    return values.astype(smallest_type(values)) if nearest else values


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
        InputError: if a file cannot be read or written, or the dimensions do not agree.
    """
    if not moving and not moving_label:
        raise InputError("there is nothing to warp; name an image with --moving or a label map with --moving_label.")
    found = read_transform(transform)
    target = Image(fixed, np.zeros(0), read_geometry(_given(fixed, "fixed")))
    sources = [(read_image(moving), False)] if moving else []
    sources += [(read_label(moving_label), True)] if moving_label else []
    written = []
    with staged(output_dir) as folder:
        for source, nearest in sources:
            _check_dimensions(found, transform, target, source)
            if not nearest and (source.values == np.round(source.values)).all() and len(np.unique(source.values)) < 64:
                logger.warning("%s may be a label map: give it as --moving_label, else ids are blended", source.path)
            values = resample_once(source, target, found, nearest)
            path = folder / f"{name_of(source.path)}_warped{suffix_like(fixed)}"
            write_like(path, values, target.geometry, fixed)
            written.append(Path(output_dir) / path.name)
    for path in written:
        logger.info("written: %s", path)
    return written


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
    grid = read_geometry(str(fixed)) if fixed else field_geometry(found)
    if grid is None:
        raise InputError(f"{transform} holds no displacement field; name an image whose grid to use with --fixed.")
    if len(grid.size) != found.GetInputSpaceDimension():
        raise InputError(f"{transform} is a {found.GetInputSpaceDimension()}-D transform, {fixed} {len(grid.size)}-D.")
    thick = grid.thickened()
    jac_det = jacobian_of(sample_transform(found, thick), thick)[middle(grid)]
    with staged(output_dir) as folder:
        path = folder / f"{name_of(transform)}_jacobian.nii.gz"
        write_like(path, jac_det, grid, str(fixed or ""))
    folded = shown("folding", (jac_det <= 0).mean())
    logger.info("written: %s; %s %% folded", Path(output_dir) / path.name, folded)
    return Path(output_dir) / path.name


def middle(geometry: Geometry) -> tuple[slice, ...]:
    """The part of a thickened grid that is the file's own."""
    return tuple(slice(1, 2) if size == 1 else slice(None) for size in geometry.size)


def read_transform(path: str) -> Any:
    """ITK transform of a file: a displacement field or what ITK's transform reader takes.

    Raises:
        InputError: if it cannot be read as one.
    """
    path = _given(path, "transform")
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist; name a displacement field (.nii.gz) or an ITK transform (.h5).")
    if is_nifti(path):
        return field_transform(*_read_field(path))
    import itk

    try:
        return itk.transformread(path)[0]
    except Exception as error:  # RuntimeError and IndexError; HDF5 has its own
        raise InputError(f"{path} cannot be read as an ITK transform; give a complete .h5 or .tfm file.") from error


def _read_field(path: str) -> tuple[np.ndarray, Geometry]:
    """Vectors ``(E, *size)`` and grid of a vector NIfTI."""
    try:
        stored = np.asarray(nib.load(path).dataobj, dtype=np.float64)
    except Exception as error:
        raise unreadable(path, error) from error
    if stored.ndim != 5 or stored.shape[3] != 1 or stored.shape[4] not in (2, 3):
        raise InputError(f"{path} is no displacement field: it needs 2 or 3 values a voxel, its header says otherwise.")
    dims = stored.shape[4]
    vectors = np.moveaxis(stored.reshape(*stored.shape[:dims], dims), -1, 0)
    if not np.isfinite(vectors).all():
        raise InputError(f"{path} holds NaN or infinite displacements; make it anew.")
    return vectors, read_geometry(path, vectors=dims)


def field_geometry(transform: Any) -> Geometry | None:
    """The grid of the displacement field in a transform; ``None`` where there is none."""
    import itk

    if hasattr(transform, "GetNumberOfTransforms"):
        inner = [itk.down_cast(transform.GetNthTransform(k)) for k in range(transform.GetNumberOfTransforms())]
        return next((found for found in map(field_geometry, inner) if found is not None), None)
    if not hasattr(transform, "GetDisplacementField"):
        return None
    field = transform.GetDisplacementField()
    spacing, origin = np.array(list(field.GetSpacing())), np.array(list(field.GetOrigin()))
    direction = np.array(itk.array_from_matrix(field.GetDirection()))
    return Geometry(tuple(int(n) for n in itk.size(field)), spacing, origin, direction)


def sample_transform(transform: Any, geometry: Geometry) -> np.ndarray:
    """The vectors of any ITK transform on a grid, ``(E, *size)``, LPS, mm."""
    import itk

    dims = len(geometry.size)
    kind = itk.Image[itk.Vector[itk.F, dims], dims]
    reference = itk_image(np.zeros(geometry.size, dtype=np.float32), geometry)
    sampler = itk.TransformToDisplacementFieldFilter[kind, itk.D].New(Transform=transform)
    sampler.SetReferenceImage(reference)
    sampler.UseReferenceImageOn()
    sampler.Update()
    return np.asarray(itk.array_from_image(sampler.GetOutput())).T


def _check_dimensions(transform: Any, path: str, *images: Image) -> None:
    dims = int(transform.GetInputSpaceDimension())
    for image in images:
        if len(image.geometry.size) != dims:
            raise InputError(
                f"{path} is a {dims}-D transform but {image.path} is stored in {len(image.geometry.size)} dimensions."
            )


def _given(path: str | None, option: str) -> str:
    if not path:
        raise InputError(f"no {option} is given; name a file with --{option}.")
    return str(path)
