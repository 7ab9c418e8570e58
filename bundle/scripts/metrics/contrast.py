"""Whether two images are of one contrast, and whether they show one shape whatever their contrasts are."""

from __future__ import annotations

import torch
from torch import Tensor

from ..spatial import self_similarity, smooth
from .similarity import correlation

BINS = 16
RADIUS, DISTANCE, SIGMA = 2, 3, 1.5  # voxels: so coarse that noise and the last voxel of a fit do not count


def contrast_difference(first: Tensor, second: Tensor) -> Tensor:
    """What one image tells of the other beyond what a rising straight line does.

    The correlation ratio (Roche et al., MICCAI 1998, doi 10.1007/BFb0056301), the larger of both directions, minus
    ``r |r|`` of Pearson's correlation r: near 0 for two images of one contrast and for images that have nothing to do
    with each other, above it for two contrasts that lie on each other at least roughly.

    Args:
        first, second: values ``(N,)`` of the same voxels, in [0, 1].

    Returns:
        A scalar; NaN where one is constant.
    """
    straight = correlation(first[None], second[None])[0]
    ratio = torch.maximum(_correlation_ratio(first, second), _correlation_ratio(second, first))
    return ratio - straight * straight.abs()


def _correlation_ratio(values: Tensor, given: Tensor) -> Tensor:
    """Share of the variance of ``values`` that their means over bins of ``given`` explain."""
    values = values.double()
    index = (given * BINS).long().clamp(0, BINS - 1)
    counts = torch.bincount(index, minlength=BINS).clamp_min(1)
    means = torch.bincount(index, weights=values, minlength=BINS) / counts
    return 1 - (values - means[index]).square().mean() / values.var(correction=0)


def shape_likeness(fixed: Tensor, warped: Tensor, inside: Tensor) -> Tensor:
    """Correlation of the self-similarity of two images of whatever contrasts.

    Args:
        fixed, warped: ``(1, 1, *S)``.
        inside: ``(*S)``, the voxels that count.

    Returns:
        A scalar from -1 to 1; NaN where one image is the same everywhere.
    """
    contexts = [self_similarity(smooth(image.float(), SIGMA), RADIUS, DISTANCE) for image in (fixed, warped)]
    first, second = (context[0][:, inside].flatten() for context in contexts)
    return correlation(first[None], second[None])[0]
