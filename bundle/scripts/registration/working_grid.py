"""The grid that the network works on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..physical import Grid, Prepared, bright_box

MARGIN = 4  # voxels around the object on the working grid
LONGEST = (128, 320)  # voxels that the object's longest side should measure on it
THINNEST = 8  # voxels that its thinnest side should at least
MOST_VOXELS = 2**26
MULTIPLE = 16  # what the network's four poolings divide


def working_grid(fixed: Prepared, spacing: float | None, spatial_size: Sequence[int]) -> Grid:
    """The grid the network works on: cubic voxels around the fixed object, none of which is cut off.

    Args:
        fixed: the prepared fixed image.
        spacing: of the grid, mm; ``None``: 1, or what brings the object's longest side into :data:`LONGEST` and does
            not lose its thinnest one.
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
    step = _spacing(high - low, float(fixed.grid.spacing.min())) if spacing is None else float(spacing)
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


def close_grid(fixed: Prepared, grid: Grid) -> Grid:
    """The voxels of ``grid`` within :data:`MARGIN` of the fixed object, all of one box."""
    corners = np.stack(_corners(fixed), axis=1)
    index = (np.linalg.inv(grid.affine) @ np.vstack([corners, np.ones(2)]))[:-1]
    first = np.maximum(np.floor(index[:, 0] + 0.5).astype(int) - MARGIN, 0)
    end = np.minimum(np.ceil(index[:, 1] + 0.5).astype(int) + MARGIN, grid.size)
    shift = np.eye(len(grid.affine))
    shift[:-1, -1] = first
    return Grid(tuple(int(n) for n in end - first), grid.affine @ shift)


def _spacing(sides: np.ndarray, finest: float) -> float:
    """1 mm, or what suits an object of such ``sides``; its voxels are not cut up, which are ``finest`` mm wide."""
    width, across = float(sides.max()), float(sides.min())
    step = float(np.clip(1.0, width / LONGEST[1], max(width / LONGEST[0], finest)))
    return min(step, max(across / THINNEST, finest))


def _corners(image: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest coordinates of what is no background, ``(D,)`` each."""
    first, size = bright_box(image.values[0, 0].numpy())
    ends = np.stack([first - 0.5, first + size - 0.5])
    # The corners of the box: an image may be tilted in the frame.
    corners = np.stack(np.meshgrid(*ends.T, indexing="ij"), axis=-1).reshape(-1, ends.shape[1])
    placed = corners @ image.grid.affine[:-1, :-1].T + image.grid.affine[:-1, -1]
    return placed.min(axis=0), placed.max(axis=0)
