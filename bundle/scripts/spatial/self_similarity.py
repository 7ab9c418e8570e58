"""What is like what around every voxel of an image: a description of shapes that no contrast changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from .filters import along_axes, whole_window_means

VARIANCE_RANGE = (1e-3, 1e3)  # of a voxel, in means over the image
LEAST_VARIANCE = 1e-12  # of an image without any contrast


def self_similarity(image: Tensor, radius: int, distance: int) -> Tensor:
    """The self-similarity context (MIND-SSC) of images.

    Heinrich et al., MICCAI 2013, doi 10.1007/978-3-642-40811-3_24: around every voxel, how unlike the patches at two of
    its neighbours are, for all pairs of neighbours along two different axes (4 in 2-D, 12 in 3-D), relative to the
    most alike of them and to the mean: ``exp(-(d - min d) / mean d)``. It tells edges and texture, whatever intensity
    a tissue has.

    Args:
        image: ``(B, 1, *S)``.
        radius: of a patch, voxels: a window of ``2 radius + 1`` an axis.
        distance: of the neighbours from the voxel, voxels.

    Returns:
        ``(B, 4 or 12, *S)``, in (0, 1].
    """
    unlike = _distances(image, radius, distance)
    unlike = unlike - unlike.amin(1, keepdim=True)
    variance = unlike.mean(1, keepdim=True)
    overall = variance.mean(dim=list(range(1, image.ndim)), keepdim=True)
    low, high = VARIANCE_RANGE
    bounded = torch.minimum(torch.maximum(variance, low * overall), high * overall).clamp_min(LEAST_VARIANCE)
    return torch.exp(unlike * (-1 / bounded))  # one division a voxel, not one a pair


def _distances(image: Tensor, radius: int, distance: int) -> Tensor:
    """Mean squared difference of the patches of every pair of neighbours; the image goes on as it is at its edge.

    Of the four pairs along two axes, two lie to each other as the other two do: what they differ by is the same image,
    seen from two places, and is made once.
    """
    axes = range(image.ndim - 2)
    padded = F.pad(image, [2 * distance + radius] * 2 * len(axes), mode="replicate")
    found = {}
    for first, second in combinations(axes, 2):
        for side in (-1, 1):
            margins = [distance if axis in (first, second) else 2 * distance for axis in axes]
            here = _seen(padded, margins, {})
            there = _seen(padded, margins, {first: distance, second: side * distance})
            apart = along_axes((here - there).square(), whole_window_means, 2 * radius + 1)
            margins = [distance if axis in (first, second) else 0 for axis in axes]
            found[(first, 1), (second, -side)] = _seen(apart, margins, {second: -side * distance})
            found[(first, -1), (second, side)] = _seen(apart, margins, {first: -distance})
    return torch.cat([found[pair] for pair in sorted(found)], dim=1)


def _seen(image: Tensor, margins: Sequence[int], shift: Mapping[int, int]) -> Tensor:
    """The image ``(B, C, *S)`` without its margins, voxels at both ends of an axis, seen from ``shift`` further on."""
    for axis, margin in enumerate(margins):
        size = image.shape[2 + axis] - 2 * margin
        image = image.narrow(2 + axis, margin + shift.get(axis, 0), size)
    return image
