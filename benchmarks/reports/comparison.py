"""Several methods on the same pairs: the tables that compare them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scripts.errors import InputError
from scripts.reports.numbers import NOTHING, column, number, plain, plus_minus, shown
from scripts.reports.summary import PairResult, csv_text, nan_mean, nan_std
from scripts.reports.table import markdown_table

from .statistics import compare_pairs

OF_THE_FIELD = ("folding", "ndv", "sdlogj")
LEVEL = 0.05  # of the test: a method is called better where the interval and the test agree


@dataclass(frozen=True)
class Method:
    """One method's results: a list of pairs from each training, the same pairs in the same order.

    Attributes:
        name: what the tables call it.
        stage: which stage of the results is the method's.
        runs: the results of each training (seed); one for a method that is not trained.
        facts: further columns of the table, such as the number of parameters, by heading.
    """

    name: str
    stage: str
    runs: Sequence[Sequence[PairResult]]
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pairs = [[(r.moving, r.fixed) for r in run] for run in self.runs]
        if not pairs or not pairs[0] or any(these != pairs[0] for these in pairs):
            raise InputError(f"The trainings of {self.name} were not evaluated on the same pairs.")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Moving and fixed of every pair."""
        return [(result.moving, result.fixed) for result in self.runs[0]]

    @property
    def dice(self) -> np.ndarray:
        """``(N, K)``: Dice of each pair and label, mean over the trainings."""
        return nan_mean(np.array([[r.dice[self.stage] for r in run] for run in self.runs], dtype=float), axis=0)

    def values(self, measure: str) -> np.ndarray:
        """``(R, N)``: a measure of each training and pair, ``dice`` among them; NaN where a pair lacks it."""
        return np.array([[self._value(result, measure) for result in run] for run in self.runs], dtype=float)

    def _value(self, result: PairResult, measure: str) -> float:
        if measure == "dice":
            return float(nan_mean(np.asarray(result.dice[self.stage], dtype=float)))
        return result.measures.get(self.stage, {}).get(measure, math.nan)

    def of_pairs(self, measure: str) -> np.ndarray:
        """``(N,)``: mean over the trainings."""
        return nan_mean(self.values(measure), axis=0)

    @property
    def seed_spread(self) -> float:
        """Standard deviation over the trainings of the mean Dice; NaN with one training."""
        means = nan_mean(self.values("dice"), axis=1)
        return float(means.std()) if len(means) > 1 else math.nan


def joined(methods: Sequence[Method]) -> list[PairResult]:
    """The methods as the stages of one list of results, for the tables and figures that compare stages.

    Raises:
        InputError: if the methods were not evaluated on the same pairs.
    """
    for method in methods:
        if method.pairs != methods[0].pairs:
            raise InputError(f"{method.name} was evaluated on other pairs than {methods[0].name}.")
    dice = {method.name: method.dice for method in methods}
    return [
        PairResult(moving, fixed, {name: values[n] for name, values in dice.items()}, {})
        for n, (moving, fixed) in enumerate(methods[0].pairs)
    ]


def measures_of(methods: Sequence[Method]) -> list[str]:
    """Every measure that a method has, Dice first."""
    named = [name for m in methods for run in m.runs for r in run for name in r.measures.get(m.stage, {})]
    return ["dice", *dict.fromkeys(named)]


def method_table(methods: Sequence[Method]) -> str:
    """A column a method: what it is, then each measure as mean ± standard deviation over pairs."""
    facts = list(dict.fromkeys(heading for method in methods for heading in method.facts))
    rows = [[heading, *(method.facts.get(heading, NOTHING) for method in methods)] for heading in facts]
    rows.append(["trainings", *(str(len(method.runs)) for method in methods)])
    for name in measures_of(methods):
        heading = column(name).heading + (", median" if name == "seconds" else "")
        rows.append([heading, *(_summary(method, name) for method in methods)])
        if name == "dice":
            rows.append(["Dice, std over trainings", *(shown(name, method.seed_spread) for method in methods)])
    return markdown_table(["", *(method.name for method in methods)], rows)


