"""Diffusion by forward differences."""

from __future__ import annotations

from torch import Tensor, nn


class ForwardDiffusion(nn.Module):
    """Squared forward differences ``(u[i + 1] - u[i])^2`` of a field: averaged over batch, channels and voxels, then
    over the axes of differentiation (VoxelMorph's ``Grad("l2")``; Balakrishnan et al., TMI 2019,
    doi 10.1109/TMI.2019.2897538).

    It is the mean of the D * D squared slopes of the displacement, which have no unit: a field has the same value on
    a grid of any spacing, as far as this shows it. A field of a plane, the same in every plane of a volume, has four
    of nine slopes there: a weight that smooths volumes as much as slices is 9/4 times as large.

    MONAI's ``DiffusionLoss`` takes central differences, which do not see a field that alternates from voxel to voxel;
    such a field folds.
    """

    def forward(self, ddf: Tensor) -> Tensor:
        """Penalty of ``ddf`` ``(B, D, *S)`` in voxels: a scalar."""
        axes = range(2, ddf.ndim)
        return sum((ddf.diff(dim=axis).square().mean() for axis in axes), start=ddf.new_zeros(())) / len(axes)
