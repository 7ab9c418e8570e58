"""The grid of a cohort of hearts: a stack of short-axis slices, or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import map_coordinates

from ..noise import smooth_noise

FIELD_OF_VIEW = (144.0, 144.0, 120.0)  # mm: in the plane, and of a volume along the axis
ABOVE_BASE = 24.0  # mm of a volume's field that lie above the base's plane
NUM_SLICES, SLICE_SPACING = 3, 10.0  # of a stack; mm
MIDDLE_SLICE = 38.0  # mm from the base's plane towards the apex
SAMPLES = 1.5  # of a texture to its smoothness: enough for linear interpolation to keep its strength


@dataclass(frozen=True)
class Grid:
    """Voxels in the heart's millimetres.

    Attributes:
        spatial_size: X, Y and Z.
        spacing: mm along each axis.
        first: the first voxel's centre, mm: in the plane from the middle of the field of view, then from the base's
            plane towards the apex.
    """

    spatial_size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    first: tuple[float, float, float]

    @cached_property
    def points(self) -> np.ndarray:
        """Voxel centres, ``(3, X, Y, Z)`` mm."""
        return np.indices(self.spatial_size) * _column(self.spacing) + _column(self.first)


def make_grid(spatial_size: Sequence[int]) -> Grid:
    """The grid of slices of a size, of which there are three, or of a volume; any size covers the field of view."""
    stack = len(spatial_size) == 2
    width, height, depth = (*spatial_size, NUM_SLICES) if stack else spatial_size
    x, y, z = (extent / size for extent, size in zip(FIELD_OF_VIEW, (width, height, depth), strict=True))
    third = z / 2 - ABOVE_BASE
    if stack:
        z, third = SLICE_SPACING, MIDDLE_SLICE - SLICE_SPACING * (NUM_SLICES - 1) / 2
    return Grid((width, height, depth), (x, y, z), ((x - FIELD_OF_VIEW[0]) / 2, (y - FIELD_OF_VIEW[1]) / 2, third))


class Texture:
    """Smooth noise that sticks to the tissue: looked up where a point was at phase 0."""

    def __init__(self, rng: np.random.Generator, grid: Grid, smoothness: float) -> None:
        """``smoothness`` is the Gaussian's standard deviation, mm; the noise is drawn finer than that."""
        self.first, self.step = grid.first, smoothness / SAMPLES
        extent = [(count - 1) * step for count, step in zip(grid.spatial_size, grid.spacing, strict=True)]
        self.noise = smooth_noise(rng, [int(np.ceil(length / self.step)) + 1 for length in extent], [SAMPLES] * 3)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """At points ``(3, ...)`` mm, interpolated linearly; the noise is mirrored at the field's edges."""
        index = (points - _column(self.first, points.ndim)) / self.step
        values: np.ndarray = map_coordinates(self.noise, index.astype(np.float32), order=1, mode="mirror")
        return values


def _column(values: Sequence[float], ndim: int = 4) -> np.ndarray:
    """One value an axis, shaped to meet ``(3, ...)``."""
    return np.array(values).reshape(3, *[1] * (ndim - 1))
