"""A penalty on folded and nearly folded space."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import relu

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
        penalty: Tensor = _MeanShortfall.apply(ddf, self.margin)  # type: ignore[no-untyped-call]
        return penalty


class _MeanShortfall(torch.autograd.Function):
    """The penalty with its gradient from the few voxels that have one: autograd's keeps a dozen fields for all."""

    @staticmethod
    def forward(ctx: Any, ddf: Tensor, margin: float) -> Tensor:
        """Penalty of ``ddf`` ``(B, D, *S)``."""
        shortfall = relu(margin - jacobian_determinant(ddf)[:, 0])
        ctx.save_for_backward(ddf, shortfall > 0)
        return shortfall.mean()

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """The determinant of a voxel pulls at the two neighbours of every axis that it was made from."""
        ddf, short = ctx.saved_tensors
        batch, *index = short.nonzero(as_tuple=True)
        above, below, spans = _neighbours(index, ddf.shape[2:])
        with torch.enable_grad():
            ends = torch.stack([ddf.movedim(1, -1)[(batch, *end)].float() for end in (*above, *below)])
            upper, lower = ends.requires_grad_().chunk(2)  # each (D axes, N, D channels)
            slopes = (upper - lower) / torch.stack(spans)[..., None] + torch.eye(len(index), device=ddf.device)[:, None]
            shortfall = -determinant([[slope[:, i] for slope in slopes] for i in range(len(index))]).sum()
        (pulls,) = torch.autograd.grad(shortfall, ends)
        gradient = torch.zeros_like(ddf).movedim(1, -1)
        for end, pull in zip((*above, *below), pulls, strict=True):
            gradient.index_put_((batch, *end), (pull * (grad / ddf[:, 0].numel())).to(ddf.dtype), accumulate=True)
        return gradient.movedim(-1, 1), None


def _neighbours(index: list[Tensor], size: torch.Size) -> tuple[list[list[Tensor]], list[list[Tensor]], list[Tensor]]:
    """Where ``torch.gradient`` reads for voxels, axis by axis: above, below, and how far these are apart, voxels."""
    above, below, spans = [], [], []
    for axis, (place, count) in enumerate(zip(index, size, strict=True)):
        ends = (place + 1).clamp(max=count - 1), (place - 1).clamp(min=0)
        above.append([ends[0] if k == axis else other for k, other in enumerate(index)])
        below.append([ends[1] if k == axis else other for k, other in enumerate(index)])
        spans.append(ends[0] - ends[1])
    return above, below, spans
