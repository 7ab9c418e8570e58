"""What is like what around every voxel of an image: a description of shapes that no contrast changes."""

from __future__ import annotations

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from .filters import along_axes, window_means

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
    return torch.exp(-unlike / bounded)


def _distances(image: Tensor, radius: int, distance: int) -> Tensor:
    """Mean squared difference of the patches of every pair of neighbours."""
    dims = image.ndim - 2
    padded = F.pad(image, [distance] * 2 * dims, mode="replicate")
    seen = [_shifted(padded, axis, step, distance) for axis in range(dims) for step in (-1, 1)]
    pairs = [(i, j) for i, j in combinations(range(2 * dims), 2) if i // 2 != j // 2]
    differences = torch.cat([(seen[i] - seen[j]).square() for i, j in pairs], dim=1)
    return along_axes(differences, window_means, 2 * radius + 1)


def _shifted(padded: Tensor, axis: int, step: int, distance: int) -> Tensor:
    """The image ``(B, 1, *S)`` without its padding, seen ``step * distance`` voxels further along ``axis``."""
    for k in range(padded.ndim - 2):
        first = distance + (step * distance if k == axis else 0)
        padded = padded.narrow(2 + k, first, padded.shape[2 + k] - 2 * distance)
    return padded
