"""Where an image lies in physical space, and the plane or space in which a pair is registered.

Physical points are ITK's: left, posterior, superior, in millimetres. An image has E axes in its file and D of them
longer than one voxel: a slice stored as a volume one voxel thick is a 2-D image (D = 2) in space (E = 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from nibabel.orientations import io_orientation

# The axes in which the network sees an image, as far as possible: to the left, down, to the front.
CANONICAL = {2: np.array([[1.0, 0], [0, 1]]), 3: np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]])}
ORIENTATION = {3: "LIA"}  # these axes by letters: left, inferior, anterior; a picture's axes have no place in the body


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
    def plane(self) -> np.ndarray:
        """From index along the long axes to physical point, ``(E, D + 1)``."""
        return np.column_stack([self.matrix[:, self.axes], self.origin])

    @property
    def affine_ras(self) -> np.ndarray:
        """NIfTI's 4 x 4 affine, right-anterior-superior."""
        affine, dims = np.eye(4), len(self.size)
        affine[:dims, :dims], affine[:dims, 3] = self.matrix, self.origin
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine

    def same_as(self, other: Geometry, tolerance: float = 1e-3) -> bool:
        """Whether both put every corner of the grid in one place, within ``tolerance`` voxels."""
        if self.size != other.size:
            return False
        corners = np.indices((2,) * len(self.size)).reshape(len(self.size), -1) * (np.array(self.size) - 1)[:, None]
        apart = (self.matrix - other.matrix) @ corners + (self.origin - other.origin)[:, None]
        return bool(np.linalg.norm(apart, axis=0).max() <= tolerance * self.spacing.min())

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
            size[axis] = 3
            origin -= self.matrix[:, axis]
        return Geometry(tuple(size), self.spacing, origin, self.direction)


@dataclass(frozen=True)
class Frame:
    """Coordinates, in mm, along the fixed image's own axes: the D-dimensional space a pair is registered in.

    ``basis`` ``(E, D)`` and ``normal`` ``(E, E - D)`` are unit vectors, ``offset`` ``(E,)`` is the point of the fixed
    plane nearest to the physical origin: point = basis @ coordinates + offset.
    """

    basis: np.ndarray
    normal: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, fixed: Geometry) -> Frame:
        """The axes of ``fixed``, ordered and turned into the canonical ones that are nearest."""
        directions = fixed.direction[:, fixed.axes]
        order, signs = nearest_axes(CANONICAL[len(fixed.size)] @ directions)
        normal = fixed.direction[:, fixed.flat_axes]
        return cls(directions[:, order] * signs, normal, normal @ (normal.T @ fixed.origin))

    def coordinates(self, image: Geometry) -> np.ndarray:
        """From index along the long axes of ``image`` to coordinates, ``(D + 1, D + 1)``; a slice is projected."""
        plane = image.plane.copy()
        plane[:, -1] -= self.offset
        return homogeneous(self.basis.T @ plane)

    def cosine(self, image: Geometry) -> float:
        """Cosine of the angle between the planes of the frame and of ``image``; 1 in full space."""
        return float(abs(np.linalg.det(self.basis.T @ image.direction[:, image.axes])))

    def lift(self, image: Geometry) -> np.ndarray:
        """From coordinates to the physical point on the plane of ``image``, ``(E, D + 1)``."""
        return image.plane @ np.linalg.inv(self.coordinates(image))

    def normal_of(self, image: Geometry) -> np.ndarray:
        """Unit vectors across ``image``, ``(E, E - D)``, to the same side as the frame's own."""
        normal = image.direction[:, image.flat_axes]
        return normal * np.copysign(1, np.diag(self.normal.T @ normal))

    def in_space(self, affine: np.ndarray, image: Geometry) -> np.ndarray:
        """An affine map of coordinates, ``(D + 1, D + 1)``, as one of physical points, ``(E + 1, E + 1)``.

        Points on the fixed plane end on the plane of ``image``; points beside it keep their distance.
        """
        planar = self.lift(image) @ affine
        matrix = planar[:, :-1] @ self.basis.T + self.normal_of(image) @ self.normal.T
        return homogeneous(np.column_stack([matrix, planar[:, -1] - matrix @ self.offset]))


@dataclass(frozen=True)
class Grid:
    """A grid in a frame: ``size`` ``(D,)`` and ``affine`` ``(D + 1, D + 1)`` from index to coordinates, mm."""

    size: tuple[int, ...]
    affine: np.ndarray

    @property
    def spacing(self) -> np.ndarray:
        """Distance of neighbouring voxels along every axis, mm."""
        return np.linalg.norm(self.affine[:-1, :-1], axis=0)


def homogeneous(rows: np.ndarray) -> np.ndarray:
    """An affine map ``(D, D + 1)`` with the row that makes it square."""
    return np.vstack([rows, np.eye(rows.shape[1])[-1]])


def nearest_axes(matrix: np.ndarray) -> tuple[list[int], np.ndarray]:
    """How to reorder and turn the columns of ``matrix`` ``(E, D)`` so that it comes nearest to the identity.

    Returns:
        The order of the columns, and the sign of each after ordering.
    """
    rows, columns = matrix.shape
    padded = np.eye(rows + 1, columns + 1)
    padded[:rows, :columns], padded[-1, -1] = matrix, 1
    found = io_orientation(padded)
    order = [int(each) for each in np.argsort(found[:, 0])]
    return order, found[order, 1]
