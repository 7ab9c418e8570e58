"""A convolution of what was upsampled, without upsampling it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONVOLVED = {2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {2: F.conv_transpose2d, 3: F.conv_transpose3d}
POOLED = {2: F.avg_pool2d, 3: F.avg_pool3d}


def convolve_with_upsampled(conv: nn.Conv2d | nn.Conv3d, same: Sequence[Tensor], coarse: Tensor) -> Tensor:
    """``conv(cat([*same, upsample(coarse)]))``, ``upsample`` by nearest neighbour to twice the size.

    A fine voxel and its neighbour see the same coarse one, so that the weights of both can be added up: upsampling and
    a kernel of 3 are one transposed convolution of kernel 4 and stride 2. Of every 9 products 4 are left, in 3-D 8 of
    27; neither the upsampled tensor nor the joined one is ever made.

    Args:
        conv: of kernel 3, stride 1, zero padding 1, no dilation and one group.
        same: tensors ``(B, C, *S)``, at least one; the first channels that ``conv`` takes.
        coarse: ``(B, C', *s)`` of exactly half their size; the last channels.

    Returns:
        ``(B, conv.out_channels, *S)``.

    Raises:
        ValueError: if the sizes do not fit.
    """
    dims = coarse.ndim - 2
    fine = torch.cat(list(same), 1) if len(same) > 1 else same[0]
    if any(size != 2 * half for size, half in zip(fine.shape[2:], coarse.shape[2:], strict=True)):
        raise ValueError(f"{tuple(fine.shape[2:])} is not twice the coarse size {tuple(coarse.shape[2:])}")
    fine_weight, coarse_weight = conv.weight.split([fine.shape[1], coarse.shape[1]], 1)
    # A window of 2 adds up the weights of neighbours; its mean times its size, since exporters know no other divisor.
    summed = POOLED[dims](coarse_weight, 2, stride=1, padding=1) * 2**dims
    kernel = summed.flip(*range(2, summed.ndim)).transpose(0, 1)
    joined = CONVOLVED[dims](fine, fine_weight, conv.bias, padding=1)
    return joined.add_(TRANSPOSED[dims](coarse, kernel, stride=2, padding=1))
