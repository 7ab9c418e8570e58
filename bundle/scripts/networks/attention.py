"""Efficient channel attention: Wang et al., ECA-Net, CVPR 2020 (arXiv:1910.03151)."""

from __future__ import annotations

import math

from torch import Tensor, nn


def eca_kernel_size(channels: int, r: float = 2.0, b: float = 1.0) -> int:
    """Kernel of the channel convolution, ``|log2(C) / r + b / r|`` made odd (ECA-Net, eq. 12).

    "Odd" as the ECA authors compute it: truncate, then add one to an even number; 16 to 64 channels
    give 3, 128 and 256 give 5.
    """
    size = int(abs((math.log2(channels) + b) / r))
    return size if size % 2 else size + 1


class EfficientChannelAttention(nn.Module):
    """Rescale channels by weights that come from their means and their neighbours' means.

    Args:
        channels: number of channels ``C``.
        r, b: the coefficients of the kernel size; the defaults are those of both papers.
    """

    def __init__(self, channels: int, r: float = 2.0, b: float = 1.0) -> None:
        super().__init__()
        kernel = eca_kernel_size(channels, r, b)
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, *S)`` in, the same shape out."""
        means = x.mean(tuple(range(2, x.ndim)))
        weights = self.conv(means[:, None])[:, 0].sigmoid()
        return x * weights.reshape(*weights.shape, *(1,) * (x.ndim - 2))
