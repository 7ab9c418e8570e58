"""The end of an affine search between two images of one contrast: where they correlate best, window by window.

Mutual information of all voxels finds the way from far, whatever the contrast; which of the maps near its best aligns
structures is told better by what lies close together.
"""

from __future__ import annotations

import numpy as np
import torch
from monai.transforms.utils_morphological_ops import erode_t
from torch import Tensor

from ..spatial import along_axes, homogeneous, lucas_kanade, window_means
from .frame import Grid
from .prepared import Prepared, compared, resample

STEPS = 8
WINDOW = 5  # voxels
FLAT = 1e-3  # variance of intensities in [0, 1] that counts as noise
GAIN = 1e-4  # of the correlation: less is the end
LEAST = 0.1  # of it at the start: T1 images had 0.15 to 0.75, T1 and T2 -0.16 to 0.01, which is no way to follow


def follow_correlation(fixed: Prepared, moving: Prepared, affine: np.ndarray, grid: Grid) -> np.ndarray:
    """An affine map near a given one, after which the images correlate better, or that one itself.

    Both images, their local mean taken away and their local contrast brought to one, are brought together by steps of
    :func:`scripts.spatial.lucas_kanade` for as long as their correlation rises. Images that hardly correlate at the
    start are not of one contrast: they stay where they are.

    Args:
        fixed, moving: the images, which are compared in their masks alone.
        affine: from coordinates in ``fixed`` to coordinates in ``moving``, ``(D + 1, D + 1)``, mm.
        grid: where they are compared, of the frame.
    """
    still = np.eye(len(affine))
    target, inside = local_contrast(resample(fixed, grid, still)), compared(fixed, grid, still)
    best, best_value = affine, LEAST - GAIN
    for _ in range(STEPS):
        source = local_contrast(resample(moving, grid, affine))
        weight = _weight(inside, compared(moving, grid, affine))
        value = _correlation(source, target, weight)
        if not value > best_value + GAIN:
            break
        best, best_value = affine, value
        step = homogeneous(lucas_kanade(source, target, weight))[0].double().numpy()
        affine = affine @ grid.affine @ step @ np.linalg.inv(grid.affine)
        if not _is_sound(affine):
            break
    return best


def local_contrast(image: Tensor) -> Tensor:
    """An image ``(B, 1, *S)`` in [0, 1] less its local mean, in local standard deviations; 0 where it is flat."""
    mean, square = along_axes(torch.cat([image, image * image], 1), window_means, WINDOW).split(1, 1)
    return (image - mean) / ((square - mean * mean).clamp_min(0) + FLAT).sqrt()


def _weight(*masks: Tensor | None) -> Tensor | None:
    """1 where the whole window around a voxel lies in the masks, else 0; ``None`` where there are none."""
    given = [mask for mask in masks if mask is not None]
    return erode_t(torch.stack(given).amin(0), WINDOW) if given else None


def _correlation(source: Tensor, target: Tensor, weight: Tensor | None) -> float:
    if weight is not None:
        source, target = source * weight, target * weight
    sizes = (source.square().sum() * target.square().sum()).sqrt()
    return float((source * target).sum() / sizes) if sizes > 0 else -np.inf


def _is_sound(affine: np.ndarray) -> bool:
    return bool(np.isfinite(affine).all() and np.linalg.det(affine) != 0)
