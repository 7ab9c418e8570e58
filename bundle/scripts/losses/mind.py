"""A similarity that does not see which contrast an image has: self-similarity."""

from __future__ import annotations

from torch import Tensor, nn

from ..spatial import self_similarity, without_autocast


class MINDLoss(nn.Module):
    """Mean squared difference of the self-similarity contexts (MIND-SSC) of two images.

    Heinrich et al., MICCAI 2013, doi 10.1007/978-3-642-40811-3_24; see :func:`scripts.spatial.self_similarity`.

    Args:
        radius, distance: of the patches and of the neighbours that are compared, voxels.

    Raises:
        ValueError: if ``radius`` is negative or ``distance`` below 1.
    """

    def __init__(self, radius: int = 1, distance: int = 2) -> None:
        super().__init__()
        if radius < 0 or distance < 1:
            raise ValueError(f"radius must be 0 or more and distance 1 or more, got {radius} and {distance}")
        self.radius, self.distance = radius, distance

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            pred, target: images ``(B, 1, *S)``.

        Returns:
            A scalar between 0 and 1.

        Raises:
            ValueError: if the shapes differ or there is more than one channel.
        """
        if pred.shape != target.shape or pred.shape[1] != 1:
            raise ValueError(f"MIND takes two images (B, 1, *S), got {tuple(pred.shape)} and {tuple(target.shape)}")
        with without_autocast(pred.device):
            contexts = [self_similarity(image.float(), self.radius, self.distance) for image in (pred, target)]
            return (contexts[0] - contexts[1]).square().mean()
