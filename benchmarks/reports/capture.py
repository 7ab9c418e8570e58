"""Curves of capture range: success, or Dice, over how far an image was moved."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from scripts.reports.style import PLAIN, TITLE, dress, save_figure, stage_colour

Curves = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # sweep to its amounts and the values there

MARKERS = "osD^v"


def save_capture(
    path: str | os.PathLike[str], methods: Mapping[str, Curves], units: Mapping[str, str], what: str
) -> None:
    """Draw a panel a sweep, a line a method.

    Args:
        path: image file.
        methods: name to its curves; all have the same sweeps.
        units: of every sweep.
        what: the values are.
    """
    sweeps = list(next(iter(methods.values())))
    figure = Figure(figsize=(4.2 * len(sweeps), 3.4), layout="constrained")
    axes = figure.subplots(1, len(sweeps), squeeze=False, sharey=True)[0]
    for ax, sweep in zip(axes, sweeps, strict=True):
        for k, (name, curves) in enumerate(methods.items()):
            style = {"color": stage_colour(k), "marker": MARKERS[k], "markersize": 4, "linewidth": 1.6}
            ax.plot(*curves[sweep], **style, label=name if ax is axes[0] else None)
        ax.set_title(f"{sweep}, {units[sweep]}", fontsize=TITLE)
        ax.set_ylim(-0.03, 1.03)
        dress(ax, grid_axis="both", tick_length=3.5)
    axes[0].set_ylabel(what, fontsize=PLAIN)
    figure.legend(loc="outside lower center", ncols=len(methods), fontsize=PLAIN, frameon=False)
    save_figure(path, figure)
