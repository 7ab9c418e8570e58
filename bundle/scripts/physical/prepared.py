"""From an image as stored to what is compared: turned, scaled, cropped.

Nothing here depends on how an image is stored: its axes are put in the frame's order, and everything that is measured
(intensities, sizes, centres) is measured on what is not background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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
    scaled = intensity(turn.apply(image.array))
    first, size = _object(scaled)
    shift = np.eye(len(affine))
    shift[:-1, -1] = first
    cropped = np.zeros(size, dtype=np.float32)
    inside = [slice(max(a, 0), min(a + n, m)) for a, n, m in zip(first, size, scaled.shape, strict=True)]
    cropped[tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first, strict=True))] = scaled[tuple(inside)]
    grid = Grid(tuple(int(n) for n in size), affine @ turn.matrix(image.array.shape) @ shift)
    return Prepared(torch.from_numpy(cropped)[None, None], grid)


def _object(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size of the bright box with a margin; it may reach beyond the array."""
    first, size = bright_box(scaled)
    margin = np.ceil(size * CROP_MARGIN).astype(int) + 1
    return first - margin, size + 2 * margin
