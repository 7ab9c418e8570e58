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
        conv: of kernel 3, stride 1 and zero padding 1.
        same: tensors ``(B, C, *S)``, at least one; the first channels that ``conv`` takes.
        coarse: ``(B, C', *S / 2)``; the last channels.

    Returns:
        ``(B, conv.out_channels, *S)``.
    """
    dims = coarse.ndim - 2
    fine = torch.cat(list(same), 1) if len(same) > 1 else same[0]
    ours, below = conv.weight.split([fine.shape[1], coarse.shape[1]], 1)
    # A window of 2 adds up the weights of neighbours; its mean times its size, since exporters know no other divisor.
    pairs = POOLED[dims](below, 2, stride=1, padding=1) * 2**dims
    kernel = pairs.flip(*range(2, below.ndim)).transpose(0, 1)
    joined = CONVOLVED[dims](fine, ours, conv.bias, padding=1)
    return joined.add_(TRANSPOSED[dims](coarse, kernel, stride=2, padding=1))
