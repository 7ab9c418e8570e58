"""From our words (moving, fixed) to MONAI's (image, label), once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def prepare_pair(
    batchdata: Mapping[str, Any],
    device: str | torch.device | None = None,
    non_blocking: bool = False,
    **kwargs: Any,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Engine's ``prepare_batch``: a batch of pairs to the network's input and the targets of losses and metrics.

    Args:
        batchdata: ``moving, fixed`` ``(B, C, *S)``, optionally ``moving_label, fixed_label`` ``(B, 1, *S)`` and
            ``unaligned_image, unaligned_label``; anything that is no tensor is passed over.
        device, non_blocking: where and how the tensors are moved.

    Returns:
        The pair ``(B, 2C, *S)``, moving then fixed, and the tensors by name.
    """
    targets = {
        key: value.to(device=device, non_blocking=non_blocking, **kwargs)
        for key, value in batchdata.items()
        if isinstance(value, Tensor)
    }
    return torch.cat([targets["moving"], targets["fixed"]], dim=1), targets


def measured_pairs(
    batchdata: Mapping[str, Any], *tensors: Mapping[str, Tensor]
) -> tuple[Mapping[str, Any], list[dict[str, Tensor]]]:
    """The pairs of a batch that are measured: all, or those that ``measured`` lists, as a sequence's does.

    Args:
        batchdata: the batch as it came from the loader.
        tensors: by name, ``(B, ...)`` each, such as the targets and what was predicted.

    Returns:
        The batch's lists of names and the tensors, with those pairs alone.
    """
    if "measured" not in batchdata:
        return batchdata, [dict(each) for each in tensors]
    chosen = batchdata["measured"]
    lists = {key: value for key, value in batchdata.items() if isinstance(value, list) and key != "measured"}
    names = {key: [value[i] for i in chosen] for key, value in lists.items()}
    return names, [{key: value[chosen] for key, value in each.items()} for each in tensors]
