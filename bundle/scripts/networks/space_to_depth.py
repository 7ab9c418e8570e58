"""Blocks of voxels as channels: what a network sees in full detail on a grid of half the size.

Shi et al., CVPR 2016 (arXiv:1609.05158) rearrange the other way. The convolutions of the finest grid are what a network
in 3-D spends its time on; here the first one reads whole blocks of voxels instead, and nothing is thrown away.
"""

from __future__ import annotations

from torch import Tensor


def space_to_depth(x: Tensor, factor: int = 2) -> Tensor:
    """Rearrange every block of ``factor`` voxels an axis into channels.

    Args:
        x: ``(B, C, *S)``, sizes multiples of ``factor``.
        factor: voxels of a block along an axis.

    Returns:
        ``(B, C * factor^D, *S / factor)``; channel ``c * factor^D + k`` is the ``k``-th voxel of the blocks of channel
        ``c``, the last axis running fastest.
    """
    dims = x.ndim - 2
    for axis in range(2, 2 + dims):  # of the blocks; their inner axes gather at the end, in order
        x = x.unflatten(axis, (x.shape[axis] // factor, factor)).movedim(axis + 1, -1)
    return x.movedim(list(range(-dims, 0)), list(range(2, 2 + dims))).flatten(1, 1 + dims)
