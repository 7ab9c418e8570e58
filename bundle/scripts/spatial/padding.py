"""Padding a batch to a size that a pooling network can halve."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(x: Tensor, multiple: int, mode: str = "constant") -> Tensor:
    """Append voxels at the end of every spatial axis until its size is a multiple of ``multiple``.

    Args:
        x: ``(B, C, *S)``.
        multiple: a whole number, at least 1.
        mode: of ``torch.nn.functional.pad``; zeros by default.

    Returns:
        ``(B, C, *S')`` with ``S' = ceil(S / multiple) * multiple``; ``x`` itself where nothing is missing.
    """
    missing = [-size % multiple for size in x.shape[2:]]
    if not any(missing):
        return x
    return F.pad(x, [p for extra in reversed(missing) for p in (0, extra)], mode=mode)


def crop_to(x: Tensor, spatial_size: Sequence[int]) -> Tensor:
    """Keep the first ``spatial_size`` voxels of every axis of ``x`` ``(B, C, *S)``."""
    for axis, size in enumerate(spatial_size, start=2):
        x = x.narrow(axis, 0, size)
    return x
