"""Dice over the steps of a training, and over the folding that it is bought with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.reports.style import PLAIN, SMALL, TITLE, dress, save_figure, stage_colour


@dataclass(frozen=True)
class Trade:
    """What a network reaches with one weight of the diffusion.

    Attributes:
        sigma: the weight.
        folded: pixels, %.
        dice: mean over pairs and labels.
    """

    sigma: float
    folded: float
    dice: float


def save_budgets(
    path: str | os.PathLike[str],
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    trades: Mapping[str, Sequence[Trade]],
    traded: int,
) -> None:
    """Draw a curve a network over its steps, with the range of its trainings, and a line a network over its folding.

    Args:
        path: image file.
        curves: network to its steps of the optimiser, ascending, to the Dice of each of its trainings.
        trades: network to its results by sigma; without one there is no second panel.
        traded: steps after which they are.
    """
    figure = Figure(figsize=(9.6 if trades else 5.2, 4.0), layout="constrained")
    axes = figure.subplots(1, 2 if trades else 1, squeeze=False)[0]
    colours = {name: stage_colour(k + 1) for k, name in enumerate(curves)}
    _draw_curves(axes[0], curves, colours)
    if trades:
        _draw_trades(axes[1], trades, colours, traded)
    for name, colour in colours.items():
        axes[0].plot([], [], color=colour, linewidth=1.8, label=name)
    figure.legend(loc="outside lower center", ncols=min(len(curves), 7), fontsize=PLAIN, frameon=False)
    save_figure(path, figure)


def _draw_curves(ax: Axes, curves: Mapping[str, Mapping[int, Sequence[float]]], colours: Mapping[str, str]) -> None:
    for name, trainings in curves.items():
        steps = list(trainings)
        low, mean, high = (np.array([f(each) for each in trainings.values()]) for f in (np.min, np.mean, np.max))
        ax.fill_between(steps, low, high, color=colours[name], alpha=0.15, linewidth=0)
        ax.plot(steps, mean, color=colours[name], linewidth=1.8, marker="o", markersize=3)
    steps = sorted({n for trainings in curves.values() for n in trainings})
    ax.set_xscale("log")
    ax.set_xticks(steps, [f"{n:,}" for n in steps])
    ax.minorticks_off()
    ax.set_xlabel("steps of the optimiser", fontsize=PLAIN)
    ax.set_ylabel("Dice, mean and range of the trainings", fontsize=PLAIN)
    ax.set_title("at the paper's sigma", fontsize=TITLE, loc="left")
    dress(ax, grid_axis="both")


def _draw_trades(ax: Axes, trades: Mapping[str, Sequence[Trade]], colours: Mapping[str, str], steps: int) -> None:
    for name, found in trades.items():
        points = [(each.folded, each.dice) for each in found]
        ax.plot(*zip(*points, strict=True), color=colours[name], linewidth=1.2, marker="o", markersize=4)
        for each in found:
            ax.annotate(
                f"{each.sigma:g}", (each.folded, each.dice), (4, -9), textcoords="offset points", fontsize=SMALL
            )
    ax.set_xlabel("folded pixels, %", fontsize=PLAIN)
    ax.set_title(f"at several sigmas, first seed, {steps:,} steps", fontsize=TITLE, loc="left")
    dress(ax, grid_axis="both")
