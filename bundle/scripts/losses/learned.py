"""A similarity that is learned: what a discriminator believes of a pair of images."""

from __future__ import annotations

import torch
from monai.losses import PatchAdversarialLoss
from torch import Tensor, nn


class LearnedSimilarity(nn.Module):
    """The generator's loss of an adversarial registration (Fan et al., MedIA 2019, doi 10.1016/j.media.2019.101545).

    Small where the discriminator takes the warped image for one that is aligned to the fixed one. The discriminator is
    trained by :class:`scripts.engines.Adversary`; here it stands still.

    Args:
        discriminator: gives logits ``(B, 1, *P)`` of a pair ``(B, 2, *S)``.
        criterion: on the logits; least squares, cross entropy (``bce``) or hinge.
    """

    def __init__(self, discriminator: nn.Module, criterion: PatchAdversarialLoss) -> None:
        super().__init__()
        self.discriminator, self.criterion = discriminator, criterion

    def forward(self, warped: Tensor, fixed: Tensor) -> Tensor:
        """Loss of images ``(B, 1, *S)``, a scalar."""
        logits = self.discriminator(torch.cat([warped, fixed], dim=1))
        loss: Tensor = self.criterion(logits, target_is_real=True, for_discriminator=False)
        return loss
