"""How far a field takes the object's points from where a known transform takes them."""

from __future__ import annotations

from torch import Tensor, nn

from ..spatial import affine_field


class PointDistance(nn.Module):
    """Mean distance between where a field and a known affine map take the points of an object, in voxels.

    Distances, not their squares: a pair that is far off pulls no harder than one that is nearly right.

    Args:
        background: intensities up to it are no object.
    """

    def __init__(self, background: float = 0.05) -> None:
        super().__init__()
        self.background = background

    def forward(self, ddf: Tensor, affine: Tensor, fixed: Tensor) -> Tensor:
        """A scalar: mean over the batch of the mean over the voxels of each fixed object.

        Args:
            ddf: ``(B, D, *S)``, in voxels.
            affine: ``(B, D, D + 1)``, the true map, fixed voxel to moving voxel.
            fixed: ``(B, 1, *S)`` in [0, 1].
        """
        wrong = (ddf - affine_field(affine, ddf.shape[2:])).square().sum(1)
        distance = (wrong + 1e-6).sqrt().flatten(1)  # the root has no derivative at 0
        inside = (fixed[:, 0] > self.background).flatten(1)
        return ((distance * inside).sum(1) / inside.sum(1).clamp_min(1)).mean()
