"""What a registration finds: a displacement on the working grid, then an affine map, as one map of points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..spatial import grid_points, identity_grid, invert_field, invert_points, jacobian_determinant, map_points, sample
from .geometry import Frame, Geometry, Grid

CHUNK = 2**22  # voxels at a time: points take 8 bytes a coordinate


@dataclass(frozen=True)
class Deformation:
    """Takes a point ``p`` of the fixed image to ``affine(p + u(p))`` of the moving image, in the frame, mm.

    Attributes:
        grid: the working grid.
        ddf: ``(1, D, *S)`` on it, in its voxels: ``u``. Beyond the grid its edge continues.
        affine: ``(D + 1, D + 1)``.
    """

    grid: Grid
    ddf: Tensor
    affine: np.ndarray

    @cached_property
    def inverse_ddf(self) -> Tensor:
        """The field on the working grid that undoes ``ddf``."""
        return invert_field(self.ddf)

    def displaced(self, points: Tensor) -> Tensor:
        """``p + u(p)`` of points ``(1, D, *T)``."""
        return points + self._shift(points)

    def forward(self, points: Tensor) -> Tensor:
        """Where points ``(1, D, *T)`` of the fixed image lie in the moving image."""
        return map_points(self.affine[:-1], self.displaced(points))

    def backward(self, points: Tensor) -> Tensor:
        """Where points ``(1, D, *T)`` of the moving image lie in the fixed image."""
        to_index = np.linalg.inv(self.affine @ self.grid.affine)[:-1]
        goal = map_points(to_index, points)
        guess = goal + sample(self.inverse_ddf, goal, padding_mode="border")
        return map_points(self.grid.affine[:-1], invert_points(self.ddf, goal, guess))

    def in_voxels(self) -> Tensor:
        """The whole map as a displacement on the working grid, ``(1, D, *S)``, in its voxels."""
        points = grid_points(self.grid.size, self.grid.affine[:-1])
        there = map_points(np.linalg.inv(self.grid.affine)[:-1], self.forward(points))
        return (there - identity_grid(self.grid.size, dtype=torch.float64)).float()

    def _shift(self, points: Tensor) -> Tensor:
        index = map_points(np.linalg.inv(self.grid.affine)[:-1], points)
        found = sample(self.ddf, index, padding_mode="border")
        linear = np.column_stack([self.grid.affine[:-1, :-1], np.zeros(len(self.grid.size))])
        return map_points(linear, found)


@dataclass(frozen=True)
class Fields:
    """A deformation on the two files' own grids, as vectors of physical space (LPS, mm), float32.

    Attributes:
        whole: ``(E, *S)`` on the fixed grid: a point plus its vector is the point of the moving image.
        elastic: ``(E, *S)`` on the fixed grid, without the affine part; ``affine`` after it gives the whole.
        inverse: ``(E, *S')`` on the moving grid: a point plus its vector is the point of the fixed image.
        affine: ``(E + 1, E + 1)``.
        fixed, moving: the grids, three voxels thick where the file is one voxel thick.
    """

    whole: np.ndarray
    elastic: np.ndarray
    inverse: np.ndarray
    affine: np.ndarray
    fixed: Geometry
    moving: Geometry


def fields_of(deformation: Deformation, frame: Frame, fixed: Geometry, moving: Geometry) -> Fields:
    """Evaluate a deformation on the fixed and the moving file's grids."""
    to_fixed, to_moving = frame.lift(fixed), frame.lift(moving)
    whole = _vectors(fixed, frame, lambda p: map_points(to_moving, deformation.forward(p)))
    elastic = _vectors(fixed, frame, lambda p: map_points(to_fixed, deformation.displaced(p)))
    inverse = _vectors(moving, frame, lambda p: map_points(to_fixed, deformation.backward(p)))
    return Fields(
        whole=_thickened(whole, fixed, moving),
        elastic=_thickened(elastic, fixed, fixed),
        inverse=_thickened(inverse, moving, fixed),
        affine=frame.in_space(deformation.affine, moving),
        fixed=fixed.thickened(),
        moving=moving.thickened(),
    )


def _vectors(geometry: Geometry, frame: Frame, image_of: Callable[[Tensor], Tensor]) -> np.ndarray:
    """From every voxel to where ``image_of`` takes its coordinates, ``(E, *S)``, float32; some slabs at a time."""
    size = [geometry.size[axis] for axis in geometry.axes]
    vectors = np.empty((len(geometry.size), *size), dtype=np.float32)
    step = max(1, CHUNK // int(np.prod(size[1:])))
    for first in range(0, size[0], step):
        slab = (min(step, size[0] - first), *size[1:])
        own, coordinates = geometry.plane.copy(), frame.coordinates(geometry)[:-1].copy()
        for affine in (own, coordinates):
            affine[:, -1] += affine[:, 0] * first
        vectors[:, first : first + step] = (image_of(grid_points(slab, coordinates)) - grid_points(slab, own))[0]
    return vectors


def _thickened(vectors: np.ndarray, geometry: Geometry, target: Geometry) -> np.ndarray:
    """Vectors ``(E, *S)`` of a slice as those of a grid three voxels thick; of a volume, as they are.

    A point beside the slice ends at the same distance from the slice of ``target``, on the same side.
    """
    for axis, other in zip(geometry.flat_axes, target.flat_axes, strict=True):
        across, across_target = geometry.direction[:, axis], target.direction[:, other]
        change = np.copysign(1, across @ across_target) * across_target - across
        layers = [vectors + (k * geometry.spacing[axis] * change).reshape(-1, 1, 1) for k in (-1, 0, 1)]
        vectors = np.stack(layers, axis=axis + 1).astype(np.float32)
    return vectors


def jacobian_of(vectors: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Determinant of the Jacobian of a point plus its vector: how volume changes, whatever the grid.

    Args:
        vectors: ``(E, *S)``, LPS, mm, every axis longer than one voxel.
        geometry: the grid they lie on.

    Returns:
        ``(*S)``, float32.
    """
    to_voxels = np.column_stack([np.linalg.inv(geometry.matrix), np.zeros(len(vectors))])
    ddf = map_points(to_voxels, torch.from_numpy(np.ascontiguousarray(vectors))[None].double())
    return jacobian_determinant(ddf)[0, 0].numpy()
