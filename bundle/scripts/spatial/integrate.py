"""From a stationary velocity field to a displacement: scaling and squaring."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .precision import without_autocast
from .warp import normalised_grid


class ScalingSquaring(nn.Module):
    """``exp(v)`` by ``2 ** num_steps`` self-compositions of ``v / 2 ** num_steps`` (Arsigny et al., MICCAI 2006).

    MONAI's ``DVF2DDF`` does the same, but pads the field with zeros, which tears it wherever a path leaves the grid;
    here the field continues at the edge. The path is kept in the units and order of ``grid_sample`` from first to last,
    so that a squaring is one sampling and two sums, and in 32 bits whatever autocast says.

    Args:
        num_steps: number of squarings, at least 1.

    Raises:
        ValueError: if ``num_steps`` is below 1.
    """

    def __init__(self, num_steps: int = 7) -> None:
        super().__init__()
        if num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {num_steps}")
        self.num_steps = num_steps

    def forward(self, dvf: Tensor) -> Tensor:
        """Displacement ``(B, D, *S)`` in voxels of the velocity ``dvf`` ``(B, D, *S)`` in voxels per unit time.

        Raises:
            ValueError: if ``dvf`` has not one channel per axis.
        """
        if dvf.shape[1] != dvf.ndim - 2:
            raise ValueError(f"a velocity field needs one channel per axis, got shape {tuple(dvf.shape)}")
        with without_autocast(dvf.device):
            grid, voxel = normalised_grid(dvf)
            path = dvf.float().flip(1) * (voxel / 2**self.num_steps)
            for _ in range(self.num_steps):
                path = F.grid_sample(
                    path, (grid + path).movedim(1, -1), padding_mode="border", align_corners=True
                ).add_(path)
            return (path / voxel).flip(1)
