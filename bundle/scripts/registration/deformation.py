"""What a registration finds: a displacement on the working grid, then an affine map, as one map of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..physical import Frame, Geometry, Grid
from ..physical.geometry import SAME
from ..physical.itk_transforms import affine_transform, field_transform
from ..physical.steps import index_of, read_field
from ..spatial import (
    grid_points,
    halve_field,
    identity_grid,
    invert_field,
    invert_points,
    jacobian_determinant,
    map_points,
    sample,
)

CHUNK = 2**22  # voxels at a time: points take 8 bytes a coordinate
MOST_FINE_VOXELS = 2**21  # of an inverse field that is finer than its image: 24 MB in 3-D


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

    @classmethod
    def none(cls, grid: Grid) -> Deformation:
        """Nothing moved: the images as their headers place them."""
        dims = len(grid.size)
        return cls(grid, torch.zeros(1, dims, *grid.size), np.eye(dims + 1))

    def on(self, grid: Grid) -> Deformation:
        """The same, seen on another grid along the same axes."""
        if grid.size == self.grid.size and np.array_equal(grid.affine, self.grid.affine):
            return self
        index = grid_points(grid.size, (np.linalg.inv(self.grid.affine) @ grid.affine)[:-1], torch.float32)
        ratio = float(self.grid.spacing[0] / grid.spacing[0])
        return Deformation(grid, self.shift(index) * ratio, self.affine)

    @cached_property
    def rough_inverse(self) -> Tensor:
        """About what undoes ``ddf``: a field on a grid of half the resolution, in its voxels."""
        return invert_field(halve_field(self.ddf))

    def shift(self, index: Tensor) -> Tensor:
        """``u`` at points ``(1, D, *T)`` of the working grid; both in its voxels."""
        return sample(self.ddf, index, padding_mode="border")

    def inverse_shift(self, index: Tensor) -> Tensor:
        """What undoes ``u``: a point plus this is the point that ``u`` takes to it."""
        guess = index + 2 * sample(self.rough_inverse, (index - 0.5) / 2, padding_mode="border")
        return invert_points(self.ddf, index, guess) - index

    def forward(self, points: Tensor) -> Tensor:
        """Where points ``(1, D, *T)`` of the fixed image lie in the moving image."""
        index = map_points(np.linalg.inv(self.grid.affine)[:-1], points)
        return map_points((self.affine @ self.grid.affine)[:-1], index + self.shift(index))

    def in_voxels(self) -> Tensor:
        """The whole map as a displacement on the working grid, ``(1, D, *S)``, in its voxels."""
        points = grid_points(self.grid.size, self.grid.affine[:-1])
        there = map_points(np.linalg.inv(self.grid.affine)[:-1], self.forward(points))
        return (there - identity_grid(self.grid.size, dtype=torch.float64)).float()


@dataclass(frozen=True)
class Fields:
    """A deformation on the two files' own grids, as vectors of physical space (LPS, mm), float32.

    Attributes:
        whole: ``(E, *S)`` on the fixed grid: a point plus its vector is the point of the moving image.
        elastic: ``(E, *S)`` on the fixed grid, without the affine part; ``affine`` after it gives the whole.
        inverse: ``(E, *S')`` on the ``back`` grid: a point plus its vector is the point of the fixed image.
        affine: ``(E + 1, E + 1)``.
        fixed: the fixed grid; ``back``: the moving one, or finer, see :func:`fields_of`; both three voxels thick where
            the file is one voxel thick.
    """

    whole: np.ndarray
    elastic: np.ndarray
    inverse: np.ndarray
    affine: np.ndarray
    fixed: Geometry
    back: Geometry


def fields_of(deformation: Deformation, frame: Frame, fixed: Geometry, moving: Geometry) -> Fields:
    """Evaluate a deformation on the fixed file's grid, and its inverse on the moving file's, or a finer one if small.

    The inverse of a field that is linear between voxels is not: read linearly on the moving grid it is twice as wrong
    as on one of half the spacing.
    """
    grid, affine = deformation.grid.affine, deformation.affine
    whole, elastic = forward_fields(deformation, frame, fixed, moving)
    back = _fine_enough(moving, float(deformation.grid.spacing.min()) / 2)
    on_back = np.linalg.inv(affine @ grid) @ frame.coordinates(back)
    (inverse,) = _vectors(back, on_back, deformation.inverse_shift, [frame.lift(fixed) @ grid])
    return Fields(
        whole=whole,
        elastic=elastic,
        inverse=_thickened(inverse, back, fixed),
        affine=frame.in_space(affine, moving),
        fixed=fixed.thickened(),
        back=back.thickened(),
    )


def _fine_enough(geometry: Geometry, spacing: float) -> Geometry:
    """A grid whose voxels are at most ``spacing`` mm wide, or as near to it as :data:`MOST_FINE_VOXELS` allow."""
    coarse = [axis for axis in geometry.axes if geometry.spacing[axis] > spacing * (1 + SAME)]
    finer = geometry.halved(coarse)
    if not coarse or np.prod(finer.size, dtype=float) > MOST_FINE_VOXELS:
        return geometry
    return _fine_enough(finer, spacing)


def forward_fields(
    deformation: Deformation, frame: Frame, fixed: Geometry, moving: Geometry
) -> tuple[np.ndarray, np.ndarray]:
    """``whole`` and ``elastic`` of :class:`Fields`."""
    grid, affine = deformation.grid.affine, deformation.affine
    on_fixed = np.linalg.inv(grid) @ frame.coordinates(fixed)
    targets = [frame.lift(moving) @ affine @ grid, frame.lift(fixed) @ grid]
    whole, elastic = _vectors(fixed, on_fixed, deformation.shift, targets)
    return _thickened(whole, fixed, moving), _thickened(elastic, fixed, fixed)


def composite_transform(fields: Fields) -> Any:
    """The elastic field, then the affine map (ITK applies what was added last first), in 32 bits: half the file."""
    import itk  # takes seconds

    composite = itk.CompositeTransform[itk.F, len(fields.whole)].New()
    composite.AddTransform(affine_transform(fields.affine, itk.F))
    composite.AddTransform(field_transform(fields.elastic, fields.fixed, itk.F))
    return composite


def inverse_error(fields: Fields, points: np.ndarray) -> dict[str, float]:
    """How far from their start points end that go to the moving image and back by the fields, mm.

    The fields are read between their voxels as other software reads them, linearly: this is the error of what is
    written, not of what it was computed from. Points that leave the moving image are not counted.

    Args:
        points: ``(N, E)``, LPS, mm, in the fixed image.

    Returns:
        ``mean``, ``p99`` and ``max``; empty where no point stays inside.
    """
    there = points + read_field(fields.whole, fields.fixed, points)
    return error_back(points, there, fields.inverse, fields.back)


def error_back(points: np.ndarray, there: np.ndarray, inverse: np.ndarray, moving: Geometry) -> dict[str, float]:
    """As :func:`inverse_error`, of points that are ``there``, ``(N, E)``, and an ``inverse`` field, ``(E, *S)``."""
    index = index_of(moving, there)
    inside = ((index >= 0) & (index <= np.array(moving.size) - 1)).all(axis=1)
    if not inside.any():
        return {}
    back = there[inside] + read_field(inverse, moving, there[inside])
    error = np.sqrt(((back - points[inside]) ** 2).sum(axis=1))
    return {"mean": float(error.mean()), "p99": float(np.percentile(error, 99)), "max": float(error.max())}


def _vectors(
    geometry: Geometry, to_grid: np.ndarray, shift: Callable[[Tensor], Tensor], targets: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """For every target, the vectors from the voxels of a file to where they are taken, ``(E, *S)``, float32.

    A vector is the target's linear part of the shift, plus what is affine in the voxel's index: so no two large
    coordinates are subtracted in 32 bits. Some slabs at a time, for memory.

    Args:
        geometry: the file's grid.
        to_grid: ``(D + 1, D + 1)``, from the file's index to that of the working grid.
        shift: displacement at points of the working grid, in its voxels.
        targets: ``(E, D + 1)`` each, from index on the working grid to physical point.
    """
    size = [geometry.size[axis] for axis in geometry.axes]
    vectors = [np.empty((len(geometry.size), *size), dtype=np.float32) for _ in targets]
    step = max(1, CHUNK // int(np.prod(size[1:])))
    for first in range(0, size[0], step):
        slab, start = (min(step, size[0] - first), *size[1:]), np.eye(len(size) + 1)
        start[0, -1] = first
        shifts = shift(grid_points(slab, (to_grid @ start)[:-1], torch.float32))
        for target, result in zip(targets, vectors, strict=True):
            linear = np.column_stack([target[:, :-1], np.zeros(len(target))])
            rest = ((target @ to_grid - geometry.plane) @ start).round(12)
            moved = map_points(linear, shifts) + grid_points(slab, rest, torch.float32)
            result[:, first : first + step] = moved[0].numpy()
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

    Some slabs at a time, for memory: all nine derivatives of a scan of 512 x 512 x 300 are 6 GB.

    Args:
        vectors: ``(E, *S)``, LPS, mm, every axis longer than one voxel.
        geometry: the grid they lie on.

    Returns:
        ``(*S)``, float32.
    """
    to_voxels = np.column_stack([np.linalg.inv(geometry.matrix), np.zeros(len(vectors))])
    size = vectors.shape[1:]
    result = np.empty(size, dtype=np.float32)
    step = max(1, CHUNK // int(np.prod(size[1:])))
    for first in range(0, size[0], step):
        before, after = max(first - 1, 0), min(first + step + 1, size[0])  # what its differences reach to
        slab = torch.from_numpy(np.ascontiguousarray(vectors[:, before:after]))[None].double()
        found = jacobian_determinant(map_points(to_voxels, slab))[0, 0].numpy()
        end = min(first + step, size[0])
        result[first:end] = found[first - before : end - before]
    return result
