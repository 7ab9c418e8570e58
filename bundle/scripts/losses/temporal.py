"""Smoothness over time, where the frames of a sequence stand along the batch's axis."""

from __future__ import annotations

from torch import Tensor, nn


class TemporalSmoothness(nn.Module):
    """Squared second difference over time, ``(u_(t-1) - 2 u_t + u_(t+1))^2``, averaged over all it is of.

    It is 0 for motion of constant speed. Sequences that are too short for it have none.

    Args:
        periodic: the first frame follows the last, as in a heart beat.
    """

    def __init__(self, periodic: bool = False) -> None:
        super().__init__()
        self.periodic = periodic

    def forward(self, ddf: Tensor) -> Tensor:
        """Penalty of the fields of one sequence, ``(T, D, *S)`` in voxels and in order of time: a scalar."""
        if len(ddf) < 3:
            return ddf.new_zeros(())
        if self.periodic:
            return (ddf.roll(1, 0) - 2 * ddf + ddf.roll(-1, 0)).square().mean()
        return ddf.diff(n=2, dim=0).square().mean()
