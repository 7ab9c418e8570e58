"""A similarity that does not see which contrast an image has: self-similarity."""

from __future__ import annotations

from monai.transforms.utils_morphological_ops import erode_t
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from ..errors import InputError
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
        self._of_targets = WeakTensorKeyDictionary()  # a refinement compares with the same image again and again

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Loss of a batch.

        Args:
            pred, target: images ``(B, 1, *S)``.
            mask: ``(B, 1, *S)``, 1 where they are compared, else 0: a voxel counts if all that its context looks at is
                marked. ``None``: everywhere.

        Returns:
            A scalar between 0 and 1.

        Raises:
            ValueError: if the shapes differ or there is more than one channel.
            InputError: if no voxel counts.
        """
        if pred.shape != target.shape or pred.shape[1] != 1:
            raise ValueError(f"MIND takes two images (B, 1, *S), got {tuple(pred.shape)} and {tuple(target.shape)}")
        with without_autocast(pred.device):
            difference = (self._context(pred) - self._context_of_target(target)).square().mean(1, keepdim=True)
            return difference.mean() if mask is None else self._mean_where(mask.float(), difference)

    def _context(self, image: Tensor) -> Tensor:
        return self_similarity(image.float(), self.radius, self.distance)

    def _context_of_target(self, target: Tensor) -> Tensor:
        """The context, kept for as long as the image lives and is not written to."""
        if target.requires_grad or target.is_inference():
            return self._context(target)
        version, context = self._of_targets.get(target, (None, None))
        if version != target._version:
            context = self._context(target)
            self._of_targets[target] = (target._version, context)
        return context

    def _mean_where(self, mask: Tensor, difference: Tensor) -> Tensor:
        across = 2 * (self.radius + self.distance) + 1
        counts = erode_t(mask, across)
        if not counts.any():
            raise InputError(
                f"the masks mark no place in common that is {across} voxels of the working grid across, which this "
                "method compares, or the images show none; give larger ones."
            )
        return (counts * difference).sum() / counts.sum()
