"""Arrays as ITK images, and resampling from grid to grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..voxels import smallest_type
from .geometry import Geometry
from .images import Image

SLAB = 32  # slices at a time


def itk_image(values: np.ndarray, geometry: Geometry) -> Any:
    """An ITK image of ``values`` ``(*size)``."""
    import itk  # takes seconds

    return _placed(itk.image_from_array(np.ascontiguousarray(values.T)), geometry)  # NumPy's last axis is ITK's first


def itk_field(vectors: np.ndarray, geometry: Geometry, precision: Any = None) -> Any:
    """An ITK image of vectors ``(E, *size)``, of 64 bits or of ``precision``, ``itk.F``."""
    import itk

    dims = len(vectors)
    image = itk.Image[itk.Vector[precision or itk.D, dims], dims].New()
    image.SetRegions(list(geometry.size))
    image.Allocate()
    # image_from_array copies no vectors of 64 bits; torch turns axes round faster than numpy; some slabs, for memory
    view = itk.array_view_from_image(image)
    kind = torch.float64 if view.dtype == np.float64 else torch.float32
    given = torch.from_numpy(np.ascontiguousarray(vectors)).permute(*range(dims, -1, -1))
    for first in range(0, len(view), SLAB):
        view[first : first + SLAB] = given[first : first + SLAB].to(kind).contiguous().numpy()
    return _placed(image, geometry)


def _placed(image: Any, geometry: Geometry) -> Any:
    import itk

    image.SetSpacing(geometry.spacing.tolist())
    image.SetOrigin(geometry.origin.tolist())
    image.SetDirection(itk.matrix_from_array(np.ascontiguousarray(geometry.direction)))
    return image


def geometry_of(image: Any) -> Geometry:
    """The grid of an ITK image."""
    import itk

    spacing, origin = np.array(list(image.GetSpacing())), np.array(list(image.GetOrigin()))
    direction = np.array(itk.array_from_matrix(image.GetDirection()))
    return Geometry(tuple(int(n) for n in itk.size(image)), spacing, origin, direction)


def itk_resample(moving: Any, fixed: Any, transform: Any, nearest: bool = False, outside: float = 0) -> Any:
    """The ITK image ``moving`` on the grid of ``fixed``.

    Args:
        moving: image to resample; its pixel type is kept.
        fixed: image whose grid the result takes.
        transform: ITK transform, points of ``fixed`` to points of ``moving``.
        nearest: nearest neighbour, for labels, instead of linear interpolation.
        outside: what lies outside ``moving``.
    """
    import itk

    kind = itk.NearestNeighborInterpolateImageFunction if nearest else itk.LinearInterpolateImageFunction
    return itk.resample_image_filter(
        moving,
        transform=transform,
        interpolator=kind[type(moving), itk.D].New(),
        reference_image=fixed,
        use_reference_image=True,
        default_pixel_value=outside,
    )


def resample_once(moving: Image, fixed: Geometry, transform: Any, nearest: bool) -> np.ndarray:
    """``moving`` on the grid ``fixed``, 0 outside; ``(*size)``, float32 or the smallest label type.

    Args:
        moving: image or label.
        fixed: the grid that the result takes.
        transform: ITK transform, fixed points to moving points.
        nearest: nearest neighbour, for labels.
    """
    import itk

    kind = np.float64 if nearest else np.float32  # every id a label map may hold is exact in 64 bits
    source = itk_image(moving.values.astype(kind), moving.geometry)
    target = itk_image(np.zeros(fixed.size, dtype=np.float32), fixed)
    values = itk.array_from_image(itk_resample(source, target, transform, nearest)).T
    return values.astype(smallest_type(values)) if nearest else values
