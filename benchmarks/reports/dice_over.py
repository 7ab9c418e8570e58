"""What a registration costs and what it is worth: Dice over seconds or roughness, a point a stage of every method."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.reports.style import PLAIN, SMALL, dress, save_figure, stage_colour

SIZE = (7.4, 4.6)  # inches
WIDTH = 110  # of the title, letters
LINE = 1.35  # a line of text, in its font's size
ROOM = 0.42  # of a decade: between a point and its name
ROOM_ABOVE = 0.12  # of the range, and below
SHARE = 0.06  # the same of a linear axis


@dataclass(frozen=True)
class Axis:
    """What Dice is drawn over.

    Attributes:
        name: below the axis.
        logarithmic: its scale.
    """

    name: str
    logarithmic: bool = False

    def limits(self, costs: Sequence[float]) -> tuple[float, float]:
        """Room for the points, and for their names to the right."""
        low, high = min(costs), max(costs)
        width = (high - low) or 1.0
        return (low / 1.6, high * 10) if self.logarithmic else (low - 0.05 * width, high + 0.5 * width)

    def beside(self, cost: float, limits: tuple[float, float]) -> float:
        """Where the name of a point begins."""
        return cost * 10**ROOM if self.logarithmic else cost + SHARE * (limits[1] - limits[0])


SECONDS = Axis("processor seconds a pair, from two files to the transform", logarithmic=True)
ROUGHNESS = Axis("standard deviation of log |J|, mean over pairs: how rough the field is")


@dataclass(frozen=True)
class Point:
    """A stage of a method.

    Attributes:
        name: what stands beside it.
        method: whose it is; those of one method are joined and have one colour.
        cost: what it takes for that, on the axis of the figure.
        dice, spread: mean over the pairs, and the standard deviation where it is drawn.
    """

    name: str
    method: str
    cost: float
    dice: float
    spread: float = 0.0


def save_dice_over(path: str | os.PathLike[str], points: Sequence[Point], what: str, axis: Axis) -> None:
    """Draw the points.

    Args:
        path: image file; its suffix says the format.
        points: in the order of a table.
        what: the data, in words; the title.
        axis: of the costs.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    ax = figure.subplots()
    ax.set_xscale("log" if axis.logarithmic else "linear")
    ax.xaxis.set_major_formatter("{x:g}")
    methods = list(dict.fromkeys(point.method for point in points))
    for k, method in enumerate(methods):
        own = [point for point in points if point.method == method]
        xs, ys, spread = ([getattr(p, key) for p in own] for key in ("cost", "dice", "spread"))
        colour = stage_colour(k + 1)  # the first is a grey
        ax.errorbar(xs, ys, yerr=spread, fmt="o-", markersize=5, linewidth=1.2, color=colour, ecolor=colour + "66")
    ax.set_xlim(*axis.limits([point.cost for point in points]))
    low, high = (f(p.dice + sign * p.spread for p in points) for f, sign in ((min, -1), (max, 1)))
    room = ROOM_ABOVE * (high - low or 1.0)
    ax.set_ylim(max(0.0, low - room), min(1.0, high + room))
    _write_names(ax, axis, points, [stage_colour(methods.index(point.method) + 1) for point in points])
    ax.set_xlabel(axis.name, fontsize=PLAIN)
    deviation = " ± standard deviation" if any(point.spread for point in points) else ""
    ax.set_ylabel(f"Dice, mean{deviation} over pairs", fontsize=PLAIN)
    ax.set_title(textwrap.fill(what, WIDTH), fontsize=PLAIN, loc="left")
    dress(ax, grid_axis="both")
    save_figure(path, figure)


def _write_names(ax: Axes, axis: Axis, points: Sequence[Point], colours: Sequence[str]) -> None:
    """A name to the right of every point, moved up or down as far as it must be to be read."""
    bottom, top = ax.get_ylim()
    line = LINE * SMALL / 72 / (0.8 * SIZE[1]) * (top - bottom)
    for point, height, colour in zip(points, spread_out([p.dice for p in points], line), colours, strict=True):
        ax.annotate(
            point.name,
            (point.cost, point.dice),
            (axis.beside(point.cost, ax.get_xlim()), height),
            fontsize=SMALL,
            color=colour,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3},
        )


def spread_out(heights: Sequence[float], gap: float) -> np.ndarray:
    """Heights as near as they can be to those given, in their order and at least ``gap`` apart.

    Those that would overlap stand at even distances around their mean, together with what they then touch.
    """
    order = np.argsort(heights, kind="stable")
    groups: list[list[float]] = []
    for height in np.asarray(heights, dtype=float)[order]:
        groups.append([height])
        while len(groups) > 1 and _ends(groups[-1], gap)[0] - _ends(groups[-2], gap)[1] < gap * (1 - 1e-9):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = np.concatenate([np.linspace(*_ends(group, gap), len(group)) for group in groups])
    result = np.empty(len(placed))
    result[order] = placed
    return result


def _ends(group: Sequence[float], gap: float) -> tuple[float, float]:
    """The lowest and the highest place of a group around its mean."""
    half = gap * (len(group) - 1) / 2
    return float(np.mean(group)) - half, float(np.mean(group)) + half
