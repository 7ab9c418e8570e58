"""The affine stage, in the frame: ITK's search on the prepared images."""

from __future__ import annotations

from typing import Any

import numpy as np

from .geometry import Grid
from .prepare import Prepared


def find_affine(fixed: Prepared, moving: Prepared) -> np.ndarray:
    """The affine map from coordinates in ``fixed`` to coordinates in ``moving``, ``(D + 1, D + 1)``, mm."""
    from ..data.itk_affine import register_affine  # imports ITK, which takes seconds

    found = register_affine(as_itk(fixed), as_itk(moving))
    dims = len(fixed.grid.size)
    origin = np.array(list(found.TransformPoint([0.0] * dims)))
    columns = [np.array(list(found.TransformPoint(list(unit)))) - origin for unit in np.eye(dims)]
    affine = np.eye(dims + 1)
    affine[:-1, :-1], affine[:-1, -1] = np.column_stack(columns), origin
    return affine


def as_itk(image: Prepared) -> Any:
    """A prepared image for ITK, in the frame's coordinates."""
    import itk

    grid: Grid = image.grid
    result = itk.image_from_array(np.ascontiguousarray(image.values[0, 0].numpy().T))
    result.SetSpacing(grid.spacing.tolist())
    result.SetOrigin(grid.affine[:-1, -1].tolist())
    result.SetDirection(itk.matrix_from_array(np.ascontiguousarray(grid.affine[:-1, :-1] / grid.spacing)))
    return result
