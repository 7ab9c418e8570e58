"""Charts of Dice by label: means with their deviations, and box plots."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .numbers import SHORT_DICE, number
from .style import PLAIN, dress, save_figure, stage_colour
from .summary import PairResult, check_labels, stack_dice


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
    ax.set_yticks(range(len(rows)), [_counted(row, summary["pairs"]) for row in rows], fontsize=PLAIN)
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


def save_label_boxplot(path: str | os.PathLike[str], results: Sequence[PairResult], labels: Mapping[int, str]) -> None:
    """A box a label and stage over the pairs that have the label, as papers on registration show it.

    Args:
        path: image file.
        results: one a pair.
        labels: label id -> name, in the order of the Dice arrays.

    Raises:
        InputError: if results and labels do not agree.
    """
    stacked = stack_dice(results)
    check_labels(stacked, labels)
    counts = (~np.isnan(next(iter(stacked.values())))).sum(axis=0)
    figure = Figure(figsize=(max(4.0, 1.0 + 0.4 * len(labels)), 4.2), layout="constrained")
    ax = figure.subplots()
    for k, dice in enumerate(stacked.values()):
        _draw_boxes(ax, dice, k, len(stacked))
    rows = [{"name": name, "pairs": count} for name, count in zip(labels.values(), counts, strict=True)]
    names = [_counted(row, len(results)) for row in rows]
    ax.set_xticks(range(len(names)), names, rotation=55, ha="right", rotation_mode="anchor", fontsize=PLAIN)
    ax.set(xlim=(-0.6, len(names) - 0.4), ylim=(-0.02, 1.02))
    ax.set_ylabel("Dice", fontsize=PLAIN)
    dress(ax, grid_axis="y")
    keys = [Patch(color=stage_colour(k), label=stage) for k, stage in enumerate(stacked)]
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys), fontsize=PLAIN, frameon=False)
    save_figure(path, figure)


def _draw_boxes(ax: Axes, dice: np.ndarray, k: int, stages: int) -> None:
    """The boxes of stage ``k`` beside those of the others, ``dice (N, K)``."""
    width = 0.8 / stages
    boxes = ax.boxplot(
        [column[~np.isnan(column)] for column in dice.T],
        positions=np.arange(dice.shape[1]) + (k - (stages - 1) / 2) * width,
        widths=0.8 * width,
        patch_artist=True,
        manage_ticks=False,
        medianprops={"color": "black", "linewidth": 0.9},
        whiskerprops={"linewidth": 0.7},
        capprops={"linewidth": 0.7},
        flierprops={"marker": ".", "markersize": 2.5, "markeredgecolor": stage_colour(k)},
    )
    for box in boxes["boxes"]:
        box.set(facecolor=stage_colour(k), linewidth=0.5)


def _counted(row: Mapping[str, Any], pairs: int) -> str:
    """A label's name, and in how many pairs it is present if that is not all."""
    return row["name"] if row["pairs"] == pairs else f"{row['name']} (n = {row['pairs']})"
