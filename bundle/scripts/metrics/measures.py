"""Measures of a registration that need no labels, one value a pair."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..spatial import folded_fraction


class FoldedFraction:
    """Share of voxels with a Jacobian determinant of 0 or less."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)`` between 0 and 1; ``pred`` holds ``ddf`` ``(B, D, *S)`` in voxels."""
        return folded_fraction(pred["ddf"])


class MeanSquaredError:
    """Mean over voxels of ``(fixed - warped)^2``."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``warped``, ``target`` holds ``fixed``, ``(B, C, *S)`` each."""
        return (pred["warped"] - target["fixed"]).square().flatten(1).mean(1)
