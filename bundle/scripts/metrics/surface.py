"""Distances between the surfaces of labels, in millimetres, by MONAI's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from monai.metrics.utils import get_mask_edges, get_surface_distance
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
        shown = (warped | fixed).nonzero()
        box = tuple(slice(int(i), int(j) + 1) for i, j in zip(shown.amin(0), shown.amax(0), strict=True))
        # Cropped by MONAI, as in its metrics, a small label would take three times as long.
        edges = get_mask_edges(warped[box].cpu(), fixed[box].cpu(), crop=False)
        there, back = (get_surface_distance(*pair, spacing=spacing) for pair in (edges, edges[::-1]))
        return float(self.of_distances(there, back))

    @abstractmethod
    def of_distances(self, there: Tensor, back: Tensor) -> Tensor:
        """One of the distances ``(N,)`` and ``(M,)`` of the voxels of either surface to the other surface."""


class HausdorffDistance95(SurfaceDistance):
    """The larger of the two directed 95th percentiles of the distance from surface to surface."""

    def of_distances(self, there: Tensor, back: Tensor) -> Tensor:
        """See :class:`SurfaceDistance`."""
        return torch.maximum(there.quantile(0.95), back.quantile(0.95))


class AverageSurfaceDistance(SurfaceDistance):
    """Mean distance from surface to surface, over the voxels of both surfaces (symmetric)."""

    def of_distances(self, there: Tensor, back: Tensor) -> Tensor:
        """See :class:`SurfaceDistance`."""
        return torch.cat([there, back]).mean()


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
