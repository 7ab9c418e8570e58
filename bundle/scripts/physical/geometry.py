"""Where an image lies in physical space.

Physical points are ITK's: left, posterior, superior, in millimetres. An image has E axes in its file and D of them
longer than one voxel: a slice stored as a volume one voxel thick is a 2-D image (D = 2) in space (E = 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .orientation import RAS_LPS, Turn

SAME = 1e-3  # voxels between two places that count as one
THICK = 3  # voxels of a slice with its two neighbours


@dataclass(frozen=True, eq=False)
class Geometry:
    """A file's grid: ``size`` ``(E,)`` voxels, ``spacing`` and ``origin`` ``(E,)`` mm, ``direction`` ``(E, E)``."""

    size: tuple[int, ...]
    spacing: np.ndarray
    origin: np.ndarray
    direction: np.ndarray

    @property
    def axes(self) -> list[int]:
        """The axes that are longer than one voxel."""
        return [axis for axis, size in enumerate(self.size) if size > 1]

    @property
    def flat_axes(self) -> list[int]:
        """The axes of one voxel: none, or the one across a slice."""
        return [axis for axis, size in enumerate(self.size) if size == 1]

    @cached_property
    def matrix(self) -> np.ndarray:
        """From index to physical vector, ``(E, E)``."""
        return self.direction * self.spacing

    @property
    def middle(self) -> tuple[slice, ...]:
        """The part of the thickened grid that is this one."""
        return tuple(slice(1, 2) if size == 1 else slice(None) for size in self.size)

    @property
    def plane(self) -> np.ndarray:
        """From index along the long axes to physical point, ``(E, D + 1)``."""
        return np.column_stack([self.matrix[:, self.axes], self.origin])

    @property
    def affine_ras(self) -> np.ndarray:
        """NIfTI's 4 x 4 affine, right-anterior-superior."""
        affine, dims = np.eye(4), len(self.size)
        affine[:dims, :dims], affine[:dims, 3] = self.matrix, self.origin
        return np.diag([*RAS_LPS, 1.0]) @ affine

    @property
    def canonical(self) -> Turn:
        """What turns the long axes, as stored, into the canonical ones."""
        return Turn.to_canonical(self.direction[:, self.axes])

    def turned(self, affine: np.ndarray) -> np.ndarray:
        """The affine ``(4, 4)`` of the file's array once its long axes are canonical; what is across comes last."""
        turn, dims = self.canonical, len(self.axes)
        across = [axis for axis in range(3) if axis not in self.axes]
        inner = turn.matrix(tuple(self.size[axis] for axis in self.axes))
        matrix = np.zeros((4, 4))
        matrix[np.ix_(self.axes, range(dims))] = inner[:dims, :dims]
        matrix[self.axes, 3] = inner[:dims, dims]
        matrix[across, range(dims, 3)] = matrix[3, 3] = 1
        return affine @ matrix

    def same_as(self, other: Geometry, tolerance: float = SAME) -> bool:
        """Whether both put every corner of the grid in one place, within ``tolerance`` voxels."""
        if self.size != other.size:
            return False
        corners = np.indices((2,) * len(self.size)).reshape(len(self.size), -1) * (np.array(self.size) - 1)[:, None]
        apart = (self.matrix - other.matrix) @ corners + (self.origin - other.origin)[:, None]
        return bool(np.linalg.norm(apart, axis=0).max() <= tolerance * self.spacing.min())

    def same_but_for_order(self, other: Geometry) -> bool:
        """Whether both are one grid once their axes are canonical."""
        first, second = ([each.size[axis] for axis in each.axes] for each in (self, other))
        if len(self.size) != len(other.size) or len(first) != len(second):
            return False
        if [first[k] for k in self.canonical.order] != [second[k] for k in other.canonical.order]:
            return False
        apart = np.abs(self.turned(self.affine_ras) - other.turned(other.affine_ras))[:, [*range(len(first)), 3]]
        return bool(apart.max() <= SAME * self.spacing.min() / max(first))

    def in_space(self, dims: int) -> Geometry:
        """The grid as one of ``dims`` axes, one voxel long along the new ones."""
        extra = dims - len(self.size)
        spacing, origin = np.append(self.spacing, np.ones(extra)), np.append(self.origin, np.zeros(extra))
        direction = np.eye(dims)
        direction[: len(self.size), : len(self.size)] = self.direction
        return Geometry((*self.size, *[1] * extra), spacing, origin, direction)

    def thickened(self) -> Geometry:
        """The grid with a voxel more on either side of a one-voxel axis: ITK takes a field one voxel thick for 2-D."""
        size, origin = list(self.size), self.origin.copy()
        for axis in self.flat_axes:
            size[axis] = THICK
            origin -= self.matrix[:, axis]
        return Geometry(tuple(size), self.spacing, origin, self.direction)

    def halved(self, axes: Sequence[int]) -> Geometry:
        """The grid with a voxel more between every two along ``axes``, which are longer than one voxel."""
        size, spacing = list(self.size), self.spacing.copy()
        for axis in axes:
            size[axis] = 2 * size[axis] - 1
            spacing[axis] /= 2
        return Geometry(tuple(size), spacing, self.origin, self.direction)

    def thinned(self, axis: int) -> Geometry:
        """The slice in the middle of what was :meth:`thickened` along ``axis``."""
        size = [1 if each == axis else n for each, n in enumerate(self.size)]
        return Geometry(tuple(size), self.spacing, self.origin + self.matrix[:, axis], self.direction)
