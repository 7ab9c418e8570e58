"""From an image as stored to what registration compares: turned, scaled, cropped, on one grid.

Nothing here depends on how an image is stored: its axes are put in the frame's order, and everything that is measured
(intensities, sizes, centres) is measured on what is not background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ..errors import InputError
from ..spatial import grid_points, map_points, sample
from .geometry import Grid, nearest_axes

BACKGROUND = 0.05  # of the scaled intensity: what is darker is not looked at
MARGIN = 4  # voxels around the object on the working grid
LONGEST = (128, 320)  # voxels that the object's longest side should measure on it
MOST_VOXELS = 2**26
MULTIPLE = 16  # what the network's four poolings divide


@dataclass(frozen=True)
class Prepared:
    """Intensities from 0 to 1, ``(1, 1, *S)``, cropped to the object, and where they lie in the frame."""

    values: Tensor
    grid: Grid


def prepare(array: np.ndarray, affine: np.ndarray) -> Prepared:
    """Turn, scale and crop an image.

    Args:
        array: ``(*S)`` as stored.
        affine: ``(D + 1, D + 1)``, from index to coordinates in the frame.
    """
    order, signs = nearest_axes(affine[:-1, :-1] / np.linalg.norm(affine[:-1, :-1], axis=0))
    turn = np.eye(len(affine))
    turn[:-1, :-1] = np.eye(len(order))[:, order] * signs
    for axis, sign in zip(order, signs, strict=True):
        turn[axis, -1] = array.shape[axis] - 1 if sign < 0 else 0
    turned = np.flip(array.transpose(order), tuple(axis for axis, sign in enumerate(signs) if sign < 0))
    scaled = scale(turned)
    first, size = _object(scaled)
    shift = np.eye(len(affine))
    shift[:-1, -1] = first
    cropped = np.zeros(size, dtype=np.float32)
    inside = [slice(max(a, 0), min(a + n, m)) for a, n, m in zip(first, size, scaled.shape, strict=True)]
    cropped[tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first, strict=True))] = scaled[tuple(inside)]
    return Prepared(torch.from_numpy(cropped)[None, None], Grid(tuple(size), affine @ turn @ shift))


def scale(array: np.ndarray) -> np.ndarray:
    """Intensities from 0, the background, to 1, the 99th percentile of what is above it; float32, clipped.

    The upper end is that of the training (99.5 % of a slice that is half background) but does not depend on how much
    background there is.
    """
    low = float(np.percentile(array, 0.5))
    above = array[array > low]
    if above.size == 0:
        low, above = float(array.min()), array[array > array.min()]
    high = max(float(np.percentile(above, 99)), np.nextafter(np.float32(low), np.float32(np.inf)))
    return np.clip((array.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)


def _object(scaled: np.ndarray) -> tuple[list[int], list[int]]:
    """First voxel and size of the box around what is no background, with a tenth more on every side."""
    bright = np.argwhere(scaled > BACKGROUND)
    first, last = bright.min(axis=0), bright.max(axis=0)
    margin = np.ceil((last - first + 1) * 0.1).astype(int) + 1
    return [int(each) for each in first - margin], [int(each) for each in last - first + 1 + 2 * margin]


def working_grid(fixed: Prepared, spacing: float | None, spatial_size: Sequence[int]) -> Grid:
    """The grid the network works on: cubic voxels around the fixed object, none of which is cut off.

    Args:
        fixed: the prepared fixed image.
        spacing: of the grid, mm; ``None``: 1, or what brings the object's longest side into :data:`LONGEST`.
        spatial_size: the size the network was trained on; an axis the object does not fit into is made longer. Of
            another number of axes than the image it says nothing.

    Raises:
        InputError: if the spacing is not positive, or so fine that the grid does not fit into memory.

    Returns:
        The grid, whose voxels lie on those of the fixed image where both have one spacing.
    """
    if spacing is not None and not spacing > 0:
        raise InputError(f"the working grid cannot have a spacing of {spacing} mm; give a --spacing above 0.")
    affine, dims = fixed.grid.affine, len(fixed.grid.size)
    low, high = _corners(fixed)
    width = float((high - low).max())
    finest = float(fixed.grid.spacing.min())  # no use in cutting the image's own voxels up for a small object
    limits = width / LONGEST[1], max(width / LONGEST[0], finest)
    step = float(np.clip(1.0, *limits)) if spacing is None else float(spacing)
    needed = np.ceil((high - low) / step).astype(int) + 2 * MARGIN
    wanted = np.array(spatial_size) if len(spatial_size) == dims else np.zeros(dims, dtype=int)
    size = np.where(needed <= wanted, wanted, -(-needed // MULTIPLE) * MULTIPLE)
    if np.prod(size, dtype=float) > MOST_VOXELS:
        raise InputError(
            f"a grid of {step:g} mm would have {' x '.join(map(str, size))} voxels; give a larger --spacing."
        )
    origin = (low + high) / 2 - (size - 1) / 2 * step
    to_index = np.linalg.inv(affine)
    origin = (affine @ np.append(np.round((to_index @ np.append(origin, 1))[:-1]), 1))[:-1]
    grid = np.diag([step] * dims + [1.0])
    grid[:-1, -1] = origin
    return Grid(tuple(int(each) for each in size), grid)


def _corners(image: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest coordinates of what is no background, ``(D,)`` each."""
    bright = np.argwhere(image.values[0, 0].numpy() > BACKGROUND)
    ends = np.stack([bright.min(axis=0) - 0.5, bright.max(axis=0) + 0.5])
    # The corners of the box: an image may be tilted in the frame.
    corners = np.stack(np.meshgrid(*ends.T, indexing="ij"), axis=-1).reshape(-1, ends.shape[1])
    placed = corners @ image.grid.affine[:-1, :-1].T + image.grid.affine[:-1, -1]
    return placed.min(axis=0), placed.max(axis=0)


def resample(image: Prepared, grid: Grid, affine: np.ndarray) -> Tensor:
    """``image`` on ``grid``, smoothed before where the grid is coarser; outside is background.

    Args:
        image: prepared image.
        grid: where to.
        affine: ``(D + 1, D + 1)``, from coordinates on ``grid`` to coordinates in ``image``.

    Returns:
        ``(1, 1, *S)``, float32.
    """
    ratio = grid.spacing.min() / image.grid.spacing
    sigma = 0.5 * np.sqrt(np.maximum(ratio**2 - 1, 0))  # half a coarse voxel, as far as the image has not got it yet
    values = image.values
    if sigma.max() > 0.1:
        smooth = gaussian_filter(values[0, 0].numpy(), sigma, mode="nearest", truncate=3)
        values = torch.from_numpy(smooth)[None, None]
    to_index = np.linalg.inv(image.grid.affine) @ affine @ grid.affine
    return sample(values, grid_points(grid.size, to_index[:-1])).float()


def overlap(fixed_size: Sequence[int], moving_size: Sequence[int], to_moving: np.ndarray) -> bool:
    """Whether any of 33 points an axis of the fixed grid lies on the moving one.

    Args:
        fixed_size, moving_size: sizes of the two grids.
        to_moving: ``(D + 1, D + 1)``, from fixed index to moving index.
    """
    axes = [torch.linspace(0, size - 1, min(size, 33), dtype=torch.float64) for size in fixed_size]
    points = map_points(to_moving[:-1], torch.stack(torch.meshgrid(*axes, indexing="ij"))[None])[0].flatten(1)
    end = torch.tensor(moving_size, dtype=torch.float64)[:, None] - 0.5
    return bool(((points >= -0.5) & (points <= end)).all(dim=0).any())
