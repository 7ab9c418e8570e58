"""ITK's transforms and fields: made, written, read, applied. What is written here other software takes unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch

from .deformation import Fields
from .geometry import Geometry
from .headers import is_nifti


def itk_image(values: np.ndarray, geometry: Geometry) -> Any:
    """An ITK image of ``values`` ``(*size)``."""
    import itk

    return _placed(itk.image_from_array(np.ascontiguousarray(values.T)), geometry)


def itk_field(vectors: np.ndarray, geometry: Geometry) -> Any:
    """An ITK image of 64-bit vectors ``(E, *size)``."""
    import itk

    dims = len(vectors)
    image = itk.Image[itk.Vector[itk.D, dims], dims].New()
    image.SetRegions(list(geometry.size))
    image.Allocate()
    # image_from_array copies no vectors of 64 bits; torch turns axes round faster than numpy
    stored = torch.from_numpy(np.ascontiguousarray(vectors)).double().permute(*range(dims, -1, -1)).contiguous()
    itk.array_view_from_image(image)[:] = stored.numpy()
    return _placed(image, geometry)


def _placed(image: Any, geometry: Geometry) -> Any:
    import itk

    image.SetSpacing(geometry.spacing.tolist())
    image.SetOrigin(geometry.origin.tolist())
    image.SetDirection(itk.matrix_from_array(np.ascontiguousarray(geometry.direction)))
    return image


def field_transform(vectors: np.ndarray, geometry: Geometry) -> Any:
    """ITK displacement field transform of ``vectors`` ``(E, *size)``, LPS, mm."""
    import itk

    transform = itk.DisplacementFieldTransform[itk.D, len(vectors)].New()
    transform.SetDisplacementField(itk_field(vectors, geometry))
    return transform


def affine_transform(affine: np.ndarray) -> Any:
    """ITK affine transform of a homogeneous matrix ``(E + 1, E + 1)``."""
    import itk

    transform = itk.AffineTransform[itk.D, len(affine) - 1].New()
    transform.SetMatrix(itk.matrix_from_array(np.ascontiguousarray(affine[:-1, :-1])))
    transform.SetOffset(affine[:-1, -1].tolist())
    return transform


def composite_transform(fields: Fields) -> Any:
    """The elastic field, then the affine map (ITK applies what was added last first)."""
    import itk

    composite = itk.CompositeTransform[itk.D, len(fields.whole)].New()
    composite.AddTransform(affine_transform(fields.affine))
    composite.AddTransform(field_transform(fields.elastic, fields.fixed))
    return composite


def write_transform(path: Path, transform: Any) -> None:
    """Write an ITK transform file, ``.h5``, compressed.

    Raises:
        OSError: if it could not be written.
    """
    import itk

    writer = itk.TransformFileWriterTemplate[itk.D].New(FileName=str(path))
    writer.SetInput(transform)
    writer.SetUseCompression(True)
    try:
        writer.Update()
    except RuntimeError as error:
        raise OSError(None, "the HDF5 library gave up", str(path)) from error


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
    """Write an image or label map ``(*size)`` on the grid of the file ``like``, under that file's very header."""
    if not is_nifti(str(path)):
        import itk

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
