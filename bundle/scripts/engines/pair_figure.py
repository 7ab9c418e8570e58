"""From the tensors of a registered batch to the picture of one of its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ..reports import PairResult, nan_mean, save_registration_figure
from ..reports.numbers import SHORT_DICE, number
from ..spatial import jacobian_determinant, warp
from .stages import Tensors


def save_pair_figure(
    folder: Path,
    result: PairResult,
    target: Tensors,
    pred: Tensors,
    i: int,
    panels: Sequence[str] | None = None,
    orientation: str = "",
) -> None:
    """Draw pair ``i`` of a batch into ``pair_<moving>_to_<fixed>.png``.

    Args:
        folder: where.
        result: the pair's names and Dice.
        target, pred: of the batch, as measures take them; label maps are drawn where there are any.
        i: which pair of the batch.
        panels, orientation: see :func:`scripts.reports.save_registration_figure`.
    """
    ddf = pred["ddf"][i : i + 1]
    images = {key: value[i : i + 1] for key, value in target.items() if key in IMAGES}
    if "moving_label" in images:
        images["warped_label"] = warp(images["moving_label"], ddf, "nearest")
    images |= {"warped": pred["warped"][i : i + 1], "jac_det": jacobian_determinant(ddf)}
    save_registration_figure(
        folder / f"pair_{result.moving}_to_{result.fixed}.png",
        ddf=_array(ddf),
        **{name: _array(image)[0] for name, image in images.items()},
        title=_title(result),
        panels=panels,
        orientation=orientation,
    )


IMAGES = ("fixed", "moving", "fixed_label", "moving_label")


def _array(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor[0].cpu().numpy()
    return array


def _title(result: PairResult) -> str:
    dice = list(result.dice.values())
    before, after = (number(float(nan_mean(each)), SHORT_DICE) for each in (dice[0], dice[-1]))
    return f"{result.moving} to {result.fixed}: mean Dice {before} before, {after} after"
