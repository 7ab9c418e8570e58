"""From an image as stored to what is compared: turned, scaled, cropped; and from there to any grid.

Nothing here depends on how an image is stored: its axes are put in the frame's order, and everything that is measured
(intensities, sizes, centres) is measured on what is not background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ..spatial import grid_points, sample
from .frame import Frame, Grid
from .images import Image
from .intensity import Intensity, bright_box
from .orientation import Turn

CROP_MARGIN = 0.1  # of the object's size, on every side


@dataclass(frozen=True)
class Prepared:
    """Intensities from 0 to 1, ``(1, 1, *S)``, and where they lie in the frame."""

    values: Tensor
    grid: Grid


def prepare(image: Image, frame: Frame, intensity: Intensity) -> Prepared:
    """Turn an image into the frame's axes, scale it and crop it to its object."""
    affine = frame.coordinates(image.geometry)
    turn = Turn.nearest(affine[:-1, :-1] / np.linalg.norm(affine[:-1, :-1], axis=0))
    return crop(intensity(turn.apply(image.array)), affine @ turn.matrix(image.array.shape))


def crop(scaled: np.ndarray, affine: np.ndarray) -> Prepared:
    """The part of a scaled image that holds its object.

    Args:
        scaled: ``(*S)`` in [0, 1].
        affine: ``(D + 1, D + 1)``, from its index to coordinates, mm.
    """
    first, size = _object(scaled)
    shift = np.eye(len(affine))
    shift[:-1, -1] = first
    cropped = np.zeros(size, dtype=np.float32)
    inside = [slice(max(a, 0), min(a + n, m)) for a, n, m in zip(first, size, scaled.shape, strict=True)]
    cropped[tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first, strict=True))] = scaled[tuple(inside)]
    return Prepared(torch.from_numpy(cropped)[None, None], Grid(tuple(int(n) for n in size), affine @ shift))


def _object(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size of the bright box with a margin; it may reach beyond the array."""
    first, size = bright_box(scaled)
    margin = np.ceil(size * CROP_MARGIN).astype(int) + 1
    return first - margin, size + 2 * margin


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
