"""Results as Markdown tables that also read well printed in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from .numbers import plus_minus, shown


def markdown_table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table with padded columns: the first to the left, the others (numbers) to the right.

    Raises:
        InputError: if a row has not one cell a column.
    """
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in (header, *rows)]
    if any(len(row) != len(header) for row in cells):
        raise InputError(f"Every row of the table needs {len(header)} cells, one a column.")
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width if k == 0 else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    lines = [_line(row, widths) for row in (cells[0], rule, *cells[1:])]
    return "\n".join(lines) + "\n"


def stage_table(summary: Mapping[str, Any]) -> str:
    """A row a stage: Dice with its two deviations, folded share of the voxels, seconds a pair."""
    header = ["Stage", "Dice", "std over labels", "std over pairs", "folded, %", "seconds a pair"]
    rows = [
        [
            stage,
            *(shown("dice", values[key]) for key in ("dice_mean", "dice_std_over_labels", "dice_std_over_pairs")),
            *(shown(name, _mean(values, name)) for name in ("folding", "seconds")),
        ]
        for stage, values in summary["stages"].items()
    ]
    return markdown_table(header, rows)


def label_table(summary: Mapping[str, Any]) -> str:
    """A row a label: in how many pairs it is present and, a column a stage, Dice mean ± std over pairs."""
    stages = list(summary["stages"])
    rows = [
        [row["name"], row["pairs"], *(plus_minus("dice", **row["dice"][stage]) for stage in stages)]
        for row in summary["labels"]
    ]
    return markdown_table(["Label", "pairs", *stages], rows)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if k == 0 else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def _mean(stage: Mapping[str, Any], measure: str) -> float | None:
    return stage["measures"].get(measure, {}).get("mean")
