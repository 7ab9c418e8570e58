"""Writing images, fields and sequences of them on the grid of a file, under that file's own header."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from .geometry import Geometry
from .headers import is_nifti
from .itk_images import itk_image
from .sequences import ImageSequence


def write_field(path: Path, vectors: np.ndarray, geometry: Geometry) -> None:
    """Write vectors ``(E, *size)``, LPS, mm, as ITK writes and reads a displacement field: a NIfTI of vectors."""
    dims = len(geometry.size)
    stored = np.moveaxis(vectors.astype(np.float32), 0, -1).reshape(*geometry.size, *[1] * (4 - dims), dims)
    nib.save(_vector_image(stored, geometry), path)


def write_like(path: Path, values: np.ndarray, geometry: Geometry, like: str) -> None:
    """Write an image or label map on the grid of the file ``like``, under that file's very header.

    Args:
        path: what to write; its suffix says the format.
        values: ``(*size)``, or with axes of one voxel more.
        geometry: the grid of ``like``.
        like: the file; empty where only the grid is known.

    Raises:
        OSError: if it could not be written.
    """
    values = values.reshape(geometry.size)
    if not is_nifti(str(path)):
        import itk  # takes seconds

        try:
            itk.imwrite(itk_image(values, geometry), str(path), compression=True)
        except RuntimeError as error:
            raise OSError(None, "ITK gave up", str(path)) from error
        return
    nib.save(_nifti_like(values, geometry, like), path)


def write_sequence(path: Path, values: np.ndarray, sequence: ImageSequence) -> None:
    """Write intensities or label ids ``(X, Y, Z, T)`` on the grid and at the times of a sequence: a 4-D NIfTI file.

    The header is that of the sequence's own file where this is a NIfTI file. Where times are unevenly apart, the one
    step that NIfTI knows is their mean.
    """
    image = _nifti_like(values, sequence.geometry, sequence.path)
    if not is_nifti(sequence.path):
        _set_time(image.header, sequence.times, sequence.unit)
    nib.save(image, path)


def write_field_series(path: Path, vectors: np.ndarray, geometry: Geometry, times: np.ndarray, unit: str = "s") -> None:
    """Write vectors ``(T, 3, X, Y, Z)``, LPS, mm: a 5-D NIfTI of vectors, to ITK a 4-D image with vectors of three.

    Args:
        path: the file.
        vectors: one field a time point.
        geometry: the grid of every field.
        times: ``(T,)``; NIfTI keeps their mean step.
        unit: of the times, ``"s"`` or ``"frame"``.
    """
    stored = np.moveaxis(vectors.astype(np.float32), (0, 1), (-2, -1))
    image = _vector_image(stored, geometry)
    _set_time(image.header, times, unit)
    nib.save(image, path)


def _vector_image(stored: np.ndarray, geometry: Geometry) -> nib.Nifti1Image:
    """A NIfTI image of vectors, ``(X, Y, Z, T, E)``."""
    image = nib.Nifti1Image(stored, geometry.affine_ras)
    image.header.set_intent("vector")
    image.set_qform(geometry.affine_ras, 1)
    image.set_sform(geometry.affine_ras, 1)
    image.header.set_xyzt_units("mm")
    return image


def _set_time(header: nib.Nifti1Header, times: np.ndarray, unit: str) -> None:
    header.set_xyzt_units("mm", "sec" if unit == "s" else "unknown")
    header["pixdim"][4] = times[-1] / (len(times) - 1)


def _nifti_like(values: np.ndarray, geometry: Geometry, like: str) -> nib.Nifti1Image:
    """A NIfTI image under the header of the file ``like`` where this is one, else under that of its grid."""
    header = nib.load(like).header.copy() if is_nifti(like) else None
    image = nib.Nifti1Image(values, None if header is not None else geometry.affine_ras, header, dtype=values.dtype)
    image.header.set_data_dtype(values.dtype)
    image.header["cal_min"] = image.header["cal_max"] = 0  # a display range of the fixed image's
    if header is None:
        image.set_qform(geometry.affine_ras, 1)
        image.header.set_xyzt_units("mm")
    return image
