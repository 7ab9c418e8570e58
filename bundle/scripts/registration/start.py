"""A transform that a user gives, as the deformation that a registration starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..physical import Grid, Pair
from ..physical.frame import homogeneous
from ..physical.steps import FieldStep, Step, is_singular, joined, read_field, read_steps
from ..spatial import grid_points, map_points
from .deformation import Deformation

INITIAL = "initial"  # the stage's name


def initial_deformation(path: str, pair: Pair, grid: Grid) -> Deformation:
    """The transform of a file, fixed points to moving points, on the working grid.

    An affine map stays the matrix it is. Of any other transform the nearest affine map is split off, and the rest is
    evaluated at the voxels of the grid; beyond a displacement field its edge goes on.

    Args:
        path: displacement field or ITK transform, LPS, mm.
        pair: what is registered; slices may lie in space.
        grid: the working grid.

    Raises:
        InputError: if the file cannot be read, or holds a transform of other dimensions, one that presses space flat or
            one that takes no point of the fixed image to the moving one.
    """
    steps = read_steps(path)
    dims, needed = steps[0].dims, len(pair.fixed.geometry.size)
    if dims != needed:
        raise InputError(f"{path} is a {dims}-D transform but the images are {needed}-D; give a {needed}-D one.")
    matrix = joined(steps)
    if matrix is None:
        deformation = _sampled(steps, pair, grid)
    else:
        deformation = replace(Deformation.none(grid), affine=pair.frame.of_space(matrix))
    if is_singular(deformation.affine) or not torch.isfinite(deformation.ddf).all():
        raise InputError(f"{path} presses the fixed image flat; give a transform that keeps space whole.")
    _check_view(deformation, pair, path)
    return deformation


def _sampled(steps: Sequence[Step], pair: Pair, grid: Grid) -> Deformation:
    """The steps one after the other, at the voxels of the grid."""
    to_point = pair.frame.lift(pair.fixed.geometry) @ grid.affine
    points = _listed(grid_points(grid.size, to_point))
    for step in steps:
        if isinstance(step, FieldStep):  # whose edge goes on
            points = points + read_field(step.vectors, step.grid, points)
        else:
            points = step.carry(points)
    there = (points - pair.frame.offset) @ pair.frame.basis
    index = _listed(grid_points(grid.size, np.eye(len(grid.affine))[:-1]))
    rows = np.column_stack([index, np.ones(len(index))])
    affine = homogeneous(np.linalg.lstsq(rows, there, rcond=None)[0].T)  # from index to the frame
    shift = (there - rows @ affine[:-1].T) @ np.linalg.pinv(affine[:-1, :-1]).T
    ddf = torch.from_numpy(shift.T.reshape(1, -1, *grid.size)).float()
    return Deformation(grid, ddf, affine @ np.linalg.inv(grid.affine))


def _listed(points: Tensor) -> np.ndarray:
    """Points ``(1, D, *S)`` as ``(N, D)``."""
    return points[0].flatten(1).T.numpy()


def _check_view(deformation: Deformation, pair: Pair, path: str) -> None:
    """Refuse a deformation that takes no voxel of the working grid into the moving image."""
    points = grid_points(deformation.grid.size, deformation.grid.affine[:-1])
    to_index = np.linalg.inv(pair.frame.coordinates(pair.moving.geometry))[:-1]
    index = _listed(map_points(to_index, deformation.forward(points)))
    if not ((index >= -0.5) & (index <= np.array(pair.moving.array.shape) - 0.5)).all(axis=1).any():
        raise InputError(
            f"{path} takes no point of {pair.fixed.path} into {pair.moving.path}; give a transform of fixed points to "
            "moving points, or the inverse of this one."
        )
