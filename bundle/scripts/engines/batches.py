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
