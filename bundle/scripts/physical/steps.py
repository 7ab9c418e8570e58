"""A transform as the steps that a point takes, forth and back, for millions of points at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..spatial import identity_grid, invert_field, invert_points, jacobian_determinant, map_points, sample
from .frame import homogeneous
from .geometry import Geometry
from .itk_images import geometry_of
from .itk_transforms import matrix_of, parts_of, read_transform, slice_axis, transform_points, vectors_of

FITTED = 100_000  # points of a field by which its affine part is found
SINGULAR = 1e-9  # of a determinant, once the matrix's largest entry is 1


@dataclass(frozen=True, eq=False)
class LinearStep:
    """An affine map of physical points, ``matrix`` ``(E + 1, E + 1)``."""

    matrix: np.ndarray

    @property
    def dims(self) -> int:
        """E, of the space."""
        return len(self.matrix) - 1

    def carry(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, E)``, LPS, mm, go."""
        return np.asarray(points @ self.matrix[:-1, :-1].T + self.matrix[:-1, -1])

    def carry_back(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, E)``, LPS, mm, come from."""
        return LinearStep(np.linalg.inv(self.matrix)).carry(points)

    def outside(self, points: np.ndarray) -> np.ndarray:
        """None of the points ``(N, E)`` is."""
        return np.zeros(len(points), dtype=bool)


@dataclass(frozen=True, eq=False)
class FieldStep:
    """A displacement field, ``vectors`` ``(E, *S)``, LPS, mm, on ``grid``, read linearly between its voxels."""

    vectors: np.ndarray
    grid: Geometry

    @property
    def dims(self) -> int:
        """E, of the space."""
        return len(self.vectors)

    @cached_property
    def own_grid(self) -> Geometry:
        """The grid of the image that it was made for, one voxel thick where that is a slice."""
        axis = slice_axis(self.vectors, self.grid)
        return self.grid if axis is None else self.grid.thinned(axis)

    def carry(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, E)``, LPS, mm, go: as in ITK, those outside the field stay where they are."""
        return np.where(self.outside(points)[:, None], points, points + read_field(self.vectors, self.grid, points))

    def outside(self, points: np.ndarray) -> np.ndarray:
        """Which of the points ``(N, E)``, LPS, mm, lie beyond the edge of the field's outermost voxels, ``(N,)``."""
        index = index_of(self.grid, points)
        return np.asarray(~((index >= -0.5) & (index < np.array(self.grid.size) - 0.5)).all(axis=1))

    def carry_back(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, E)``, LPS, mm, come from: exactly so where the field does not fold.

        Beyond the field's grid its affine part goes on, and what it moves besides at its edge.
        """
        grid, ddf, inverse, affine = self._parts
        index = LinearStep(affine).carry_back(index_of(grid, points))
        goal = torch.from_numpy(index.T).float().reshape(1, len(affine) - 1, -1, *[1] * (len(affine) - 2))
        found = invert_points(ddf, goal, goal + sample(inverse, goal, padding_mode="border"))
        shift = (found - goal).reshape(len(affine) - 1, -1).T.double().numpy()
        return np.asarray((index + shift) @ grid.matrix.T + grid.origin)

    @cached_property
    def folded(self) -> np.ndarray:
        """The points ``(N, E)``, LPS, mm, of the field's voxels in which it folds."""
        grid, ddf, _, _ = self._parts
        index = (jacobian_determinant(ddf)[0, 0] <= 0).nonzero().numpy()
        return np.asarray(index @ grid.matrix.T + grid.origin)

    @cached_property
    def _parts(self) -> tuple[Geometry, Tensor, Tensor, np.ndarray]:
        """A grid longer than one voxel, on it a displacement in voxels and its inverse, and the affine map of its index
        that is done after the displacement."""
        grid, vectors = self.grid.thickened(), self.vectors
        for axis in self.grid.flat_axes:
            vectors = np.repeat(vectors, 3, axis=axis + 1)
        index = identity_grid(grid.size, torch.float64)[None]
        there = index + map_points(_linear(np.linalg.inv(grid.matrix)), torch.from_numpy(vectors)[None])
        affine = _fitted(index.flatten(2)[0].numpy().T, there.flatten(2)[0].numpy().T)
        ddf = (map_points(np.linalg.inv(affine)[:-1], there) - index).float()
        return grid, ddf, invert_field(ddf), affine


