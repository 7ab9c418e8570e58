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

from ..errors import InputError
from ..spatial import grid_points, marked, sample
from .frame import Frame, Grid
from .images import Image
from .intensity import BACKGROUND, Intensity, bright_box, cut_faces, is_cut_out
from .orientation import Turn

CROP_MARGIN = 0.1  # of the object's size, on every side


@dataclass(frozen=True)
class Prepared:
    """Intensities from 0 to 1, ``(1, 1, *S)``, and where they lie in the frame.

    Attributes:
        values: the intensities.
        grid: of their voxels.
        is_cut_out: whether what is seen goes on outside, as around an organ cut out of a scan; else background does.
        mask: 1 where the image is compared, else 0, like ``values``; beyond it its edge goes on. ``None``: everywhere.
        is_cut: whether the object goes on behind a face of the image, of which nothing is known.
    """

    values: Tensor
    grid: Grid
    is_cut_out: bool = False
    mask: Tensor | None = None
    is_cut: bool = False

    def coarser(self, spacing: float) -> Prepared:
        """The image on a grid along its own axes, of voxels as near to ``spacing``, mm, as whole ones of its own come.

        Nothing is added around it, unlike on a grid of the frame.
        """
        steps = np.maximum(np.round(spacing / self.grid.spacing), 1).astype(int)
        affine = self.grid.affine @ np.diag([*steps.astype(float), 1.0])
        affine[:-1, -1] += self.grid.affine[:-1, :-1] @ ((steps - 1) / 2)
        grid = Grid(tuple(int(n) for n in np.maximum(np.array(self.grid.size) // steps, 1)), affine)
        still = np.eye(len(affine))
        return Prepared(resample(self, grid, still), grid, self.is_cut_out, compared(self, grid, still))


def prepare(image: Image, frame: Frame, intensity: Intensity, mask: Image | None = None) -> Prepared:
    """Turn an image into the frame's axes, scale it and crop it to its object.

    Raises:
        InputError: if the mask marks nothing of the object.
    """
    affine = frame.coordinates(image.geometry)
    turn = Turn.nearest(affine[:-1, :-1] / np.linalg.norm(affine[:-1, :-1], axis=0))
    array, where = turn.apply(image.array), affine @ turn.matrix(image.array.shape)
    if mask is None:
        return crop(intensity(array), where)
    inside = turn.apply(mask.array != 0)
    scaled = intensity(array, inside)
    if not (inside & (scaled > BACKGROUND)).any():
        raise InputError(
            f"{mask.path} covers nothing of the object in {image.path}; a mask is not 0 where its image is to be "
            "compared."
        )
    return crop(scaled, where, inside)


def crop(scaled: np.ndarray, affine: np.ndarray, mask: np.ndarray | None = None) -> Prepared:
    """The part of a scaled image that holds its object, with a margin of background unless it is cut out of more.

    Args:
        scaled: ``(*S)`` in [0, 1].
        affine: ``(D + 1, D + 1)``, from its index to coordinates, mm.
        mask: ``(*S)``, true where it is compared; ``None``: everywhere.
    """
    cut_out = is_cut_out(scaled)
    first, size = bright_box(scaled) if cut_out else _object(scaled)
    cut = cut_faces(scaled) & (not cut_out)
    masked = mask is not None or cut.any()
    shift = np.eye(len(affine))
    shift[:-1, -1] = first
    cropped = np.zeros(size, dtype=np.float32)
    inside = [slice(max(a, 0), min(a + n, m)) for a, n, m in zip(first, size, scaled.shape, strict=True)]
    cropped[tuple(slice(s.start - a, s.stop - a) for s, a in zip(inside, first, strict=True))] = scaled[tuple(inside)]
    return Prepared(
        torch.from_numpy(cropped)[None, None],
        Grid(tuple(int(n) for n in size), affine @ shift),
        cut_out,
        _known(np.ones(scaled.shape, bool) if mask is None else mask, first, size, cut) if masked else None,
        bool(cut.any()),
    )


def _known(mask: np.ndarray, first: np.ndarray, size: np.ndarray, cut: np.ndarray) -> Tensor:
    """The mask likewise, ``(1, 1, *S)``: its edge goes on in the margin, but behind a cut face nothing is known."""
    places = [np.arange(a, a + n) for a, n in zip(first, size, strict=True)]
    known = mask[np.ix_(*(np.clip(each, 0, m - 1) for each, m in zip(places, mask.shape, strict=True)))]
    for axis, (each, (before, after)) in enumerate(zip(places, cut, strict=True)):
        behind = (before & (each < 0)) | (after & (each >= mask.shape[axis]))
        np.moveaxis(known, axis, 0)[behind] = False
    return torch.from_numpy(known.astype(np.float32))[None, None]


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
    return _resampled(image, image.values, grid, affine, "border" if image.is_cut_out else "zeros")


def compared(image: Prepared, grid: Grid, affine: np.ndarray) -> Tensor | None:
    """Which voxels of a grid, as :func:`resample` takes it, show what the image's mask marks and hardly anything else.

    Returns:
        ``(1, 1, *S)``, 1 or 0; ``None`` where the image has no mask.
    """
    if image.mask is None:
        return None
    return marked(_resampled(image, image.mask, grid, affine, "border"))


def _resampled(image: Prepared, values: Tensor, grid: Grid, affine: np.ndarray, outside: str) -> Tensor:
    ratio = grid.spacing.min() / image.grid.spacing
    sigma = 0.5 * np.sqrt(np.maximum(ratio**2 - 1, 0))  # half a coarse voxel, as far as the image has not got it yet
    if sigma.max() > 0.1:
        smooth = gaussian_filter(values[0, 0].numpy(), sigma, mode="nearest", truncate=3)
        values = torch.from_numpy(smooth)[None, None]
    to_index = np.linalg.inv(image.grid.affine) @ affine @ grid.affine
    return sample(values, grid_points(grid.size, to_index[:-1]), padding_mode=outside).float()
