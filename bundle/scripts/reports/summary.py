"""From the results of single pairs to the numbers that a table reports.

The convention on Dice: a label that is absent from the fixed or from the original moving label map is NaN at
every stage and is left out of means; a label that warping lost is present and counts 0. Standard deviations
are those of the population (``ddof = 0``).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from .numbers import plain


@dataclass(frozen=True)
class PairResult:
    """What the evaluation of one pair measured.

    Attributes:
        moving: name of the moving image.
        fixed: name of the fixed image.
        dice: stage -> ``(K,)``, Dice of each label, NaN where it is absent; stages in order of time, such as
            ``"unregistered"``, ``"affine"``, ``"network"``, ``"network + instance"``.
        measures: stage -> measure -> value, such as ``mse``, ``folding`` (share 0..1 of the voxels whose
            Jacobian determinant is not positive) and ``seconds``. A stage may lack a measure.
        by_label: stage -> measure -> ``(K,)``, of the measures besides Dice that have a value a label, NaN where a
            label has none; empty where nobody measured them.
    """

    moving: str
    fixed: str
    dice: dict[str, np.ndarray]
    measures: dict[str, dict[str, float]]
    by_label: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)


def nan_mean(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Mean of what is not NaN; NaN, without numpy's warning, where nothing is."""
    present = ~np.isnan(values)
    count = np.asarray(present.sum(axis=axis))
    total = np.where(present, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def nan_std(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Population standard deviation of what is not NaN; NaN where nothing is."""
    mean = nan_mean(values, axis)
    centre = mean if axis is None else np.expand_dims(mean, axis)
    with np.errstate(invalid="ignore"):  # an infinite value has no deviation: NaN is the answer
        return np.sqrt(nan_mean((values - centre) ** 2, axis))


def stage_names(results: Sequence[PairResult]) -> list[str]:
    """The stages, in order, that all pairs share.

    Raises:
        InputError: if there is no pair, or two pairs went through different stages.
    """
    if not results:
        raise InputError("There are no results to report: evaluate at least one pair.")
    stages = list(results[0].dice)
    for result in results:
        if list(result.dice) != stages:
            raise InputError(
                f"Pair {result.moving} to {result.fixed} has the stages {list(result.dice)}, the first pair "
                f"has {stages}: report pairs of one kind together."
            )
    return stages


def stack_dice(results: Sequence[PairResult]) -> dict[str, np.ndarray]:
    """Dice of all pairs: stage -> ``(N, K)``.

    Raises:
        InputError: if pairs differ in stages or in the number of labels, or if a label is NaN at one stage
            and a number at another: the means of the two stages would then be over different labels.
    """
    stages = stage_names(results)
    counts = {np.shape(result.dice[stage]) for result in results for stage in stages}
    if len(counts) != 1 or len(next(iter(counts))) != 1:
        raise InputError(f"Every stage of every pair needs one Dice a label, found the shapes {counts}.")
    stacked = {stage: np.stack([np.asarray(r.dice[stage], dtype=float) for r in results]) for stage in stages}
    for stage in stages[1:]:
        if not np.array_equal(np.isnan(stacked[stage]), np.isnan(stacked[stages[0]])):
            raise InputError(
                f"The labels that are absent (NaN) differ between {stages[0]!r} and {stage!r}: decide "
                "absence on the fixed and the original moving label map, once a pair."
            )
    return stacked


def check_labels(stacked: Mapping[str, np.ndarray], labels: Mapping[int, str]) -> None:
    """Refuse names of labels that do not go with what :func:`stack_dice` returned.

    Raises:
        InputError: if there are more or fewer names than Dice values a pair.
    """
    found = next(iter(stacked.values())).shape[1]
    if found != len(labels):
        raise InputError(f"The results hold {found} Dice values a pair, but {len(labels)} labels are named.")


def measure_names(results: Sequence[PairResult], stage: str) -> list[str]:
    """Names of a stage's measures over all pairs, in order of first appearance."""
    return list(dict.fromkeys(name for result in results for name in result.measures.get(stage, {})))


def stack_measure(results: Sequence[PairResult], stage: str, name: str) -> np.ndarray:
    """One measure of all pairs: ``(N,)``, NaN where a pair lacks it."""
    return np.array([result.measures.get(stage, {}).get(name, math.nan) for result in results], dtype=float)


def dice_csv(results: Sequence[PairResult], labels: Mapping[int, str]) -> str:
    """Dice in long format: a row a pair and label, a column a stage, 6 decimals, empty where NaN."""
    stacked = stack_dice(results)
    check_labels(stacked, labels)
    rows = [
        [result.moving, result.fixed, label, name, *(plain(dice[n, k], ".6f") for dice in stacked.values())]
        for n, result in enumerate(results)
        for k, (label, name) in enumerate(labels.items())
    ]
    return csv_text(["moving", "fixed", "label", "name", *stacked], rows)


def pairs_csv(results: Sequence[PairResult]) -> str:
    """A row a pair: the mean Dice of each stage, then every measure of each stage (``<stage> <measure>``)."""
    columns = {f"{stage} dice": nan_mean(dice, axis=1) for stage, dice in stack_dice(results).items()}
    for stage in stage_names(results):
        for name in measure_names(results, stage):
            columns[f"{stage} {name}"] = stack_measure(results, stage, name)
    formats = [".6f" if column.endswith(" dice") else ".6g" for column in columns]
    rows = [
        [r.moving, r.fixed, *(plain(v[n], f) for v, f in zip(columns.values(), formats, strict=True))]
        for n, r in enumerate(results)
    ]
    return csv_text(["moving", "fixed", *columns], rows)


def summarise(results: Sequence[PairResult], labels: Mapping[int, str]) -> dict[str, Any]:
    """Everything the tables need, ready for JSON: plain numbers, ``None`` where there is no number.

    Args:
        results: one a pair.
        labels: label id -> name, in the order of the Dice arrays.

    Returns:
        ``pairs``: N; ``stages``: stage -> ``dice_mean`` (mean over pairs of each pair's mean over its
        labels), ``dice_std_over_pairs`` (of those pair means), ``dice_std_over_labels`` (of the label
        means), ``measures`` (measure -> ``mean``, ``std``, ``max``); ``labels``: a list of ``label``,
        ``name``, ``pairs`` (in how many it is present) and ``dice`` (stage -> ``mean``, ``std``); ``gain``:
        ``first`` and ``last`` stage and the difference of their mean ``dice``.

    Raises:
        InputError: if results and labels do not agree, see :func:`stack_dice`.
    """
    stacked = stack_dice(results)
    check_labels(stacked, labels)
    stages = {stage: _stage_summary(results, stage, dice) for stage, dice in stacked.items()}
    first, last = next(iter(stacked)), list(stacked)[-1]
    gain = nan_mean(nan_mean(stacked[last], 1)) - nan_mean(nan_mean(stacked[first], 1))
    return {
        "pairs": len(results),
        "stages": stages,
        "labels": [_label_summary(stacked, k, *item) for k, item in enumerate(labels.items())],
        "gain": {"first": first, "last": last, "dice": _plain(gain)},
    }


def _stage_summary(results: Sequence[PairResult], stage: str, dice: np.ndarray) -> dict[str, Any]:
    pair_means = nan_mean(dice, axis=1)
    measures = {name: stack_measure(results, stage, name) for name in measure_names(results, stage)}
    return {
        "dice_mean": _plain(nan_mean(pair_means)),
        "dice_std_over_pairs": _plain(nan_std(pair_means)),
        "dice_std_over_labels": _plain(nan_std(nan_mean(dice, axis=0))),
        "measures": {name: _measure_summary(values) for name, values in measures.items()},
    }


def _measure_summary(values: np.ndarray) -> dict[str, float | None]:
    largest = np.nan if np.isnan(values).all() else np.nanmax(values)
    return {"mean": _plain(nan_mean(values)), "std": _plain(nan_std(values)), "max": _plain(largest)}


def _label_summary(stacked: Mapping[str, np.ndarray], k: int, label: int, name: str) -> dict[str, Any]:
    columns = {stage: dice[:, k] for stage, dice in stacked.items()}
    present = int((~np.isnan(next(iter(columns.values())))).sum())
    dice = {stage: {"mean": _plain(nan_mean(v)), "std": _plain(nan_std(v))} for stage, v in columns.items()}
    return {"label": int(label), "name": name, "pairs": present, "dice": dice}


def _plain(value: Any) -> float | None:
    """A Python float, or ``None`` where JSON has no word for it."""
    number = float(value)
    return number if math.isfinite(number) else None


def csv_text(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
