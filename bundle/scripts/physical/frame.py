"""The plane or space in which a pair is registered, and grids in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import Geometry


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
        turn = fixed.canonical
        basis = fixed.direction[:, fixed.axes][:, turn.order] * turn.signs
        normal = fixed.direction[:, fixed.flat_axes]
        return cls(basis, normal, normal @ (normal.T @ fixed.origin))

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

    def of_space(self, matrix: np.ndarray) -> np.ndarray:
        """An affine map of physical points, ``(E + 1, E + 1)``, as one of coordinates, ``(D + 1, D + 1)``.

        A slice's points are taken back to the plane of the frame, straight across it.
        """
        linear = self.basis.T @ matrix[:-1, :-1]
        rest = linear @ self.offset + self.basis.T @ (matrix[:-1, -1] - self.offset)
        return homogeneous(np.column_stack([linear @ self.basis, rest]))


@dataclass(frozen=True)
class Grid:
    """A grid in a frame: ``size`` ``(D,)`` and ``affine`` ``(D + 1, D + 1)`` from index to coordinates, mm."""

    size: tuple[int, ...]
    affine: np.ndarray

    @property
    def spacing(self) -> np.ndarray:
        """Distance of neighbouring voxels along every axis, mm."""
        return np.linalg.norm(self.affine[:-1, :-1], axis=0)

    def finer(self) -> Grid:
        """The grid of half the spacing whose voxels are these cut in two along every axis."""
        cut = np.diag([0.5] * len(self.size) + [1.0])
        cut[:-1, -1] = -0.25
        return Grid(tuple(2 * n for n in self.size), self.affine @ cut)

    @property
    def geometry(self) -> Geometry:
        """The same grid, the frame's coordinates taken for physical space."""
        return Geometry(self.size, self.spacing, self.affine[:-1, -1], self.affine[:-1, :-1] / self.spacing)


def homogeneous(rows: np.ndarray) -> np.ndarray:
    """An affine map ``(D, D + 1)`` with the row that makes it square."""
    return np.vstack([rows, np.eye(rows.shape[1])[-1]])
