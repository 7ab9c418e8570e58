"""The results of an evaluation, read back from the files that it wrote."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.errors import InputError
from scripts.reports.summary import PairResult

Row = Mapping[str, str]
KEYS = ("moving", "fixed")


def read_results(folder: str | Path) -> tuple[list[PairResult], dict[int, str]]:
    """Read ``dice.csv``, ``pairs.csv`` and, where there is one, ``labels.csv`` of an evaluation.

    Returns:
        One result a pair, in the files' order, and the labels, id to name, in the order of the Dice arrays.

    Raises:
        InputError: if a file is missing, or the files are not of one evaluation.
    """
    folder = Path(folder)
    dice, pairs = _read(folder / "dice.csv"), _read(folder / "pairs.csv")
    by_label = _read(folder / "labels.csv") if (folder / "labels.csv").is_file() else []
    labels = {int(row["label"]): row["name"] for row in dice}
    if len(dice) != len(pairs) * len(labels) or (by_label and len(by_label) != len(dice)):
        raise InputError(f"{folder} holds tables of different evaluations; evaluate again.")
    stages = [name for name in dice[0] if name not in (*KEYS, "label", "name")]
    results = []
    for n, row in enumerate(pairs):
        rows = slice(n * len(labels), (n + 1) * len(labels))
        values = {stage: _column(dice[rows], stage) for stage in stages}
        measures = {stage: _of_stage(row, stage) for stage in stages}
        others = {stage: _arrays(by_label[rows], stage) for stage in stages} if by_label else {}
        results.append(PairResult(row["moving"], row["fixed"], values, measures, others))
    return results, labels


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise InputError(f"{path} does not exist; evaluate first.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise InputError(f"{path} holds no result; evaluate again.")
    return rows


def _number(cell: str) -> float:
    return float(cell) if cell else math.nan


def _column(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([_number(row[name]) for row in rows])


def _names(row: Row, stage: str) -> dict[str, str]:
    """Measure to column of one stage; columns are called ``<stage> <measure>``."""
    return {column.removeprefix(f"{stage} "): column for column in row if column.startswith(f"{stage} ")}


def _of_stage(row: Row, stage: str) -> dict[str, float]:
    return {name: _number(row[column]) for name, column in _names(row, stage).items() if name != "dice" and row[column]}


def _arrays(rows: Sequence[Row], stage: str) -> dict[str, np.ndarray]:
    return {name: _column(rows, column) for name, column in _names(rows[0], stage).items()}
