"""The panels of a registration's figure: by name, what each is headed, how it is drawn, and its colour bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from ..errors import InputError
from .page import Extend
from .panels import FIXED_COLOUR, OWN_COLOUR, draw_grid, draw_jacobian, draw_outlines, show
from .planes import View
from .scene import Scene
from .style import SMALL

OUTLINE = 0.45  # width of the labels' outlines, points


def _draw_image(name: str) -> Callable[[Axes, Scene, View], AxesImage]:
    """An image with the outlines of the fixed labels and, on another image, of its own."""

    def draw(ax: Axes, scene: Scene, view: View) -> AxesImage:
        image = show(ax, view, getattr(scene, name), scene.intensities())
        outlines = {"fixed": FIXED_COLOUR, name: FIXED_COLOUR if name == "fixed" else OWN_COLOUR}
        for k, (owner, colour) in enumerate(outlines.items()):
            if owner in scene.labels:
                draw_outlines(ax, view, scene.labels[owner], colour, OUTLINE)
                where: dict[str, Any] = {"x": 0.02 + 0.96 * k, "y": 0.015, "ha": ("left", "right")[k]}
                ax.text(s=f"{owner} labels", color=colour, fontsize=SMALL, transform=ax.transAxes, **where)
        return image

    return draw


def _draw_difference(name: str) -> Callable[[Axes, Scene, View], AxesImage]:
    def draw(ax: Axes, scene: Scene, view: View) -> AxesImage:
        return show(ax, view, getattr(scene, name)(), (0.0, scene.largest_difference()), "inferno")

    return draw


def _draw_checkerboard(ax: Axes, scene: Scene, view: View) -> AxesImage:
    return show(ax, view, scene.checkerboard(), scene.intensities(), interpolation="nearest")


def _draw_displacement(ax: Axes, scene: Scene, view: View) -> AxesImage:
    return show(ax, view, scene.displacement(), (0.0, scene.largest_displacement()), "viridis")


def _draw_grid(ax: Axes, scene: Scene, view: View) -> AxesImage:
    return draw_grid(ax, view, scene.fixed, scene.ddf, scene.intensities())


def _draw_jacobian(ax: Axes, scene: Scene, view: View) -> AxesImage:
    return draw_jacobian(ax, view, scene.jac_det)


PANELS: dict[str, tuple[str, Callable[[Axes, Scene, View], AxesImage]]] = {
    "fixed": ("fixed", _draw_image("fixed")),
    "moving": ("moving", _draw_image("moving")),
    "warped": ("warped", _draw_image("warped")),
    "before": ("|fixed \N{MINUS SIGN} moving|", _draw_difference("before")),
    "after": ("|fixed \N{MINUS SIGN} warped|", _draw_difference("after")),
    "checkerboard": ("fixed and warped in turn", _draw_checkerboard),
    "displacement": ("displacement", _draw_displacement),
    "grid": ("deformed grid", _draw_grid),
    "jacobian": ("Jacobian determinant", _draw_jacobian),
}
BARS: tuple[tuple[tuple[str, ...], str, Extend], ...] = (  # panels of one bar, its label, which of its ends are open
    (("displacement",), "length, voxels", "neither"),
    (("before", "after"), "absolute difference of intensity, one scale", "max"),
    (("jacobian",), "yellow: folded, {folded} %", "both"),
)


def choose_panels(names: Sequence[str] | None) -> list[str]:
    """The panels asked for, in the figure's own order; all of them for ``None``.

    Raises:
        InputError: if one is not known, or none is asked for.
    """
    wanted = list(PANELS) if names is None else list(names)
    unknown = [name for name in wanted if name not in PANELS]
    if unknown or not wanted:
        problem = f"no panel {unknown[0]!r}" if unknown else "no figure without a panel"
        raise InputError(f"panels: there is {problem}; name some of {', '.join(PANELS)}.")
    return [name for name in PANELS if name in wanted]