@dataclass(frozen=True, eq=False)
class OtherStep:
    """Any other transform of ITK's, such as one of B-splines, which carries one point after the other."""

    transform: Any

    @property
    def dims(self) -> int:
        """E, of the space."""
        return int(self.transform.GetInputSpaceDimension())

    def carry(self, points: np.ndarray) -> np.ndarray:
        """Where points ``(N, E)``, LPS, mm, go."""
        return transform_points(self.transform, points)

    def outside(self, points: np.ndarray) -> np.ndarray:
        """Not known: none of the points ``(N, E)``."""
        return np.zeros(len(points), dtype=bool)


Step = LinearStep | FieldStep | OtherStep


def read_steps(path: str) -> list[Step]:
    """What the transform of a file does with a point, in the order in which it is done.

    Raises:
        InputError: as :func:`scripts.physical.itk_transforms.read_transform`.
    """
    return steps_of(read_transform(path))


def steps_of(transform: Any) -> list[Step]:
    """What an ITK transform does with a point, in the order in which it is done."""
    return [_step(part) for part in parts_of(transform)]


def _step(transform: Any) -> Step:
    if hasattr(transform, "GetDisplacementField"):
        field = transform.GetDisplacementField()
        return FieldStep(np.ascontiguousarray(vectors_of(field)), geometry_of(field))
    return LinearStep(matrix_of(transform)) if transform.IsLinear() else OtherStep(transform)


def carry(steps: Sequence[Step], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take points through all steps, as ITK's transforms of points do.

    Args:
        steps: in the order in which they are done.
        points: ``(N, E)``, LPS, mm.

    Returns:
        Where they arrive, ``(N, E)``, and which of them left a displacement field on the way, ``(N,)``.
    """
    outside = np.zeros(len(points), dtype=bool)
    for step in steps:
        outside |= step.outside(points)
        points = step.carry(points)
    return points, outside


def joined(steps: Sequence[Step]) -> np.ndarray | None:
    """The one matrix ``(E + 1, E + 1)`` of steps that are all affine maps; ``None`` of others."""
    matrices = [step.matrix for step in steps if isinstance(step, LinearStep)]
    if len(matrices) < len(steps):
        return None
    return np.asarray(reduce(np.matmul, reversed(matrices)))


def is_singular(matrix: np.ndarray) -> bool:
    """Whether a map ``(E + 1, E + 1)`` presses space flat."""
    linear = matrix[:-1, :-1]
    return bool(abs(np.linalg.det(linear / (np.abs(linear).max() or 1))) < SINGULAR)


def read_field(vectors: np.ndarray, geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """Vectors ``(N, E)`` at points ``(N, E)``, LPS, mm, of a field ``(E, *S)``, linearly; its edge goes on outside."""
    index = torch.from_numpy(index_of(geometry, points)).T.reshape(1, len(vectors), -1, *[1] * (len(vectors) - 1))
    read = sample(torch.from_numpy(vectors)[None], index, padding_mode="border")
    return np.asarray(read.reshape(len(vectors), -1).T.numpy())


def index_of(geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """Points ``(N, E)``, LPS, mm, in voxels of a grid."""
    return np.asarray((points - geometry.origin) @ np.linalg.inv(geometry.matrix).T)


def _linear(matrix: np.ndarray) -> np.ndarray:
    """``(E, E)`` as an affine map ``(E, E + 1)`` that moves nothing."""
    return np.column_stack([matrix, np.zeros(len(matrix))])


def _fitted(index: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The affine map, ``(E + 1, E + 1)``, that is nearest to one of points ``(N, E)``; none where it is singular."""
    some = slice(None, None, max(1, len(index) // FITTED))
    rows = np.column_stack([index[some], np.ones(len(index[some]))])
    affine = homogeneous(np.linalg.lstsq(rows, there[some], rcond=None)[0].T)
    return np.eye(len(affine)) if is_singular(affine) else affine
