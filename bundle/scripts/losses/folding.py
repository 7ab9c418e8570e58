"""A penalty on folded and nearly folded space."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..spatial import determinant, jacobian_determinant


class FoldingPenalty(nn.Module):
    """Mean of ``max(0, margin - |J|)`` over the voxels, ``|J|`` the Jacobian determinant of ``x + ddf(x)``.

    Selective as in Mok & Chung, CVPR 2020 (doi 10.1109/CVPR42600.2020.00470): where the field keeps its
    orientation by more than the margin nothing is added, so accuracy elsewhere is not paid for it.

    Args:
        margin: the determinant below which a voxel is penalised.
    """

    def __init__(self, margin: float = 0.1) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, ddf: Tensor) -> Tensor:
        """Penalty of ``ddf`` ``(B, D, *S)`` in voxels: a scalar."""
        with torch.no_grad():
            below = jacobian_determinant(ddf)[:, 0] < self.margin
        # Few voxels are below the margin and no other has a gradient: it is computed of these alone.
        return (self.margin - _determinant_at(ddf, below.nonzero())).sum() / below.numel()


def _determinant_at(ddf: Tensor, voxels: Tensor) -> Tensor:
    """``jacobian_determinant(ddf)`` at some ``voxels`` ``(N, 1 + D)``, batch index and position: ``(N,)``."""
    dims, last = ddf.ndim - 2, torch.tensor(ddf.shape[2:], device=ddf.device) - 1
    step = torch.eye(dims, dtype=torch.long, device=ddf.device)[:, None]
    position = voxels[:, 1:]
    before, after = (position - step).clamp(min=0), torch.minimum(position + step, last)  # (D, N, D): axis, voxel
    batch = voxels[:, 0].expand(2, dims, -1)
    ends = ddf.float().movedim(1, -1)[(batch, *torch.stack([before, after]).unbind(-1))]  # (2, D, N, D), channels last
    slopes = (ends[1] - ends[0]) / (after - before).sum(-1, keepdim=True)
    return determinant([[slopes[j, :, i] + (i == j) for j in range(dims)] for i in range(dims)])
