"""What an evaluation leaves behind: its tables as files, and as text to read at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ..files import atomic_path
from .dice_charts import save_mean_dice_plot
from .measures import labels_csv, measure_table
from .summary import PairResult, dice_csv, pairs_csv, summarise
from .table import label_table, stage_table


def write_evaluation(folder: str | Path, results: Sequence[PairResult], labels: Mapping[int, str]) -> str:
    """Write the results of all pairs into a folder.

    ``dice.csv`` (pair and label), ``labels.csv`` (the same for the other measures that have a value a label),
    ``pairs.csv``, ``summary.json``, ``summary.md`` and ``dice.png``.

    Args:
        folder: where, made where missing.
        results: one a pair.
        labels: id to name, in the order of the Dice arrays.

    Returns:
        The tables of ``summary.md``.

    Raises:
        InputError: if there is no result, or results and labels do not agree; nothing is written then.
    """
    folder, summary = Path(folder), summarise(results, labels)
    tables = f"{stage_table(summary)}\n{measure_table(summary)}\n{label_table(summary)}"
    texts = {
        "dice.csv": dice_csv(results, labels),
        "labels.csv": labels_csv(results, labels),
        "pairs.csv": pairs_csv(results),
        "summary.json": json.dumps(summary, indent=2) + "\n",
        "summary.md": tables,
    }
    with ExitStack() as files:  # all are written before the first takes its place
        for name, text in texts.items():
            files.enter_context(atomic_path(folder / name)).write_text(text, encoding="utf-8", newline="")
        save_mean_dice_plot(files.enter_context(atomic_path(folder / "dice.png")), summary)
    return tables
