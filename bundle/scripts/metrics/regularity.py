"""How much of a deformation folds, and how even it is where it does not."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..spatial import folded_fraction, jacobian_determinant


def log_jacobian_deviation(ddf: Tensor, inside: Tensor | None = None) -> Tensor:
    """Standard deviation, over the voxels, of ``log |J|``, the logarithm of the Jacobian determinant.

    It is 0 for every affine field and grows with local shrinking and growth alike. Folded voxels (``|J| <= 0``) have no
    logarithm and are left out: :class:`FoldedFraction` counts them.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.
        inside: ``(B, 1, *S)``, true where it is measured; everywhere where there is none.

    Returns:
        ``(B,)``; NaN where every voxel is folded.
    """
    jac_det = jacobian_determinant(ddf).flatten(1)
    kept = jac_det > 0 if inside is None else (jac_det > 0) & inside.flatten(1)
    logarithm = torch.where(kept, jac_det, 1).log()  # 0 where folded, and counted nowhere
    count = kept.sum(1, keepdim=True)
    from_mean = torch.where(kept, logarithm - logarithm.sum(1, keepdim=True) / count, 0)
    return (from_mean.square().sum(1) / count[:, 0]).sqrt()


class FoldedFraction:
    """Share of voxels with a Jacobian determinant of 0 or less."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)`` between 0 and 1; ``pred`` holds ``ddf`` ``(B, D, *S)`` in voxels."""
        return folded_fraction(pred["ddf"])


class LogJacobianDeviation:
    """See :func:`log_jacobian_deviation`."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``ddf`` ``(B, D, *S)`` in voxels."""
        return log_jacobian_deviation(pred["ddf"])
