"""Writing images and fields on the grid of a file, under that file's own header."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from .geometry import Geometry
from .headers import is_nifti
from .itk_images import itk_image


def write_field(path: Path, vectors: np.ndarray, geometry: Geometry) -> None:
    """Write vectors ``(E, *size)``, LPS, mm, as ITK writes and reads a displacement field: a NIfTI of vectors."""
    dims = len(geometry.size)
    stored = np.moveaxis(vectors.astype(np.float32), 0, -1).reshape(*geometry.size, *[1] * (4 - dims), dims)
    image = nib.Nifti1Image(stored, geometry.affine_ras)
    image.header.set_intent("vector")
    image.set_qform(geometry.affine_ras, 1)
    image.set_sform(geometry.affine_ras, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def write_like(path: Path, values: np.ndarray, geometry: Geometry, like: str) -> None:
    """Write an image or label map ``(*size)`` on the grid of the file ``like``, under that file's very header.

    Raises:
        OSError: if it could not be written.
    """
    if not is_nifti(str(path)):
        import itk  # takes seconds

        try:
            itk.imwrite(itk_image(values, geometry), str(path), compression=True)
        except RuntimeError as error:
            raise OSError(None, "ITK gave up", str(path)) from error
        return
    header = nib.load(like).header.copy() if is_nifti(like) else None
    image = nib.Nifti1Image(values, None if header is not None else geometry.affine_ras, header, dtype=values.dtype)
    image.header.set_data_dtype(values.dtype)
    image.header["cal_min"] = image.header["cal_max"] = 0  # a display range of the fixed image's
    if header is None:
        image.set_qform(geometry.affine_ras, 1)
        image.header.set_xyzt_units("mm")
    nib.save(image, path)
