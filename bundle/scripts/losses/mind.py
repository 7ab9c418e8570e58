"""A similarity that does not see which contrast an image has: self-similarity."""

from __future__ import annotations

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spatial import along_axes, window_means, without_autocast

VARIANCE_RANGE = (1e-3, 1e3)  # of a voxel, in means over the image


class MINDLoss(nn.Module):
    """Mean squared difference of the self-similarity contexts (MIND-SSC) of two images.

    Heinrich et al., MICCAI 2013, doi 10.1007/978-3-642-40811-3_24: around every voxel, how unlike the patches at two of
    its neighbours are, for all pairs of neighbours along two different axes (4 in 2-D, 12 in 3-D), relative to the
    most alike of them and to the mean: ``exp(-(d - min d) / mean d)``. It tells edges and texture, whatever intensity
    a tissue has.

    Args:
        radius: of a patch, voxels: a window of ``2 radius + 1`` an axis.
        distance: of the neighbours from the voxel.

    Raises:
        ValueError: if ``radius`` is negative or ``distance`` below 1.
    """

    def __init__(self, radius: int = 2, distance: int = 2) -> None:
        super().__init__()
        if radius < 0 or distance < 1:
            raise ValueError(f"radius must be 0 or more and distance 1 or more, got {radius} and {distance}")
        self.radius, self.distance = radius, distance

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            pred, target: images ``(B, 1, *S)``.

        Returns:
            A scalar between 0 and 1.

        Raises:
            ValueError: if the shapes differ or there is more than one channel.
        """
        if pred.shape != target.shape or pred.shape[1] != 1:
            raise ValueError(f"MIND takes two images (B, 1, *S), got {tuple(pred.shape)} and {tuple(target.shape)}")
        with without_autocast(pred.device):
            return (self.context(pred.float()) - self.context(target.float())).square().mean()

    def context(self, image: Tensor) -> Tensor:
        """The self-similarity context ``(B, P, *S)`` of images ``(B, 1, *S)``, in (0, 1]."""
        unlike = self._distances(image)
        unlike = unlike - unlike.amin(1, keepdim=True)
        variance = unlike.mean(1, keepdim=True)
        overall = variance.mean(dim=list(range(1, image.ndim)), keepdim=True)
        low, high = VARIANCE_RANGE
        bounded = torch.minimum(torch.maximum(variance, low * overall), high * overall).clamp_min(1e-12)
        return torch.exp(-unlike / bounded)

    def _distances(self, image: Tensor) -> Tensor:
        """Mean squared difference of the patches of every pair of neighbours."""
        dims = image.ndim - 2
        padded = F.pad(image, [self.distance] * 2 * dims, mode="replicate")
        seen = [_shifted(padded, axis, step, self.distance) for axis in range(dims) for step in (-1, 1)]
        pairs = [(i, j) for i, j in combinations(range(2 * dims), 2) if i // 2 != j // 2]
        differences = torch.cat([(seen[i] - seen[j]).square() for i, j in pairs], dim=1)
        return along_axes(differences, window_means, 2 * self.radius + 1)


def _shifted(padded: Tensor, axis: int, step: int, distance: int) -> Tensor:
    """The image ``(B, 1, *S)`` without its padding, seen ``step * distance`` voxels further along ``axis``."""
    for k in range(padded.ndim - 2):
        first = distance + (step * distance if k == axis else 0)
        padded = padded.narrow(2 + k, first, padded.shape[2 + k] - 2 * distance)
    return padded