def _summary(method: Method, name: str) -> str:
    values = method.of_pairs(name)
    if name == "seconds":  # the first pair warms the machine up: the median does not see it
        return shown(name, None if np.isnan(values).all() else float(np.nanmedian(values)))
    return plus_minus(name, float(nan_mean(values)), float(nan_std(values)))


def method_csv(methods: Sequence[Method]) -> str:
    """:func:`method_table` with plain numbers: a row a method and measure."""
    rows = []
    for method in methods:
        for name in measures_of(methods):
            values = method.of_pairs(name)
            by_run = nan_mean(method.values(name), axis=1)
            spread = float(by_run.std()) if len(by_run) > 1 else math.nan
            numbers = [plain(x, ".8g") for x in (nan_mean(values), nan_std(values), spread)]
            rows.append([method.name, name, int((~np.isnan(values)).sum()), len(method.runs), *numbers])
    return csv_text(["method", "measure", "pairs", "trainings", "mean", "std over pairs", "std over trainings"], rows)


def paired_table(ours: Method, others: Sequence[Method], measures: Sequence[str] | None = None) -> str:
    """A row a method and measure: ours minus the other's with its confidence interval, and Wilcoxon's p.

    Args:
        ours: the method that the others are compared with.
        others: on the same pairs.
        measures: those that are shown; ``None`` for all.
    """
    header = ["Measure", "ours minus", "pairs", "difference", "95 % interval", "p (Wilcoxon)", "better"]
    shown = [(name, other) for name, other in _comparable(ours, others) if measures is None or name in measures]
    return markdown_table(header, [_paired_row(ours, other, name) for name, other in shown])


def _comparable(ours: Method, others: Sequence[Method]) -> list[tuple[str, Method]]:
    """Every measure of ours with every method that has it too; the affine stage has no field to measure."""
    names = [name for name in measures_of([ours]) if name != "seconds"]
    return [(n, other) for n in names for other in others if not (n in OF_THE_FIELD and _is_still(other))]


def _is_still(method: Method) -> bool:
    return not np.nan_to_num(method.values("sdlogj")).any()


def _paired_row(ours: Method, other: Method, name: str) -> list[object]:
    shape, result = column(name), compare_pairs(ours.of_pairs(name), other.of_pairs(name))
    difference, low, high = (shown(name, x, sign="+") for x in (result.difference, result.low, result.high))
    clear = not (result.low <= 0 <= result.high) and result.p_value < LEVEL
    better = ours.name if result.difference * shape.better > 0 else other.name
    verdict = better if clear and shape.better else NOTHING
    p_value = "< 0.0001" if result.p_value < 1e-4 else number(result.p_value, ".4f")
    return [shape.heading, other.name, result.pairs, difference, f"{low} to {high}", p_value, verdict]


def paired_csv(ours: Method, others: Sequence[Method]) -> str:
    """:func:`paired_table` with plain numbers."""
    rows = []
    for name, other in _comparable(ours, others):
        result = compare_pairs(ours.of_pairs(name), other.of_pairs(name))
        numbers = (result.difference, result.low, result.high, result.p_value)
        rows.append([name, other.name, result.pairs, *(plain(x, ".8g") for x in numbers)])
    return csv_text(["measure", "ours minus", "pairs", "difference", "low", "high", "p"], rows)


def paper_csv(results: Sequence[PairResult]) -> str:
    """The paper's table with plain numbers: a row a pair and method (stage), Dice mean and deviation over labels."""
    rows = [
        [n, r.moving, r.fixed, stage, plain(nan_mean(dice), ".6f"), plain(nan_std(dice), ".6f")]
        for n, r in enumerate(results, start=1)
        for stage, dice in r.dice.items()
    ]
    return csv_text(["test", "moving", "fixed", "method", "dice mean", "dice std over labels"], rows)
