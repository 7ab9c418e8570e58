"""The figure of one registration: images, differences, displacement, deformed grid and Jacobian on one page."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ..errors import InputError
from .page import Extend, Page
from .panels import (
    FIXED_COLOUR,
    OWN_COLOUR,
    Limits,
    bright_end,
    draw_grid,
    draw_jacobian,
    draw_outlines,
    intensity_limits,
    show,
)
from .planes import View, bounding_box, central_views
from .style import SMALL, save_figure

OUTLINE = 0.45  # width of the labels' outlines, points


@dataclass(frozen=True)
class Scene:
    """One registration: images and maps ``(*S)``, ``ddf (D, *S)``, label maps by image, and shared scales."""

    fixed: np.ndarray
    moving: np.ndarray
    warped: np.ndarray
    ddf: np.ndarray
    jac_det: np.ndarray
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.fixed.shape
        if len(shape) not in (2, 3):
            raise InputError(f"A registration figure needs images of 2 or 3 dimensions, not of shape {shape}.")
        if self.ddf.shape != (len(shape), *shape):
            raise InputError(f"The ddf has shape {self.ddf.shape}, expected {(len(shape), *shape)}.")
        arrays = {"moving": self.moving, "warped": self.warped, "jac_det": self.jac_det}
        for name, array in {**arrays, **{f"{k}_label": v for k, v in self.labels.items()}}.items():
            if array.shape != shape:
                raise InputError(f"{name} has shape {array.shape}, but the fixed image has {shape}.")

    def intensities(self) -> Limits:
        """The one scale of the three images."""
        return intensity_limits([self.fixed, self.moving, self.warped])

    def before(self) -> np.ndarray:
        """What is wrong without a registration, ``|fixed - moving|``."""
        return np.abs(self.fixed - self.moving)

    def after(self) -> np.ndarray:
        """What is still wrong, ``|fixed - warped|``."""
        return np.abs(self.fixed - self.warped)

    def largest_difference(self) -> float:
        """End of the one scale of both difference panels."""
        return bright_end(np.maximum(self.before(), self.after())) or 1.0

    def displacement(self) -> np.ndarray:
        """Length of the displacement, voxels."""
        return np.sqrt((self.ddf**2).sum(axis=0))

    def largest_displacement(self) -> float:
        """End of the scale of the displacement, voxels."""
        return float(self.displacement().max()) or 1.0

    def folded_percent(self) -> float:
        """Share of the voxels whose determinant is not positive."""
        return 100 * float((self.jac_det <= 0).mean())


def save_registration_figure(
    path: str | os.PathLike[str],
    fixed: np.ndarray,
    moving: np.ndarray,
    warped: np.ndarray,
    ddf: np.ndarray,
    jac_det: np.ndarray,
    fixed_label: np.ndarray | None = None,
    moving_label: np.ndarray | None = None,
    warped_label: np.ndarray | None = None,
    title: str = "",
) -> None:
    """Draw one registration: eight panels in 2-D, and in 3-D eight for each of the three central planes.

    Args:
        path: image file; its suffix says the format.
        fixed, moving, warped: images ``(*S)``.
        ddf: displacement ``(D, *S)``, voxels on the fixed grid; channel ``i`` moves along array axis ``i``.
        jac_det: determinant of the Jacobian of ``x + ddf(x)``, ``(*S)``.
        fixed_label, moving_label, warped_label: integer label maps ``(*S)``, drawn as outlines.
        title: a line above the panels.

    Raises:
        InputError: if a shape does not fit that of ``fixed``, or the image is neither 2-D nor 3-D.
    """
    labels = {"fixed": fixed_label, "moving": moving_label, "warped": warped_label}
    given = {name: np.asarray(label) for name, label in labels.items() if label is not None}
    maps = {"fixed": fixed, "moving": moving, "warped": warped, "ddf": ddf, "jac_det": jac_det}
    scene = Scene(**{name: np.asarray(array, dtype=float) for name, array in maps.items()}, labels=given)
    save_figure(path, registration_figure(scene, title))


@dataclass(frozen=True)
class Cell:
    """Where one panel goes: inches from the top left corner of the page."""

    name: str
    view: View
    x: float
    y: float
    width: float
    height: float
    titled: bool


def registration_figure(scene: Scene, title: str = "") -> Figure:
    """All panels of a scene, laid out in inches so that no room is lost, with colour bars at the foot."""
    views = central_views(bounding_box([scene.fixed, scene.moving, scene.warped]))
    cells = _cells(views, top=0.32 if title else 0.04)
    foot = cells[-1].y + cells[-1].height
    page = Page(cells[-1].x + cells[-1].width + 0.05, foot + 0.5)
    images = {cell.name: _draw_panel(page, cell, scene) for cell in cells}  # the last row's, which has the bars
    last = {cell.name: cell for cell in cells}
    for first, final, label, extend in BARS:
        x, end = last[first].x, last[final].x + last[final].width
        text = label.format(folded=scene.folded_percent())
        page.colour_bar(images[final], x + 0.1, foot + 0.08, end - x - 0.2, text, extend)
    page.title(cells[0].x, title)
    return page.figure


def _cells(views: Sequence[View], top: float) -> list[Cell]:
    """Two rows of four panels for the one plane of 2-D; for those of 3-D a row each, titles over the first."""
    several = len(views) > 1
    rows = [(view, names) for view in views for names in (LAYOUT_3D if several else LAYOUT_2D)]
    left, width, gap, y = (0.22, 1.62, 0.05, top) if several else (0.05, 2.4, 0.07, top)
    cells = []
    for k, (view, names) in enumerate(rows):
        titled, height = k == 0 or not several, width * view.aspect()
        y += 0.2 if titled else 0.0
        cells += [Cell(n, view, left + i * (width + gap), y, width, height, titled) for i, n in enumerate(names)]
        y += height + gap
    return cells


def _draw_panel(page: Page, cell: Cell, scene: Scene) -> AxesImage:
    heading, draw = PANELS[cell.name]
    image = draw(page.panel(cell.x, cell.y, cell.width, cell.view), scene, cell.view)
    if cell.titled:
        page.heading(cell.x, cell.y, cell.width, heading)
    if cell.name == "fixed":
        where = ", ".join(f"axis {axis} at {cell.view.position(axis)}" for axis in cell.view.cut_axes())
        middle = cell.y + cell.height / 2
        page.text(cell.x - 0.1, middle, where, fontsize=SMALL, rotation=90, ha="center", va="center")
    return image


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
    "displacement": ("displacement", _draw_displacement),
    "grid": ("deformed grid", _draw_grid),
    "jacobian": ("Jacobian determinant", _draw_jacobian),
}
LAYOUT_2D = (("fixed", "moving", "warped", "grid"), ("displacement", "before", "after", "jacobian"))
LAYOUT_3D = (("fixed", "moving", "warped", "before", "after", "displacement", "grid", "jacobian"),)
BARS: tuple[tuple[str, str, str, Extend], ...] = (  # first and last panel above the bar, its label, which ends are open
    ("displacement", "displacement", "length, voxels", "neither"),
    ("before", "after", "absolute difference of intensity, one scale", "max"),
    ("jacobian", "jacobian", "yellow: folded, {folded:.2g} %", "both"),
)
