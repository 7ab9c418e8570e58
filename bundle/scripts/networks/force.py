"""Where the similarity of two images pulls: the direction in which a classical registration would move every voxel.

A network that is shown this direction learns how far to follow it and what it misses (Qiu et al., GraDIRN, MICCAI 2022,
arXiv:2112.03915), not how to find it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..spatial import along_axes, block_means, central_difference, without_autocast

EPSILON = 1e-5  # added to the product of variances of intensities in [0, 1]: windows darker than noise pull little
FLAT = 1e-8  # least variance of a window; so small that the same image does not pull itself
FAINT = 1e-4  # the same of a curvature, which is not to explode
POOLED = {2: F.avg_pool2d, 3: F.avg_pool3d}
NOISE = 0.01  # a force this weak is none: pairs of real images begin at some 0.25, a copy with 1 % of noise at 0.006


def similarity_force(warped: Tensor, fixed: Tensor, window: int, contrast: float) -> tuple[Tensor, Tensor]:
    """How moving every voxel of ``warped`` makes the images more alike, averaged over blocks of two voxels an axis.

    The gradient with respect to the displacement of the squared local correlation (Avants et al., Medical Image
    Analysis 12, 2008, doi 10.1016/j.media.2007.06.004, equation 7; means and variances are those of the block's
    windows), minus ``contrast`` times half the gradient of the squared difference.

    Args:
        warped, fixed: ``(B, C, *S)``, in [0, 1], of even sizes; channels are averaged before.
        window: voxels along an axis, odd.
        contrast: weight of the squared difference.

    Returns:
        The force ``(B, D, *S / 2)``, and its curvature ``(B, 1, *S / 2)``: how much the force changes for a voxel moved
        along the images' slope (Gauss and Newton's). 32-bit, without gradient.
    """
    pooled = POOLED[fixed.ndim - 2]
    with torch.no_grad(), without_autocast(warped.device):
        a, b = (image.float().mean(1, keepdim=True) for image in (warped, fixed))
        slope = central_differences(a)
        steepness = pooled(slope.square().sum(1, keepdim=True), 2)
        slope, slope_b, slope_a = pooled(torch.cat([slope, b * slope, a * slope], 1), 2).chunk(3, 1)
        moments = along_axes(torch.cat([a, b, a * a, b * b, a * b], 1), block_means, window)
        mean_a, mean_b, aa, bb, ab = moments.split(1, 1)
        variance_a, variance_b = (aa - mean_a**2).clamp_min(0), (bb - mean_b**2).clamp_min(0)
        covariance = ab - mean_a * mean_b
        weight = 2 * covariance / (variance_a * variance_b + EPSILON)
        pull = slope_b - mean_b * slope - covariance / variance_a.clamp_min(FLAT) * (slope_a - mean_a * slope)
        force = weight * pull + contrast * (slope_b - slope_a)
        return force, (weight * covariance / variance_a.clamp_min(FAINT) + contrast) * steepness


def difference_force(warped: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor]:
    """As :func:`similarity_force`, of the squared difference alone, summed over channels that describe an image.

    Minus half the gradient of the sum of the squared differences with respect to the displacement (demons: Thirion,
    Medical Image Analysis 2, 1998, doi 10.1016/S1361-8415(98)80022-4), and Gauss and Newton's curvature.

    Args:
        warped, fixed: ``(B, C, *S)``, of even sizes.

    Returns:
        As :func:`similarity_force`.
    """
    pooled = POOLED[fixed.ndim - 2]
    with torch.no_grad(), without_autocast(warped.device):
        a, missing = warped.float(), fixed.float() - warped.float()
        slopes = [central_difference(a, axis) for axis in range(2, a.ndim)]
        force = torch.cat([(missing * slope).sum(1, keepdim=True) for slope in slopes], 1)
        steepness = torch.stack([slope.square().sum(1, keepdim=True) for slope in slopes]).sum(0)
        return pooled(force, 2), pooled(steepness, 2)


def followed(force: Tensor, curvature: Tensor) -> Tensor:
    """Steps along a force, of less than a voxel: a strong pull is followed no further than a weak one.

    Where little is left, the step is Gauss and Newton's, which ends there. A slope points along one axis of a block and
    its neighbours along others, so that half of the curvature is what a step meets.

    Args:
        force: ``(B, D, *S)``.
        curvature: ``(B, 1, *S)``.
    """
    return force / (force.square().sum(1, keepdim=True).sqrt() + curvature / 2 + NOISE)


def central_differences(image: Tensor) -> Tensor:
    """``(image[i + 1] - image[i - 1]) / 2`` of ``(B, 1, *S)`` along every axis, ``(B, D, *S)``; the edge repeats."""
    return torch.cat([central_difference(image, axis) for axis in range(2, image.ndim)], 1)
