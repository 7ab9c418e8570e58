"""A penalty on folded and nearly folded space."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

from ..spatial import jacobian_determinant


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
        return relu(self.margin - jacobian_determinant(ddf)).mean()
