"""What all figures share: sizes of fonts, colours of stages, the look of charts and the way into a file.

``Figure`` objects carry no global state, so figures can be drawn in threads and without a display.
"""

from __future__ import annotations

import os
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..files import atomic_path

DPI = 110
TITLE, PLAIN, SMALL = 10.0, 8.5, 7.0  # font sizes in points
STAGE_COLOURS = ("#9a9a9a", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")


def stage_colour(k: int) -> str:
    """The colour of stage (or method) ``k``; after the last colour comes the first again."""
    return STAGE_COLOURS[k % len(STAGE_COLOURS)]


def dress(ax: Axes, grid_axis: Literal["x", "y", "both"], tick_length: float = 2.5) -> None:
    """Give a chart its look: faint grid lines behind the data, no frame above and to the right.

    Args:
        ax: axes of the chart.
        grid_axis: the axis whose ticks get grid lines.
        tick_length: of the ticks, points.
    """
    ax.grid(axis=grid_axis, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=PLAIN, length=tick_length)


def save_figure(path: str | os.PathLike[str], figure: Figure) -> None:
    """Write a figure into a file that is either complete or absent; its suffix says the format.

    All its text is plain: a ``$`` in the name of a file or a label begins no formula.
    """
    FigureCanvasAgg(figure)
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # type: ignore[attr-defined]
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
