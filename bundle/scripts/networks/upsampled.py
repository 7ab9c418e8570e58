"""A convolution of what was upsampled, without upsampling it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spatial import without_autocast

CONVOLVED = {2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {2: F.conv_transpose2d, 3: F.conv_transpose3d}


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
    kernel = _summed_where_voxels_repeat(coarse_weight).transpose(0, 1)
    joined = CONVOLVED[dims](fine, fine_weight, conv.bias, padding=1)
    return joined.add_(TRANSPOSED[dims](coarse, kernel, stride=2, padding=1))


def _summed_where_voxels_repeat(weight: Tensor) -> Tensor:
    """Weights ``(O, I, *3)`` of an upsampled tensor as those ``(O, I, *4)`` of a transposed convolution before it."""
    dims = weight.ndim - 2
    with without_autocast(weight.device):  # sums in 32 bits, rounded once
        # What is traced is no ordinary tensor, and a trace must hold on any device: it may not reach the cache.
        traced = torch.jit.is_tracing() or torch.compiler.is_compiling()
        sums = _sums(dims, _ones_like(weight)) if traced else _cached_sums(dims, weight.device)
        flat = weight.flatten(2) @ sums.to(weight.dtype)
    return flat.unflatten(2, (4,) * dims)


def _ones_like(weight: Tensor) -> Tensor:
    return torch.ones_like(weight.detach().flatten()[:4], dtype=torch.float32)


@lru_cache(maxsize=8)
def _cached_sums(dims: int, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # what is made in that mode could not be used in training afterwards
        return _sums(dims, torch.ones(4, device=device))


def _sums(dims: int, ones: Tensor) -> Tensor:
    """Matrix ``(3^D, 4^D)``: a transposed kernel runs backwards, and every weight meets the voxel and its double."""
    places = ones.cumsum(0) - 1
    along = ((places[:3, None] + places - 2.5).abs() < 1).float()  # [[0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]]
    return torch.kron(torch.kron(along, along), along) if dims == 3 else torch.kron(along, along)
