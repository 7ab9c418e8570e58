"""Local normalised cross-correlation, fast."""

from __future__ import annotations

from torch import Tensor, nn

from ..spatial import along_axes, window_means, without_autocast

LEAST = 1e-6  # share of a window, less than one voxel is


class FastLNCC(nn.Module):
    """``1 -`` the mean of the squared correlation of two images in windows.

    The measure of ANTs and VoxelMorph (Avants et al., Medical Image Analysis 12, 2008,
    doi 10.1016/j.media.2007.06.004). With ``stride`` 1 it is MONAI's ``LocalNormalizedCrossCorrelationLoss`` (plus 1)
    with a rectangular kernel; there every one of five images is convolved with a window of ones, here a mean over
    windows is a product with one small matrix an axis, which processors do fastest, and only at every ``stride``-th
    voxel: neighbouring large windows say nearly the same. Windows are cut at the image's edge.

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

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Loss of a batch.

        Args:
            pred, target: images ``(B, 1, *S)``, in [0, 1].
            mask: ``(B, 1, *S)``, 1 where they are compared, else 0: a window is made of these voxels alone, and counts
                by how many it has. ``None``: everywhere.

        Returns:
            A scalar between 0 (locally proportional everywhere) and 1.

        Raises:
            ValueError: if the shapes differ or there is more than one channel.
        """
        if pred.shape != target.shape or pred.shape[1] != 1:
            raise ValueError(f"LNCC takes two images (B, 1, *S), got {tuple(pred.shape)} and {tuple(target.shape)}")
        with without_autocast(pred.device):  # variances are small differences of large numbers
            a, b = pred.float(), target.float()
            share = None if mask is None else self._windowed_mean(mask.float())

            def mean(image: Tensor) -> Tensor:
                """Of a window; of its marked voxels where there is a mask, 0 where it has none."""
                if mask is None or share is None:
                    return self._windowed_mean(image)
                return self._windowed_mean(mask * image) / share.clamp(min=LEAST)

            # One image at a time: what the fixed image alone decides needs no gradient.
            mean_a, mean_b = mean(a), mean(b)
            cross = mean(a * b) - mean_a * mean_b
            variance_a = (mean(a * a) - mean_a**2).clamp(min=0)
            variance_b = (mean(b * b) - mean_b**2).clamp(min=0)
            alike = cross**2 / (variance_a * variance_b + self.epsilon)
            return 1 - (alike.mean() if share is None else (alike * share).sum() / share.sum())

    def _windowed_mean(self, image: Tensor) -> Tensor:
        return along_axes(image, window_means, self.window, self.stride)
