"""The grid of voxel coordinates that every displacement is added to."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def identity_grid(
    spatial_size: Sequence[int],
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Tensor:
    """Voxel coordinates of a grid.

    Args:
        spatial_size: the grid's size ``S``, one number per axis.
        dtype: floating-point type; below 32 bits coordinates above 256 are not exact.
        device: where the grid lives.

    Returns:
        ``(D, *S)``; channel ``i`` holds the index along array axis ``i``.
    """
    axes = [torch.arange(size, dtype=dtype, device=device) for size in spatial_size]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))
