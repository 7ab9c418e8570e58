"""ITK's transforms: made, read, written, sampled. What is written here other software takes unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ..errors import InputError
from ..files import is_file, not_a_file
from .geometry import THICK, Geometry
from .headers import check_whole, is_nifti, read_geometry, unreadable
from .itk_images import geometry_of, itk_field, itk_image

EVEN = 0.05  # voxels: what an inverse found by steps may differ by from one slice to the next


def field_transform(vectors: np.ndarray, geometry: Geometry, precision: Any = None) -> Any:
    """ITK displacement field transform of ``vectors`` ``(E, *size)``, LPS, mm, in ``itk.D`` or ``precision``."""
    import itk  # takes seconds

    transform = itk.DisplacementFieldTransform[precision or itk.D, len(vectors)].New()
    transform.SetDisplacementField(itk_field(vectors, geometry, precision))
    return transform


def affine_transform(affine: np.ndarray, precision: Any = None) -> Any:
    """ITK affine transform of a homogeneous matrix ``(E + 1, E + 1)``; ``precision`` as of :func:`field_transform`."""
    import itk

    transform = itk.AffineTransform[precision or itk.D, len(affine) - 1].New()
    matrix = np.ascontiguousarray(affine[:-1, :-1], dtype=np.float32 if precision == itk.F else np.float64)
    transform.SetMatrix(itk.matrix_from_array(matrix))
    transform.SetOffset(affine[:-1, -1].tolist())
    return transform


def matrix_of(transform: Any) -> np.ndarray:
    """Homogeneous matrix ``(E + 1, E + 1)`` of an affine transform, whatever its class and centre."""
    import itk

    dims = transform.GetInputSpaceDimension()
    matrix = np.eye(dims + 1)
    if hasattr(transform, "GetMatrix") and hasattr(transform, "GetOffset"):  # exact in 32 bits too
        matrix[:-1, :-1], matrix[:-1, -1] = itk.array_from_matrix(transform.GetMatrix()), list(transform.GetOffset())
        return matrix
    origin, *ends = transform_points(transform, np.vstack([np.zeros(dims), np.eye(dims)]))
    matrix[:-1, :-1], matrix[:-1, -1] = np.column_stack(ends) - origin[:, None], origin
    return matrix


def write_transform(path: Path, transform: Any) -> None:
    """Write an ITK transform file, ``.h5``, compressed, in the transform's own precision.

    Raises:
        OSError: if it could not be written.
    """
    import itk

    _, (precision, *_) = itk.template(transform)
    writer = itk.TransformFileWriterTemplate[precision].New(FileName=str(path))
    writer.SetInput(transform)
    writer.SetUseCompression(True)
    try:
        writer.Update()
    except RuntimeError as error:
        raise OSError(None, "the HDF5 library gave up", str(path)) from error


def read_transform(path: str) -> Any:
    """ITK transform of a file: a displacement field or what ITK's transform reader takes.

    Raises:
        InputError: if it cannot be read as one, is empty, or holds a number that is not finite.
    """
    if not is_file(path):
        raise InputError(f"{path} {not_a_file(path)}; name a displacement field (.nii.gz) or an ITK transform (.h5).")
    if is_nifti(path):
        return field_transform(*_read_field(path))
    import itk

    try:
        first, *more = itk.transformread(path)
    except Exception as error:  # RuntimeError and ValueError; HDF5 has its own
        raise InputError(f"{path} cannot be read as an ITK transform; give a complete .h5 or .tfm file.") from error
    if more:
        raise InputError(f"{path} holds {1 + len(more)} transforms side by side; give a file of one, or a composite.")
    _check_numbers(path, parts_of(first))
    return first


def _check_numbers(path: str, parts: Sequence[Any]) -> None:
    """Refuse what ITK would apply without a word: an image resampled at NaN is all 0."""
    import itk

    if not parts:
        raise InputError(f"{path} holds no transform but an empty composite; make it anew.")
    for part in parts:
        field = part.GetDisplacementField() if hasattr(part, "GetDisplacementField") else None
        given = itk.array_view_from_image(field) if field is not None else list(part.GetParameters())
        placed = matrix_of(part) if part.IsLinear() else list(part.GetFixedParameters())
        if not (np.isfinite(given).all() and np.isfinite(placed).all()):
            raise InputError(f"{path} holds NaN or infinite numbers; make it anew.")


def _read_field(path: str) -> tuple[np.ndarray, Geometry]:
    """Vectors ``(E, *size)`` and grid of a vector NIfTI."""
    try:
        check_whole(path)
        stored = np.asarray(nib.load(path).dataobj, dtype=np.float64)
    except Exception as error:
        raise unreadable(path, error) from error
    if stored.ndim != 5 or stored.shape[3] != 1 or stored.shape[4] not in (2, 3):
        raise InputError(f"{path} is no displacement field: it needs 2 or 3 values a voxel, its header says otherwise.")
    dims = stored.shape[4]
    vectors = np.moveaxis(stored.reshape(*stored.shape[:dims], dims), -1, 0)
    if not np.isfinite(vectors).all():
        raise InputError(f"{path} holds NaN or infinite displacements; make it anew.")
    geometry = read_geometry(path, vectors=dims)
    if len(geometry.size) != dims:  # so ITK sees it
        raise InputError(
            f"{path} is one voxel thick and holds {dims} values a voxel; a slice's field in space needs "
            f"{THICK} voxels across, as register writes it."
        )
    return vectors, geometry


def parts_of(transform: Any) -> list[Any]:
    """The transforms of a composite, composites within it too, in the order in which they are done; or the one."""
    import itk

    if not hasattr(transform, "GetNumberOfTransforms"):
        return [transform]
    inner = [itk.down_cast(transform.GetNthTransform(k)) for k in range(transform.GetNumberOfTransforms())]
    return [part for each in reversed(inner) for part in parts_of(each)]  # what was added last is done first


def field_of(transform: Any) -> Any | None:
    """The displacement field in a transform, an ITK image, the one done first; ``None`` where there is none."""
    fields = (part.GetDisplacementField() for part in parts_of(transform) if hasattr(part, "GetDisplacementField"))
    return next(fields, None)


def vectors_of(field: Any) -> np.ndarray:
    """The vectors ``(E, *size)``, LPS, mm, of a displacement field that is an ITK image."""
    import itk

    return np.asarray(itk.array_from_image(field), dtype=np.float64).T


def field_geometry(transform: Any) -> Geometry | None:
    """The grid of the displacement field in a transform; ``None`` where there is none."""
    field = field_of(transform)
    return None if field is None else geometry_of(field)


def slice_axis(vectors: np.ndarray, geometry: Geometry) -> int | None:
    """The axis across the slice that a field was made for; ``None`` of any other field.

    Such a field is three voxels thick and moves what is beside the slice evenly; that of a volume of three slices may
    be as thick, but each of them moves as it likes.

    Args:
        vectors: ``(E, *size)``, LPS, mm.
        geometry: their grid.
    """
    axes = [axis for axis, size in enumerate(geometry.size) if size == THICK]
    if len(geometry.size) != 3 or len(axes) != 1:
        return None
    before, middle, after = np.moveaxis(vectors, axes[0] + 1, 0)
    return axes[0] if np.abs(before + after - 2 * middle).max() <= EVEN * geometry.spacing.min() else None


def is_of_slices(transform: Any) -> bool:
    """Whether a transform of space takes slice to slice: its field is that of a slice, see :func:`slice_axis`."""
    field = field_of(transform)
    return field is not None and slice_axis(vectors_of(field), geometry_of(field)) is not None


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


def transform_points(transform: Any, points: np.ndarray) -> np.ndarray:
    """Where an ITK transform takes ``points`` ``(N, E)``, LPS, mm."""
    return np.array([list(transform.TransformPoint(point)) for point in points.tolist()])
