"""Box plots of Dice by label."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from scripts.reports import PairResult
from scripts.reports.dice_charts import counted
from scripts.reports.style import PLAIN, dress, save_figure, stage_colour
from scripts.reports.summary import check_labels, stack_dice


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
    names = [counted(row, len(results)) for row in rows]
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
