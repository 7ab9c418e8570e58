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
from .intensity import Intensity, bright_box, is_cut_out
from .orientation import Turn

CROP_MARGIN = 0.1  # of the object's size, on every side


@dataclass(frozen=True)
class Prepared:
    """Intensities from 0 to 1, ``(1, 1, *S)``, and where they lie in the frame.

    Attributes:
        values: the intensities.
        grid: of their voxels.
        is_cut_out: whether what is seen goes on outside, as around an organ cut out of a scan; else background does.
    """

    values: Tensor
    grid: Grid
    is_cut_out: bool = False

    def coarser(self, spacing: float) -> Prepared:
        """The image on a grid along its own axes, of voxels as near to ``spacing``, mm, as whole ones of its own come.

        Nothing is added around it, unlike on a grid of the frame.
        """
        steps = np.maximum(np.round(spacing / self.grid.spacing), 1).astype(int)
        affine = self.grid.affine @ np.diag([*steps.astype(float), 1.0])
        affine[:-1, -1] += self.grid.affine[:-1, :-1] @ ((steps - 1) / 2)
        grid = Grid(tuple(int(n) for n in np.maximum(np.array(self.grid.size) // steps, 1)), affine)
        return Prepared(resample(self, grid, np.eye(len(affine))), grid, self.is_cut_out)


def prepare(image: Image, frame: Frame, intensity: Intensity) -> Prepared:
    """Turn an image into the frame's axes, scale it and crop it to its object."""
    affine = frame.coordinates(image.geometry)
    turn = Turn.nearest(affine[:-1, :-1] / np.linalg.norm(affine[:-1, :-1], axis=0))
    return crop(intensity(turn.apply(image.array)), affine @ turn.matrix(image.array.shape))


def crop(scaled: np.ndarray, affine: np.ndarray) -> Prepared:
    """The part of a scaled image that holds its object, with a margin of background unless it is cut out of more.

    Args:
        scaled: ``(*S)`` in [0, 1].
        affine: ``(D + 1, D + 1)``, from its index to coordinates, mm.
    """
    cut_out = is_cut_out(scaled)
    first, size = bright_box(scaled) if cut_out else _object(scaled)
    shift = np.eye(len(affine))
    shift[:-1, -1] = first
    cropped = np.zeros(size, dtype=np.float32)
    inside = [slice(max(a, 0), min(a + n, m)) for a, n, m in zip(first, size, scaled.shape, strict=True)]
    cropped[tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first, strict=True))] = scaled[tuple(inside)]
    return Prepared(torch.from_numpy(cropped)[None, None], Grid(tuple(int(n) for n in size), affine @ shift), cut_out)


def _object(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size of the bright box with a margin; it may reach beyond the array."""
    first, size = bright_box(scaled)
    margin = np.ceil(size * CROP_MARGIN).astype(int) + 1
    return first - margin, size + 2 * margin


def resample(image: Prepared, grid: Grid, affine: np.ndarray) -> Tensor:
    """``image`` on ``grid``, smoothed before where the grid is coarser; outside is background, or the edge.

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
    outside = "border" if image.is_cut_out else "zeros"
    return sample(values, grid_points(grid.size, to_index[:-1]), padding_mode=outside).float()
