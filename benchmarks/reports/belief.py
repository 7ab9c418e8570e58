"""Curves of what discriminators believe of aligned pairs that are moved apart."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from scripts.reports.style import PLAIN, TITLE, dress, save_figure, stage_colour

from ..belief import SHIFTS

OTHERS = {"shown": "aligned, as shown", "warped": "warped by the network", "moving": "unregistered"}


def save_beliefs(path: str | os.PathLike[str], panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draw a panel a discriminator, a line a seed over the shift, and beside it what it believes of other pairs.

    Args:
        path: image file.
        panels: title to the beliefs of every seed.
    """
    figure = Figure(figsize=(3.4 * len(panels), 3.2), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    places = range(len(SHIFTS))
    for ax, (title, seeds) in zip(axes, panels.items(), strict=True):
        for k, found in enumerate(seeds):
            ax.plot(places, found["shifts"], color=stage_colour(1), marker="o", markersize=4, linewidth=1.2)
            for n, name in enumerate(OTHERS):
                label = OTHERS[name] if ax is axes[0] and k == 0 else None
                ax.plot(len(SHIFTS) + n, found[name], "D", color=stage_colour(n + 2), markersize=5, label=label)
        ax.set_xticks(places, [str(n) for n in SHIFTS])
        ax.set_xlabel("aligned, moved by voxels", fontsize=PLAIN)
        ax.set_title(title, fontsize=TITLE)
        ax.set_ylim(-0.03, 1.03)
        dress(ax, grid_axis="both", tick_length=3.5)
    axes[0].set_ylabel("belief that they are aligned", fontsize=PLAIN)
    figure.legend(loc="outside lower center", ncols=len(OTHERS), fontsize=PLAIN, frameon=False)
    save_figure(path, figure)
