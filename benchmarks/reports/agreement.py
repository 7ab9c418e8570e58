"""How far measurements and estimates of one quantity agree: Bland and Altman, Lancet 1986.

doi 10.1016/S0140-6736(86)90837-8: differences over means, the mean difference (the bias), and the limits between which
95 % of the differences lie if they are normally distributed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from scripts.errors import InputError
from scripts.reports.numbers import number
from scripts.reports.style import PLAIN, SMALL, TITLE, dress, save_figure, stage_colour

WITHIN = 1.96  # standard deviations to either side of the mean that hold 95 % of a normal distribution


@dataclass(frozen=True)
class Agreement:
    """Estimates against measurements, in the unit of both.

    Attributes:
        bias: mean of estimated minus measured.
        lower, upper: limits of agreement, ``bias -/+ 1.96 std``, the deviation that of a sample (``ddof = 1``).
    """

    bias: float
    lower: float
    upper: float


def agreement(measured: Sequence[float] | np.ndarray, estimated: Sequence[float] | np.ndarray) -> Agreement:
    """Bias and limits of agreement of ``N`` cases.

    Args:
        measured, estimated: ``(N,)``.

    Raises:
        InputError: if they are not as many, fewer than two, or not all finite.
    """
    pairs = _pairs(measured, estimated)
    differences = pairs[1] - pairs[0]
    bias, spread = differences.mean(), WITHIN * differences.std(ddof=1)
    return Agreement(float(bias), float(bias - spread), float(bias + spread))


def save_bland_altman(
    path: str | os.PathLike[str],
    measured: Sequence[float] | np.ndarray,
    estimated: Sequence[float] | np.ndarray,
    unit: str = "",
    title: str = "",
) -> None:
    """Draw the differences of ``N`` cases over their means, with bias and limits of agreement.

    Args:
        path: image file; its suffix says the format.
        measured, estimated: ``(N,)``, of one unit.
        unit: of both.
        title: a line above the chart.

    Raises:
        InputError: as :func:`agreement`.
    """
    save_figure(path, bland_altman_figure(_pairs(measured, estimated), unit, title))


def bland_altman_figure(pairs: np.ndarray, unit: str = "", title: str = "") -> Figure:
    """The chart of measured and estimated values ``(2, N)``."""
    found = agreement(*pairs)
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    ax = figure.subplots()
    ax.scatter(pairs.mean(axis=0), pairs[1] - pairs[0], s=16, color=stage_colour(1))
    lines = {"bias": found.bias, f"+{WITHIN} SD": found.upper, f"\N{MINUS SIGN}{WITHIN} SD": found.lower}
    for name, height in lines.items():
        ax.axhline(height, color=stage_colour(5), linewidth=1.0, linestyle="-" if name == "bias" else "--")
        text = f"{name}\n{number(height, '.3g')}"
        ax.text(1.02, height, text, fontsize=SMALL, va="center", transform=ax.get_yaxis_transform())
    in_unit = f", {unit}" if unit else ""
    ax.set_xlabel(f"mean of measured and estimated{in_unit}", fontsize=PLAIN)
    ax.set_ylabel(f"estimated \N{MINUS SIGN} measured{in_unit}", fontsize=PLAIN)
    ax.set_title(title, fontsize=TITLE, loc="left", weight="bold")
    dress(ax, grid_axis="both")
    return figure


def _pairs(measured: Sequence[float] | np.ndarray, estimated: Sequence[float] | np.ndarray) -> np.ndarray:
    """Both as one array ``(2, N)``."""
    values = [np.asarray(side, dtype=float) for side in (measured, estimated)]
    if values[0].ndim != 1 or values[0].shape != values[1].shape or len(values[0]) < 2:
        shapes = " and ".join(str(side.shape) for side in values)
        raise InputError(f"Agreement needs as many measured as estimated values, two or more, not shapes {shapes}.")
    pairs = np.stack(values)
    if not np.isfinite(pairs).all():
        raise InputError("Agreement needs finite values; leave out the cases that lack one.")
    return pairs
