"""Local normalised cross-correlation, fast."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN_OVER_WINDOW: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class FastLNCC(nn.Module):
    """``1 -`` the mean of the squared correlation of two images in windows.

    The measure of ANTs and VoxelMorph (Avants et al., Medical Image Analysis 12, 2008,
    doi 10.1016/j.media.2007.06.004). With ``stride`` 1 it is MONAI's ``LocalNormalizedCrossCorrelationLoss`` (plus 1)
    with a rectangular kernel; there every one of five images is convolved with a window of ones, here their
    windowed means are pooled together, one axis after the other, and only at every ``stride``-th voxel: neighbouring
    large windows say nearly the same. Windows are cut at the image's edge.

    Args:
        window: voxels along an axis, odd.
        stride: voxels between the centres of two windows.
        epsilon: added to the product of variances, for intensities in [0, 1]: windows whose contrast is below
            the noise count little, empty ones nothing.

    Raises:
        ValueError: if the window is even, or the stride below 1.
    """

    def __init__(self, window: int = 9, stride: int = 1, epsilon: float = 1e-5) -> None:
        super().__init__()
        if window % 2 == 0 or window < 1 or stride < 1:
            raise ValueError(f"window must be odd and stride 1 or more, got {window} and {stride}")
        self.window, self.stride, self.epsilon = window, stride, epsilon

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            pred, target: images ``(B, 1, *S)``, in [0, 1].

        Returns:
            A scalar between 0 (locally proportional everywhere) and 1.

        Raises:
            ValueError: if the shapes differ or there is more than one channel.
        """
        if pred.shape != target.shape or pred.shape[1] != 1:
            raise ValueError(f"LNCC takes two images (B, 1, *S), got {tuple(pred.shape)} and {tuple(target.shape)}")
        products = torch.cat([pred, target, pred * pred, target * target, pred * target], dim=1)
        mean_a, mean_b, mean_aa, mean_bb, mean_ab = self._windowed_means(products).unbind(1)
        cross = mean_ab - mean_a * mean_b
        variances = (mean_aa - mean_a**2).clamp(min=0) * (mean_bb - mean_b**2).clamp(min=0)
        return 1 - (cross**2 / (variances + self.epsilon)).mean()

    def _windowed_means(self, images: Tensor) -> Tensor:
        dims = images.ndim - 2
        for axis in range(dims):
            kernel, stride = ([n if i == axis else 1 for i in range(dims)] for n in (self.window, self.stride))
            padding = [size // 2 for size in kernel]
            images = MEAN_OVER_WINDOW[dims](images, kernel, stride=stride, padding=padding, count_include_pad=False)
        return images
