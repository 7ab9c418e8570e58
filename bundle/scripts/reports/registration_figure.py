"""The figure of one registration: images, differences, displacement, deformed grid and Jacobian on one page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from .numbers import TINY, number
from .page import Page
from .planes import CONVENTION, View, bounding_box, central_views
from .registration_panels import BARS, PANELS, choose_panels
from .scene import Scene
from .style import SMALL, save_figure

WITH_BAR = [name for names, _, _ in BARS for name in names]


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
    panels: Sequence[str] | None = None,
    orientation: str = "",
) -> None:
    """Draw one registration: its panels once in 2-D, and in 3-D a row of them for each of the three central planes.

    Args:
        path: image file; its suffix says the format.
        fixed, moving, warped: images ``(*S)``.
        ddf: displacement ``(D, *S)``, voxels on the fixed grid; channel ``i`` moves along array axis ``i``.
        jac_det: determinant of the Jacobian of ``x + ddf(x)``, ``(*S)``.
        fixed_label, moving_label, warped_label: integer label maps ``(*S)``, drawn as outlines.
        title: a line above the panels.
        panels: which of :data:`scripts.reports.registration_panels.PANELS` there are, such as those without the
            differences for two contrasts; ``None``: all.
        orientation: of a volume, a letter an axis, see :func:`central_views`.

    Raises:
        InputError: if a shape does not fit that of ``fixed``, the image is neither 2-D nor 3-D, or a panel is unknown.
    """
    labels = {"fixed": fixed_label, "moving": moving_label, "warped": warped_label}
    given = {name: np.asarray(label) for name, label in labels.items() if label is not None}
    maps = {"fixed": fixed, "moving": moving, "warped": warped, "ddf": ddf, "jac_det": jac_det}
    scene = Scene(**{name: np.asarray(array, dtype=float) for name, array in maps.items()}, labels=given)
    save_figure(path, registration_figure(scene, title, panels, orientation))


@dataclass(frozen=True)
class Cell:
    """Where one panel goes: inches from the top left corner of the page; whether it is the first of a view's."""

    name: str
    view: View
    x: float
    y: float
    width: float
    height: float
    titled: bool
    first: bool


def registration_figure(
    scene: Scene, title: str = "", panels: Sequence[str] | None = None, orientation: str = ""
) -> Figure:
    """All panels of a scene, laid out in inches so that no room is lost, with colour bars at the foot."""
    names = choose_panels(panels)
    views = central_views(bounding_box([scene.fixed, scene.moving, scene.warped]), orientation)
    cells = _cells(views, names, top=0.32 if title else 0.04)
    foot = cells[-1].y + cells[-1].height + (0.5 if set(names) & set(WITH_BAR) else 0.05)
    oriented = bool(views[0].name)
    width = max(cell.x + cell.width for cell in cells) + 0.05
    page = Page(max(width, 3.2) if oriented else width, foot + (0.17 if oriented else 0))
    images = {cell.name: _draw_panel(page, cell, scene) for cell in cells}  # the last row's, which has the bars
    _draw_bars(page, scene, images, {cell.name: cell for cell in cells})
    page.title(cells[0].x, title)
    if oriented:
        page.text(cells[0].x, foot, CONVENTION, fontsize=SMALL, va="top")
    return page.figure


def _cells(views: Sequence[View], names: Sequence[str], top: float) -> list[Cell]:
    """A row of panels a view in 3-D, titles over the first; in 2-D those without colour bars above those with one."""
    several = len(views) > 1
    split = [[n for n in names if n not in WITH_BAR], [n for n in WITH_BAR if n in names]]
    rows = [(view, row) for view in views for row in ([names] if several else split) if row]
    left, width, gap, y = (0.22, 1.62, 0.05, top) if several else (0.05, 2.4, 0.07, top)
    cells: list[Cell] = []
    for k, (view, row) in enumerate(rows):
        titled, height = k == 0 or not several, width * view.aspect()
        y += 0.2 if titled else 0.0
        cells += [Cell(n, view, left + i * (width + gap), y, width, height, titled, i == 0) for i, n in enumerate(row)]
        y += height + gap
    return cells


def _draw_panel(page: Page, cell: Cell, scene: Scene) -> AxesImage:
    heading, draw = PANELS[cell.name]
    ax = page.panel(cell.x, cell.y, cell.width, cell.view)
    image = draw(ax, scene, cell.view)
    if cell.titled:
        page.heading(cell.x, cell.y, cell.width, heading)
    if cell.first:
        middle = cell.y + cell.height / 2
        style = {"fontsize": SMALL, "rotation": 90, "ha": "center", "va": "center"}
        page.text(cell.x - 0.1, middle, cell.view.label(), **style)
        _mark_sides(ax, cell.view)
    return image


def _mark_sides(ax: Axes, view: View) -> None:
    """The letters of the directions in which the two edges of the picture lie."""
    box = {"facecolor": "black", "alpha": 0.6, "pad": 1, "linewidth": 0}
    for x, side, align in zip((0.02, 0.98), view.sides, ("left", "right"), strict=True):
        if side:
            ax.text(
                x, 0.5, side, color="white", fontsize=SMALL, ha=align, va="center", transform=ax.transAxes, bbox=box
            )


def _draw_bars(page: Page, scene: Scene, images: dict[str, AxesImage], last: dict[str, Cell]) -> None:
    """A colour bar below the panels of the last row that share one."""
    for names, label, extend in BARS:
        present = [name for name in names if name in last]
        if present:
            first, final = last[present[0]], last[present[-1]]
            x, width, foot = first.x + 0.1, final.x + final.width - first.x - 0.2, first.y + first.height
            text = label.format(folded=number(scene.folded_percent(), TINY))
            page.colour_bar(images[final.name], x, foot + 0.08, width, text, extend)
