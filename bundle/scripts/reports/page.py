"""Pages: figures on which panels, texts and colour bars are placed in inches, so that no room is lost."""

from __future__ import annotations

from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from .planes import View
from .style import PLAIN, SMALL, TITLE

Extend = Literal["neither", "both", "min", "max"]  # the open ends of a colour bar


class Page:
    """A figure of a given size, on which things are placed in inches from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height))

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """New axes with their top left corner at ``(x, y)``."""
        bottom = 1 - (y + height) / self.height
        return self.figure.add_axes((x / self.width, bottom, width / self.width, height / self.height))

    def panel(self, x: float, y: float, width: float, view: View) -> Axes:
        """New axes without a frame, as high as ``view`` asks for, in its voxel coordinates; nothing rescales them."""
        ax = self.axes(x, y, width, width * view.aspect())
        ax.set_axis_off()
        left, right, bottom, top = view.extent()
        across, down = (left, right), (bottom, top)
        ax.set(xlim=across[::-1] if view.mirror else across, ylim=down[::-1] if view.flip else down)
        ax.set_autoscale_on(False)
        return ax

    def text(self, x: float, y: float, text: str, **style: Any) -> Text:
        """Text at ``(x, y)``; ``style`` as matplotlib takes it."""
        return self.figure.text(x / self.width, 1 - y / self.height, text, **style)

    def title(self, x: float, text: str) -> None:
        """The line at the top of the page, from ``x`` on."""
        self.text(x, 0.06, text, fontsize=TITLE, va="top", weight="bold")

    def heading(self, x: float, y: float, width: float, text: str) -> None:
        """Text above the middle of a panel whose top left corner is ``(x, y)``."""
        self.text(x + width / 2, y - 0.05, text, fontsize=PLAIN, ha="center", va="bottom")

    def colour_bar(self, image: AxesImage, x: float, y: float, width: float, label: str, extend: Extend) -> None:
        """A low colour bar with its label and numbers below it."""
        ax = self.axes(x, y, width, 0.08)
        bar = Colorbar(ax, image, orientation="horizontal", extend=extend)
        bar.set_label(label, fontsize=SMALL, labelpad=1)
        bar.outline.set_linewidth(0.4)
        ax.tick_params(labelsize=SMALL, length=2, width=0.5, pad=1)
