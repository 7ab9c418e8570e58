"""The measures besides Dice: by label as CSV, by stage as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .numbers import NOTHING, column, plain, plus_minus
from .summary import PairResult, csv_text, stage_names
from .table import markdown_table


def labels_csv(results: Sequence[PairResult], labels: Mapping[int, str]) -> str:
    """Measures by label in long format: a row a pair and label, a column a stage and measure, empty where NaN."""
    columns = [(stage, name) for stage in stage_names(results) for name in results[0].by_label.get(stage, {})]
    rows = [
        [r.moving, r.fixed, label, name, *(plain(r.by_label[s][m][k]) for s, m in columns)]
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
