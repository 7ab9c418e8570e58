"""Dice similarity coefficient per label, from integer label maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..spatial import warp
from .measure import LabelMeasure, original_label


def _index(label: Tensor, ids: Tensor) -> Tensor:
    """Position of every voxel's id in the sorted ``ids`` plus one; 0 for ids not asked for."""
    label = label.to(ids.dtype)
    place = torch.searchsorted(ids, label.contiguous()).clamp_max(len(ids) - 1)
    return torch.where(ids[place] == label, place + 1, 0)


def label_dice(warped_label: Tensor, fixed_label: Tensor, ids: Sequence[int], moving_label: Tensor) -> Tensor:
    """Dice ``2 |A and B| / (|A| + |B|)`` of every label (paper, eq. 6).

    A label absent from the fixed or from the original moving map has no value (NaN) and is left out of means;
    one that only the warp lost counts 0.

    Args:
        warped_label: moving labels on the fixed grid, ``(B, 1, *S)``, integer.
        fixed_label: ``(B, 1, *S)``, integer.
        ids: the ``K`` label ids, without the background.
        moving_label: the moving labels before any warp, ``(B, 1, *S)``, integer.

    Returns:
        ``(B, K)`` in the order of ``ids``, between 0 and 1 or NaN.
    """
    wanted = torch.tensor(ids, device=fixed_label.device)
    sorted_ids, order = wanted.sort()
    scores = [
        _dice_of_pair(*(_index(x, sorted_ids) for x in maps), num_labels=len(ids))
        for maps in zip(warped_label, fixed_label, moving_label, strict=True)
    ]
    return torch.stack(scores)[:, order.argsort()]


def _dice_of_pair(warped: Tensor, fixed: Tensor, moving: Tensor, *, num_labels: int) -> Tensor:
    bins = num_labels + 1
    joint = _counts(warped * bins + fixed, bins * bins).reshape(bins, bins)
    in_moving = _counts(moving, bins)
    sizes = joint.sum(0) + joint.sum(1)
    dice = 2.0 * joint.diagonal() / sizes
    dice[(joint.sum(0) == 0) | (in_moving == 0)] = torch.nan
    return dice[1:]


def _counts(index: Tensor, bins: int) -> Tensor:
    """How often ``0`` to ``bins - 1`` occur; ``torch.bincount`` waits for the device to tell the largest."""
    ones = torch.ones_like(index).flatten()
    return ones.new_zeros(bins).scatter_add_(0, index.flatten(), ones)


class LabelDice(LabelMeasure):
    """:func:`label_dice` of every label; of a pair, the mean over the labels present on both sides."""

    def of_labels(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B, K)``; ``pred`` holds ``ddf``, ``target`` holds ``moving_label`` and ``fixed_label``."""
        warped_label = warp(target["moving_label"], pred["ddf"], "nearest")
        return label_dice(warped_label, target["fixed_label"], self.ids, original_label(target))
