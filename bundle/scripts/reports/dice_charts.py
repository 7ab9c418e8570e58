"""A chart of Dice by label: means with their deviations."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .numbers import SHORT_DICE, number
from .style import PLAIN, dress, save_figure, stage_colour


def save_mean_dice_plot(path: str | os.PathLike[str], summary: Mapping[str, Any]) -> None:
    """Mean Dice of each label at the first and the last stage, with one deviation over pairs, best on top.

    Args:
        path: image file.
        summary: what :func:`scripts.reports.summary.summarise` returns.
    """
    stages = list(dict.fromkeys([summary["gain"]["first"], summary["gain"]["last"]]))
    rows = [row for row in summary["labels"] if row["pairs"]]
    rows.sort(key=lambda row: row["dice"][stages[-1]]["mean"])
    figure = Figure(figsize=(6.2, 1.0 + 0.2 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for k, stage in enumerate(stages):
        heights = np.arange(len(rows)) + 0.13 * (2 * k - 1) * (len(stages) > 1)
        mean = number(summary["stages"][stage]["dice_mean"], SHORT_DICE, nothing="unknown")
        _draw_means(ax, [row["dice"][stage] for row in rows], heights, stage_colour(k), f"{stage} (mean {mean})")
    ax.set_yticks(range(len(rows)), [counted(row, summary["pairs"]) for row in rows], fontsize=PLAIN)
    ax.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    ax.set_xlabel("Dice, mean ± standard deviation over pairs", fontsize=PLAIN)
    dress(ax, grid_axis="x")
    figure.legend(loc="outside upper right", ncols=2, fontsize=PLAIN, frameon=False)
    save_figure(path, figure)


def _draw_means(ax: Axes, dice: Sequence[Mapping[str, float]], heights: np.ndarray, colour: str, name: str) -> None:
    """The ``mean`` and ``std`` of one stage, a point and a level line a label."""
    means, spread = ([values[key] for values in dice] for key in ("mean", "std"))
    style: dict[str, Any] = {"color": colour, "ecolor": colour, "elinewidth": 0.9}
    ax.errorbar(means, heights, xerr=spread, fmt="o", markersize=4, label=name, **style)


def counted(row: Mapping[str, Any], pairs: int) -> str:
    """A label's name, and in how many pairs it is present if that is not all."""
    return row["name"] if row["pairs"] == pairs else f"{row['name']} (n = {row['pairs']})"
