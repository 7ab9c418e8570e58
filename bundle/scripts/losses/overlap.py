"""How much the labels of two images overlap, so that a training may learn from them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..spatial import warp

SMALLEST = 1e-5  # voxels: a label that only the warp lost counts as no overlap


class SoftDice(nn.Module):
    """``1 - Dice`` of warped label maps, a mean over the labels that both images of a pair have.

    The auxiliary loss of Balakrishnan et al., TMI 2019 (doi 10.1109/TMI.2019.2897538, equation 9): every label is an
    image of zeros and ones that is warped linearly, so that the field feels its edges.

    Args:
        ids: of the labels, without the background.
        most: labels that are compared, drawn anew each time; each takes the memory of an image. 0: all.
    """

    def __init__(self, ids: Sequence[int], most: int = 0) -> None:
        super().__init__()
        if most < 0:
            raise ValueError(f"most must be a number of labels, or 0 for all, got {most}")
        self.ids, self.most = torch.tensor(ids), most

    def forward(self, ddf: Tensor, moving_label: Tensor, fixed_label: Tensor) -> Tensor:
        """A scalar between 0 and 1; 0 where no pair has a label in common.

        Args:
            ddf: ``(B, D, *S)``, in voxels.
            moving_label, fixed_label: ``(B, 1, *S)``, integer.
        """
        drawn = self.ids[torch.randperm(len(self.ids))[: self.most]] if self.most else self.ids
        ids = drawn.to(ddf.device).view(1, -1, *(1,) * (ddf.ndim - 2))
        moving, fixed = ((label == ids).to(ddf.dtype) for label in (moving_label, fixed_label))
        warped = warp(moving, ddf)
        moving_size, fixed_size, size, both = (
            each.flatten(2).sum(2) for each in (moving, fixed, warped, warped * fixed)
        )
        counts = ((moving_size > 0) & (fixed_size > 0)).to(ddf.dtype)
        losses = 1 - 2 * both / (size + fixed_size).clamp_min(SMALLEST)
        return (losses * counts).sum() / counts.sum().clamp_min(1)
