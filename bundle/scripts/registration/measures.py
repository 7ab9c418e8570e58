"""How well a pair fits after a stage: numbers for the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..metrics import correlation, label_dice


def similarity(fixed: Tensor, other: Tensor, compared: Tensor) -> dict[str, float | None]:
    """Correlation coefficient and mean squared difference of two images scaled to 0..1.

    Args:
        fixed, other: ``(1, 1, *S)``.
        compared: likewise, not 0 where they are compared; where that is nowhere, the difference is unknown.
    """
    first, second = (image[compared > 0][None] for image in (fixed, other))
    alike = correlation(first, second).nan_to_num()
    return {"correlation": float(alike), "mse": _number((first - second).double().square().mean())}


def dice(warped: dict[str, np.ndarray], fixed: np.ndarray, moving: np.ndarray) -> dict[str, Any]:
    """Dice of every id of the fixed or the moving map, background left out, and their means.

    Args:
        warped: moving label maps ``(*S)`` on the fixed grid, by stage.
        fixed: ``(*S)``.
        moving: on its own grid, to know which ids it holds: one that either side lacks has no value.
    """
    ids = [int(each) for each in np.union1d(np.unique(fixed), np.unique(moving)) if each != 0]
    if not ids:
        return {}
    maps = {stage: _as_batch(label) for stage, label in warped.items()}
    scores = {s: label_dice(m, _as_batch(fixed), ids, _as_batch(moving))[0] for s, m in maps.items()}
    means = {stage: _number(values.nanmean()) for stage, values in scores.items()}
    return {
        "mean": means,
        "labels": {str(i): {stage: _number(v[k]) for stage, v in scores.items()} for k, i in enumerate(ids)},
    }


def _as_batch(label: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(label, dtype=np.int64))[None, None]


def _number(value: Tensor) -> float | None:
    return None if bool(torch.isnan(value)) else float(value)


def volume_change(jac_det: np.ndarray) -> dict[str, float]:
    """Share of folded voxels, and the range of the Jacobian determinant."""
    return {
        "folded_fraction": float((jac_det <= 0).mean()),
        "min": float(jac_det.min()),
        "mean": float(jac_det.mean()),
        "max": float(jac_det.max()),
    }
