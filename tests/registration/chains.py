"""Saved transforms whose effect on points is known, and what SimpleITK makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import itk
import numpy as np
import SimpleITK as sitk

from scripts.physical.geometry import Geometry
from scripts.physical.itk_transforms import affine_transform, field_transform, write_transform
from scripts.physical.writing import write_field, write_like

HALF = 30.0  # mm from the middle to the edge of the grids
LINEAR = np.array([[1.1, 0.2, 0.0], [-0.1, 0.9, 0.05], [0.0, 0.1, 1.2]])
OFFSET = np.array([3.0, -2.0, 1.0])


def grid_of(dims: int, voxels: int = 24, half: float = HALF) -> Geometry:
    """A turned grid around the origin."""
    turn = np.eye(dims)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    size = tuple(voxels + axis for axis in range(dims))
    spacing = 2 * half / (np.array(size) - 1)
    return Geometry(size, spacing, -(turn * spacing) @ ((np.array(size) - 1) / 2), turn)


def slice_of(voxels: int = 24) -> Geometry:
    """A slice stored one voxel thick, 4 mm, at z = 7 mm."""
    flat = grid_of(2, voxels).in_space(3)
    return Geometry(flat.size, np.append(flat.spacing[:2], 4.0), np.append(flat.origin[:2], 7.0), flat.direction)


def points_of(grid: Geometry) -> np.ndarray:
    """The voxels of a grid, ``(N, E)``, LPS, mm."""
    return np.asarray(np.indices(grid.size).reshape(len(grid.size), -1).T @ grid.matrix.T + grid.origin)


def wave(points: np.ndarray, height: float = 2.0) -> np.ndarray:
    """Smooth vectors ``(N, E)`` within the x-y plane."""
    vectors = np.zeros_like(points)
    vectors[:, 0], vectors[:, 1] = np.sin(points[:, 1] / 9 + 1), np.cos(points[:, 0] / 11)
    return height * vectors


def vectors_on(grid: Geometry, height: float = 2.0) -> np.ndarray:
    """:func:`wave` on a grid, ``(E, *size)``."""
    return wave(points_of(grid), height).T.reshape(-1, *grid.size)


def saved_field(path: Path, grid: Geometry, height: float = 2.0) -> str:
    """:func:`wave` on a grid, three voxels thick where this is a slice's."""
    thick = grid.thickened()
    write_field(path, vectors_on(thick, height), thick)
    return str(path)


def matrix_of(dims: int) -> np.ndarray:
    """A homogeneous matrix that does not commute with others."""
    matrix = np.eye(dims + 1)
    matrix[:-1, :-1], matrix[:-1, -1] = LINEAR[:dims, :dims], OFFSET[:dims]
    return matrix


def saved_affine(path: Path, dims: int) -> str:
    """:func:`matrix_of` about a centre that is not the origin."""
    transform, matrix, centre = sitk.AffineTransform(dims), matrix_of(dims), np.arange(5.0, 5.0 + dims)
    transform.SetMatrix(matrix[:-1, :-1].ravel().tolist())
    transform.SetCenter(centre.tolist())
    transform.SetTranslation((matrix[:-1, -1] + matrix[:-1, :-1] @ centre - centre).tolist())
    sitk.WriteTransform(transform, str(path))
    return str(path)


def saved_composite(path: Path, grid: Geometry, height: float = 1.5) -> str:
    """As a registration writes it: a field, then an affine map, in 32 bits."""
    thick = grid.thickened()
    composite = itk.CompositeTransform[itk.F, len(grid.size)].New()
    matrix = np.eye(len(grid.size) + 1)
    matrix[0, -1], matrix[0, 1] = 1.5, 0.1
    composite.AddTransform(affine_transform(matrix, itk.F))
    composite.AddTransform(field_transform(vectors_on(thick, height), thick, itk.F))
    write_transform(path, composite)
    return str(path)


def saved_image(path: Path, grid: Geometry) -> str:
    """Blobs on a grid."""
    points = points_of(grid)
    values = 100 * np.exp(-((np.linalg.norm(points, axis=1) / 18) ** 2)) * (1 + 0.3 * np.sin(points[:, 0] / 6))
    write_like(path, values.reshape(grid.size).astype(np.float32), grid, "")
    return str(path)


def read_by_sitk(path: str | Path) -> Any:
    """A transform, by other software."""
    if str(path).endswith(".nii.gz"):
        return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))
    return sitk.ReadTransform(str(path))


def one_after_the_other(paths: Sequence[str | Path], points: np.ndarray) -> np.ndarray:
    """Where the files' transforms take points ``(N, E)``, the first file's first."""
    for transform in map(read_by_sitk, paths):
        points = np.array([transform.TransformPoint(point) for point in points.tolist()])
    return points
