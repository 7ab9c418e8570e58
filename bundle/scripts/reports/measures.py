"""The measures besides Dice: by label as CSV, by stage as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .summary import PairResult, cell, csv_text, stage_names
from .table import NOTHING, markdown_table


@dataclass(frozen=True)
class Column:
    """How a measure is shown: its heading, a factor to the unit of the heading, a format, and which way is better.

    ``better`` is 1 where more is better, -1 where less is, 0 where the measure says nothing of the sort.
    """

    heading: str
    form: str
    factor: float = 1.0
    better: int = -1


COLUMNS = {
    "dice": Column("Dice", ".4f", better=1),
    "hd95": Column("HD95, mm", ".2f"),
    "asd": Column("ASD, mm", ".3f"),
    "lost": Column("lost labels", ".2f"),
    "mse": Column("MSE", ".5f"),
    "mae": Column("MAE", ".4f"),
    "ssim": Column("SSIM", ".4f", better=1),
    "ncc": Column("NCC", ".4f", better=1),
    "folding": Column("|J| ≤ 0, %", ".3f", 100),
    "ndv": Column("non-diffeomorphic, %", ".4f", 100),
    "sdlogj": Column("std log |J|", ".3f", better=0),
    "seconds": Column("seconds a pair", ".3g"),
}


def column(measure: str) -> Column:
    """How ``measure`` is shown; one that is not known is shown as it is."""
    return COLUMNS.get(measure, Column(measure, ".4g", better=0))


def labels_csv(results: Sequence[PairResult], labels: Mapping[int, str]) -> str:
    """Measures by label in long format: a row a pair and label, a column a stage and measure, empty where NaN."""
    columns = [(stage, name) for stage in stage_names(results) for name in results[0].by_label.get(stage, {})]
    rows = [
        [r.moving, r.fixed, label, name, *(cell(float(r.by_label[s][m][k]), ".6g") for s, m in columns)]
        for r in results
        for k, (label, name) in enumerate(labels.items())
    ]
    return csv_text(["moving", "fixed", "label", "name", *(f"{stage} {name}" for stage, name in columns)], rows)


def measure_table(summary: Mapping[str, Any]) -> str:
    """A row a stage, a column a measure: mean ± standard deviation over pairs of what ``summarise`` returns."""
    stages = summary["stages"]
    names = list(dict.fromkeys(name for stage in stages.values() for name in stage["measures"]))
    rows = [[stage, *(_cell(values["measures"].get(name), name) for name in names)] for stage, values in stages.items()]
    return markdown_table(["Stage", *(column(name).heading for name in names)], rows)


def _cell(values: Mapping[str, float | None] | None, name: str) -> str:
    return NOTHING if values is None else plus_minus(name, values["mean"], values["std"])


def plus_minus(name: str, mean: float | None, std: float | None) -> str:
    """Mean ± deviation of a measure in the unit and format of its column."""
    shape = column(name)
    if mean is None or std is None or np.isnan(mean):
        return NOTHING
    return f"{shape.factor * mean:{shape.form}} ± {shape.factor * std:{shape.form}}"
