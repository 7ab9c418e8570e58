"""What a network must see that is not to see contrast."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spatial import pad_to_multiple, self_similarity, without_autocast


class SelfSimilarInput(nn.Module):
    """A backbone that sees the self-similarity of both images (MIND-SSC) in place of their intensities.

    Args:
        backbone: takes ``(B, 2 N P, *S)`` for N distances, where P is 4 in 2-D and 12 in 3-D: moving, then fixed.
        radius: of the patches that are compared, voxels.
        distances: of these from a voxel, voxels, one after the other.
        shrink: what is seen is averaged over blocks of so many voxels an axis: a smaller grid for the backbone, which
            is still told what the voxels say.
    """

    def __init__(
        self, backbone: nn.Module, radius: int = 1, distances: Sequence[int] = (1, 2), shrink: int = 1
    ) -> None:
        super().__init__()
        self.backbone, self.radius, self.distances, self.shrink = backbone, radius, tuple(distances), shrink
        self.in_channels = 2

    def forward(self, pair: Tensor) -> Tensor:
        """The backbone's field ``(B, D, *s)``, in voxels of its grid, of a pair ``(B, 2, *S)``, moving then fixed."""
        with without_autocast(pair.device):  # differences of patches are small
            images = pair.float().chunk(2, dim=1)
            seen = [
                self._shrunk(self_similarity(image, self.radius, step)) for image in images for step in self.distances
            ]
        field: Tensor = self.backbone(torch.cat(seen, dim=1))
        return field

    def _shrunk(self, context: Tensor) -> Tensor:
        if self.shrink == 1:
            return context
        pool = F.avg_pool2d if context.ndim == 4 else F.avg_pool3d
        return pool(pad_to_multiple(context, self.shrink), self.shrink)
