"""A registration method on pairs: Dice, folds, seconds a pair, memory over the data."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.metrics import label_dice, log_jacobian_deviation
from scripts.spatial import folded_fraction, warp

from .docs import machine
from .methods import Register
from .setting import PairChoice, choose_pairs


def measure_method(make: Callable[[], Register], choice: PairChoice) -> dict[str, Any]:
    """Register every pair with one method, after one that is not counted.

    Args:
        make: the method; what it loads counts as its memory.
        choice: of the pairs.

    Returns:
        ``dice`` (mean over labels), ``folded`` (share of the voxels), ``sdlogj`` (standard deviation of ``log |J|``
        where the fixed image has labels) and ``seconds``, a list each; ``peak_memory_mb`` of this process over what the
        data took; ``machine``.
    """
    dataset, ids = choose_pairs(choice)
    before = peak_memory_mb()
    register = make()
    timed(register, dataset[0])
    rows = [measure_pair(register, dataset[i], ids) for i in range(len(dataset))]
    result: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    return {**result, "peak_memory_mb": peak_memory_mb() - before, "machine": machine()}


def peak_memory_mb() -> float:
    """The most that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(register: Register, pair: Mapping[str, Tensor]) -> tuple[np.ndarray, float]:
    """The field ``(D, *S)`` of a pair of the data set, and the seconds that it took."""
    moving, fixed = (np.ascontiguousarray(pair[key][0].numpy()) for key in ("moving", "fixed"))
    start = time.perf_counter()
    return register(moving, fixed), time.perf_counter() - start


def measure_pair(register: Register, pair: Mapping[str, Tensor], ids: Sequence[int]) -> dict[str, float]:
    """Every method's labels are warped, and its field measured, by the same code."""
    field, seconds = timed(register, pair)
    ddf = torch.from_numpy(np.ascontiguousarray(field))[None]
    moving_label, fixed_label = pair["moving_label"][None], pair["fixed_label"][None]
    dice = label_dice(warp(moving_label, ddf, "nearest"), fixed_label, ids, moving_label)
    roughness = log_jacobian_deviation(ddf, fixed_label > 0)
    measures = {"dice": dice.nanmean(), "folded": folded_fraction(ddf), "sdlogj": roughness}
    return {**{name: float(value) for name, value in measures.items()}, "seconds": seconds}
