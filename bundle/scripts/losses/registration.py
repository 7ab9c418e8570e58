"""The paper's loss, ``similarity + sigma * regularisation`` (section 3.3), with both terms a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

TERMS = ("similarity", "regularisation")


class RegistrationLoss(nn.Module):
    """Weighted sum of a similarity of images and a penalty on the field.

    With the defaults of ``train.yaml``: ``torch.nn.MSELoss``, the mean over batch and voxels of
    ``(fixed - warped)^2`` of images in [0, 1], and MONAI's ``DiffusionLoss``: central differences
    ``(u[i + 1] - u[i - 1]) / 2`` in voxels, squared, **summed** over the axes of differentiation and **averaged**
    over batch, channels and inner voxels. A ``sigma`` holds for that normalisation, that number of axes and that
    similarity only.

    Args:
        similarity: dissimilarity ``f(warped, fixed) -> scalar``, lower is better; any MONAI or torch image loss.
        regularisation: penalty ``f(ddf) -> scalar``.
        sigma: weight of the penalty.
    """

    def __init__(
        self,
        similarity: Callable[[Tensor, Tensor], Tensor],
        regularisation: Callable[[Tensor], Tensor],
        sigma: float,
    ) -> None:
        super().__init__()
        self.similarity, self.regularisation, self.sigma = similarity, regularisation, sigma
        self.terms: dict[str, Tensor] = {}

    def forward(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """Loss of a batch.

        Args:
            pred: ``warped`` ``(B, C, *S)`` and ``ddf`` ``(B, D, *S)``.
            target: ``fixed`` ``(B, C, *S)``.

        Returns:
            A scalar; the unweighted terms of this call stay in ``terms``, by name, for the log.
        """
        similarity = self.similarity(pred["warped"], target["fixed"])
        regularisation = self.regularisation(pred["ddf"])
        self.terms = dict(zip(TERMS, (similarity.detach(), regularisation.detach()), strict=True))
        return similarity + self.sigma * regularisation
