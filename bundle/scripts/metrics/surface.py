"""Distances between the surfaces of labels, in millimetres, by MONAI's metrics."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance
from torch import Tensor

from ..spatial import warp
from .measure import LabelMeasure, original_label


class SurfaceDistance(LabelMeasure):
    """A distance between the surfaces of the warped and the fixed label.

    The surface is the label's outermost voxels. Distances are in the units of ``target["spacing"]`` ``(B, D)``, the
    millimetres a voxel of the fixed image, or in voxels where that is missing. A label that the warp lost has no
    surface to measure from: NaN, and :class:`LostLabels` counts it.
    """

    def of_labels(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B, K)``; ``pred`` holds ``ddf``, ``target`` ``moving_label``, ``fixed_label`` and maybe ``spacing``."""
        fixed, original = target["fixed_label"], original_label(target)
        warped = warp(target["moving_label"], pred["ddf"], "nearest")
        spacing = target.get("spacing", torch.ones(fixed.shape[0], fixed.ndim - 2)).tolist()
        return torch.tensor(
            [
                [self._of_label(warped[i, 0] == k, fixed[i, 0] == k, original[i, 0] == k, spacing[i]) for k in self.ids]
                for i in range(len(fixed))
            ],
            device=fixed.device,
        )

    def _of_label(self, warped: Tensor, fixed: Tensor, original: Tensor, spacing: list[float]) -> float:
        if not (warped.any() and fixed.any() and original.any()):
            return torch.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # MONAI 1.6 calls itself with a deprecated argument
            return float(self.between(warped[None, None].cpu(), fixed[None, None].cpu(), spacing))

    @abstractmethod
    def between(self, warped: Tensor, fixed: Tensor, spacing: list[float]) -> Tensor:
        """Distance of two masks ``(1, 1, *S)``, neither of them empty."""


class HausdorffDistance95(SurfaceDistance):
    """The larger of the two directed 95th percentiles of the distance from surface to surface."""

    def between(self, warped: Tensor, fixed: Tensor, spacing: list[float]) -> Tensor:
        """See :class:`SurfaceDistance`."""
        return compute_hausdorff_distance(warped, fixed, include_background=True, percentile=95, spacing=spacing)


class AverageSurfaceDistance(SurfaceDistance):
    """Mean distance from surface to surface, over the voxels of both surfaces (symmetric)."""

    def between(self, warped: Tensor, fixed: Tensor, spacing: list[float]) -> Tensor:
        """See :class:`SurfaceDistance`."""
        return compute_average_surface_distance(warped, fixed, include_background=True, symmetric=True, spacing=spacing)


class LostLabels:
    """How many labels of a pair are in both original maps but not in the warped one.

    Args:
        ids: label ids, without the background.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``ddf``, ``target`` holds ``moving_label`` and ``fixed_label``."""
        warped = warp(target["moving_label"], pred["ddf"], "nearest")
        maps = (original_label(target), target["fixed_label"], warped)
        has = [torch.stack([(x == k).flatten(1).any(1) for k in self.ids], 1) for x in maps]
        return (has[0] & has[1] & ~has[2]).sum(1).float()
