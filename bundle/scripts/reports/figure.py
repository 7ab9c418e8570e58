"""Figures of registrations and of Dice: arrays in, one image file out.

``Figure`` objects carry no global state, so figures can be drawn in threads and without a display. Images
are drawn upright where the array axes run left-right, superior to inferior, posterior to anterior.
"""

from __future__ import annotations

import colorsys
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from ..errors import InputError
from ..files import atomic_path
from .summary import PairResult, stack_dice

DPI = 110
Extend = Literal["neither", "both", "min", "max"]  # the open ends of a colour bar
FIXED_COLOUR, OWN_COLOUR, FOLDED_COLOUR, GRID_COLOUR = "#00e5ff", "#ff8c1a", "#ffe600", "#17428f"
STAGE_COLOURS = ("#9a9a9a", "#0072b2", "#e69f00", "#009e73", "#cc79a7")
ORIENTATIONS = ((0, 1, False), (0, 2, True), (2, 1, False))  # axis across, axis down, drawn bottom to top?
GRID_STEP = 5  # voxels between two lines of the deformed grid
MARGIN = 4  # voxels around the brain
TITLE, PLAIN, SMALL = 10.0, 8.5, 7.0  # font sizes in points


# ---------------------------------------------------------------------------------------- planes and scales


@dataclass(frozen=True)
class View:
    """A plane through the middle of ``box``: which array axes run across and down the page."""

    across: int
    down: int
    flip: bool
    box: tuple[slice, ...]

    def plane(self, array: np.ndarray, crop: bool = True) -> np.ndarray:
        """The plane of an array ``(..., *S)`` as ``(..., down, across)``; all of it or what lies in the box."""
        index: list[Any] = list(self.box) if crop else [slice(None)] * len(self.box)
        for axis in self.cut_axes():
            index[axis] = self.position(axis)
        cut = array[(..., *index)]
        return cut if self.down < self.across else np.swapaxes(cut, -1, -2)

    def cut_axes(self) -> list[int]:
        """The axes that the plane does not show: none in 2-D, one in 3-D."""
        return [axis for axis in range(len(self.box)) if axis not in (self.across, self.down)]

    def position(self, axis: int) -> int:
        """Where the plane cuts an axis."""
        return (self.box[axis].start + self.box[axis].stop) // 2

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top in voxel coordinates, the first row on top."""
        across, down = self.box[self.across], self.box[self.down]
        return across.start - 0.5, across.stop - 0.5, down.stop - 0.5, down.start - 0.5

    def aspect(self) -> float:
        """Height over width."""
        left, right, bottom, top = self.extent()
        return (bottom - top) / (right - left)


def bounding_box(images: Sequence[np.ndarray], margin: int = MARGIN) -> tuple[slice, ...]:
    """The smallest box around what is brighter than the background in any image ``(*S)``, and a margin."""
    shape = images[0].shape
    bright = np.zeros(shape, dtype=bool)
    for image in images:
        bright |= image > image.min() + 0.05 * (image.max() - image.min())
    if not bright.any():
        return tuple(slice(0, size) for size in shape)
    found = np.argwhere(bright)
    low, high = found.min(axis=0) - margin, found.max(axis=0) + margin + 1
    return tuple(slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(low, high, shape, strict=True))


def central_views(box: tuple[slice, ...]) -> list[View]:
    """The plane itself in 2-D, the three orthogonal planes through the middle of the box in 3-D."""
    return [View(*axes, box) for axes in ORIENTATIONS if max(axes[:2]) < len(box)]


def grid_lines(ddf: np.ndarray, step: int = GRID_STEP) -> list[np.ndarray]:
    """Every ``step``-th grid line of a plane after ``x + ddf(x)``.

    Args:
        ddf: in-plane displacement ``(2, down, across)`` in voxels, its components across then down.
        step: voxels between two lines.

    Returns:
        Polylines ``(points, 2)`` of coordinates across and down: first the level ones, then the upright ones.
    """
    rows, columns = np.indices(ddf.shape[1:])
    points = np.stack([columns, rows], axis=-1) + np.moveaxis(ddf, 0, -1)
    level = [points[row] for row in range(0, points.shape[0], step)]
    upright = [points[:, column] for column in range(0, points.shape[1], step)]
    return level + upright


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

    def intensities(self) -> tuple[float, float]:
        """Range of the three images; a few bright voxels (vessels) do not set it."""
        values = np.stack([self.fixed, self.moving, self.warped])
        return float(values.min()), float(np.percentile(values, 99.8))

    def before(self) -> np.ndarray:
        """What is wrong without a registration, ``|fixed - moving|``."""
        return np.abs(self.fixed - self.moving)

    def after(self) -> np.ndarray:
        """What is still wrong, ``|fixed - warped|``."""
        return np.abs(self.fixed - self.warped)

    def largest_difference(self) -> float:
        """End of the one scale of both difference panels."""
        return float(np.percentile(np.maximum(self.before(), self.after()), 99.8)) or 1.0

    def displacement(self) -> np.ndarray:
        """Length of the displacement, voxels."""
        return np.sqrt((self.ddf**2).sum(axis=0))

    def largest_displacement(self) -> float:
        """End of the scale of the displacement, voxels."""
        return float(self.displacement().max()) or 1.0

    def folded_percent(self) -> float:
        """Share of the voxels whose determinant is not positive."""
        return 100 * float((self.jac_det <= 0).mean())


# ---------------------------------------------------------------------------------------- one registration


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
    _save(path, registration_figure(scene, title))


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
    page.text(cells[0].x, 0.06, title, fontsize=TITLE, va="top", weight="bold")
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
    ax = page.axes(cell.x, cell.y, cell.width, cell.height)
    ax.set_axis_off()
    image = draw(ax, scene, cell.view)
    left, right, bottom, top = cell.view.extent()
    ax.set(xlim=(left, right), ylim=(top, bottom) if cell.view.flip else (bottom, top))
    if cell.titled:
        page.text(cell.x + cell.width / 2, cell.y - 0.05, heading, fontsize=PLAIN, ha="center", va="bottom")
    if cell.name == "fixed":
        where = ", ".join(f"axis {axis} at {cell.view.position(axis)}" for axis in cell.view.cut_axes())
        middle = cell.y + cell.height / 2
        page.text(cell.x - 0.1, middle, where, fontsize=SMALL, rotation=90, ha="center", va="center")
    return image


def _show(ax: Axes, view: View, array: np.ndarray, **style: Any) -> AxesImage:
    return ax.imshow(view.plane(array), extent=view.extent(), origin="upper", aspect="auto", **style)


def _draw_image(name: str) -> Callable[[Axes, Scene, View], AxesImage]:
    """An image with the outlines of the fixed labels and, on another image, of its own."""

    def draw(ax: Axes, scene: Scene, view: View) -> AxesImage:
        low, high = scene.intensities()
        image = _show(ax, view, getattr(scene, name), cmap="gray", vmin=low, vmax=high)
        outlines = {"fixed": FIXED_COLOUR, name: FIXED_COLOUR if name == "fixed" else OWN_COLOUR}
        for k, (owner, colour) in enumerate(outlines.items()):
            if owner in scene.labels:
                _outline(ax, view, scene.labels[owner], colour)
                where: dict[str, Any] = {"x": 0.02 + 0.96 * k, "y": 0.015, "ha": ("left", "right")[k]}
                ax.text(s=f"{owner} labels", color=colour, fontsize=SMALL, transform=ax.transAxes, **where)
        return image

    return draw


def _outline(ax: Axes, view: View, label: np.ndarray, colour: str) -> None:
    """A thin line around every label; between two labels it is the border of both."""
    plane = view.plane(label)
    left, _, _, top = view.extent()
    across, down = np.arange(plane.shape[1]) + left + 0.5, np.arange(plane.shape[0]) + top + 0.5
    for value in np.unique(plane[plane != 0]):
        ax.contour(across, down, plane == value, levels=[0.5], colors=colour, linewidths=0.45)


def _draw_difference(name: str) -> Callable[[Axes, Scene, View], AxesImage]:
    def draw(ax: Axes, scene: Scene, view: View) -> AxesImage:
        return _show(ax, view, getattr(scene, name)(), cmap="inferno", vmin=0, vmax=scene.largest_difference())

    return draw


def _draw_displacement(ax: Axes, scene: Scene, view: View) -> AxesImage:
    return _show(ax, view, scene.displacement(), cmap="viridis", vmin=0, vmax=scene.largest_displacement())


def _draw_grid(ax: Axes, scene: Scene, view: View) -> AxesImage:
    """Lines of the fixed grid moved by the in-plane field, over a faint fixed image."""
    low, high = scene.intensities()
    image = _show(ax, view, scene.fixed, cmap="gray_r", vmin=low, vmax=low + 2.5 * (high - low))
    lines = grid_lines(view.plane(scene.ddf[[view.across, view.down]], crop=False))
    ax.add_collection(LineCollection(lines, colors=GRID_COLOUR, linewidths=0.6), autolim=False)
    return image


def _draw_jacobian(ax: Axes, scene: Scene, view: View) -> AxesImage:
    """Blue shrinks, red grows; what is folded lies under the scale and so takes its own colour."""
    colours = colormaps["RdBu_r"].with_extremes(under=FOLDED_COLOUR)
    shown = np.where(scene.jac_det <= 0, -1.0, scene.jac_det)
    return _show(ax, view, shown, cmap=colours, vmin=0, vmax=2, interpolation="nearest")


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


# ---------------------------------------------------------------------------------------------- Dice charts


def save_mean_dice_plot(path: str | os.PathLike[str], summary: Mapping[str, Any]) -> None:
    """Mean Dice of each label at the first and the last stage, with one deviation over pairs, best on top.

    Args:
        path: image file.
        summary: what :func:`scripts.reports.summary.summarise` returns.
    """
    stages = list(dict.fromkeys([summary["gain"]["first"], summary["gain"]["last"]]))
    rows = [row for row in summary["labels"] if row["pairs"]]
    rows.sort(key=lambda row: row["dice"][stages[-1]]["mean"])
    figure = Figure(figsize=(6.2, 1.0 + 0.2 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for k, stage in enumerate(stages):
        means = [row["dice"][stage]["mean"] for row in rows]
        spread = [row["dice"][stage]["std"] for row in rows]
        heights = np.arange(len(rows)) + 0.13 * (2 * k - 1) * (len(stages) > 1)
        name = f"{stage} (mean {_two(summary['stages'][stage]['dice_mean'])})"
        style: dict[str, Any] = {"color": STAGE_COLOURS[k], "ecolor": STAGE_COLOURS[k], "elinewidth": 0.9}
        ax.errorbar(means, heights, xerr=spread, fmt="o", markersize=4, label=name, **style)
    ax.set_yticks(range(len(rows)), [_counted(row, summary["pairs"]) for row in rows], fontsize=PLAIN)
    ax.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
    ax.set_xlabel("Dice, mean ± standard deviation over pairs", fontsize=PLAIN)
    _dress(ax, grid_axis="x")
    figure.legend(loc="outside upper right", ncols=2, fontsize=PLAIN, frameon=False)
    _save(path, figure)


def save_label_boxplot(path: str | os.PathLike[str], results: Sequence[PairResult], labels: Mapping[int, str]) -> None:
    """A box a label and stage over the pairs that have the label, as papers on registration show it.

    Raises:
        InputError: if results and labels do not agree.
    """
    stacked = stack_dice(results)
    counts = (~np.isnan(next(iter(stacked.values())))).sum(axis=0)
    if len(counts) != len(labels):
        raise InputError(f"The results hold {len(counts)} Dice values a pair, but {len(labels)} labels are named.")
    figure = Figure(figsize=(max(4.0, 1.0 + 0.4 * len(labels)), 4.2), layout="constrained")
    ax = figure.subplots()
    for k, dice in enumerate(stacked.values()):
        _draw_boxes(ax, dice, k, len(stacked))
    rows = [{"name": name, "pairs": count} for name, count in zip(labels.values(), counts, strict=True)]
    names = [_counted(row, len(results)) for row in rows]
    ax.set_xticks(range(len(names)), names, rotation=55, ha="right", rotation_mode="anchor", fontsize=PLAIN)
    ax.set(xlim=(-0.6, len(names) - 0.4), ylim=(-0.02, 1.02))
    ax.set_ylabel("Dice", fontsize=PLAIN)
    _dress(ax, grid_axis="y")
    keys = [Patch(color=_stage_colour(k), label=stage) for k, stage in enumerate(stacked)]
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys), fontsize=PLAIN, frameon=False)
    _save(path, figure)


def _draw_boxes(ax: Axes, dice: np.ndarray, k: int, stages: int) -> None:
    """The boxes of stage ``k`` beside those of the others, ``dice (N, K)``."""
    width = 0.8 / stages
    boxes = ax.boxplot(
        [column[~np.isnan(column)] for column in dice.T],
        positions=np.arange(dice.shape[1]) + (k - (stages - 1) / 2) * width,
        widths=0.8 * width,
        patch_artist=True,
        manage_ticks=False,
        medianprops={"color": "black", "linewidth": 0.9},
        whiskerprops={"linewidth": 0.7},
        capprops={"linewidth": 0.7},
        flierprops={"marker": ".", "markersize": 2.5, "markeredgecolor": _stage_colour(k)},
    )
    for box in boxes["boxes"]:
        box.set(facecolor=_stage_colour(k), linewidth=0.5)


def _dress(ax: Axes, grid_axis: str) -> None:
    ax.grid(axis="x" if grid_axis == "x" else "y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=PLAIN, length=2.5)


def _counted(row: Mapping[str, Any], pairs: int) -> str:
    """A label's name, and in how many pairs it is present if that is not all."""
    return row["name"] if row["pairs"] == pairs else f"{row['name']} (n = {row['pairs']})"


def _stage_colour(k: int) -> str:
    return STAGE_COLOURS[k % len(STAGE_COLOURS)]


def _two(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


# -------------------------------------------------------------------------------------------- contact sheet


def save_cohort_sheet(
    path: str | os.PathLike[str],
    images: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    titles: Sequence[str],
) -> None:
    """A contact sheet: of each subject the image (3-D: its first central plane), and below it its labels.

    Args:
        path: image file.
        images: one ``(*S)`` a subject; sizes may differ.
        labels: the integer label map of each; one id has one colour on the whole sheet.
        titles: the name of each.

    Raises:
        InputError: if there is no subject, the lists differ in length or a label map in shape.
    """
    if not images or not len(images) == len(labels) == len(titles):
        raise InputError("A cohort sheet needs at least one subject, and an image, labels and a title of each.")
    for image, label, name in zip(images, labels, titles, strict=True):
        if image.shape != label.shape or image.ndim not in (2, 3):
            raise InputError(f"{name}: image {image.shape} and labels {label.shape} need one 2-D or 3-D shape.")
    views = [central_views(bounding_box([image]))[0] for image in images]
    columns, width, gap, head = min(len(images), 6), 1.6, 0.05, 0.2
    height = width * max(view.aspect() for view in views)
    block = head + 2 * (height + gap)
    page = Page(gap + columns * (width + gap), math.ceil(len(images) / columns) * block + gap)
    for k, (image, label, name) in enumerate(zip(images, labels, titles, strict=True)):
        x, y = gap + (k % columns) * (width + gap), (k // columns) * block + head
        page.text(x + width / 2, y - 0.04, name, fontsize=SMALL, ha="center", va="bottom")
        grey = _grey(views[k].plane(image))
        page.picture(x, y, width, height, grey)
        page.picture(x, y + height + gap, width, height, _painted(grey, views[k].plane(label)))
    _save(path, page.figure)


def _grey(plane: np.ndarray) -> np.ndarray:
    """Intensities as colours ``(..., 3)`` in 0..1, each subject with its own range."""
    low, high = float(plane.min()), float(np.percentile(plane, 99.8))
    scaled = np.clip((plane - low) / ((high - low) or 1.0), 0, 1)
    return np.repeat(scaled[..., None], 3, axis=-1)


def _painted(grey: np.ndarray, label: np.ndarray, alpha: float = 0.65) -> np.ndarray:
    """The picture with every non-zero label in its colour."""
    painted = grey.copy()
    for value in np.unique(label[label != 0]):
        painted[label == value] = (1 - alpha) * grey[label == value] + alpha * label_colour(int(value))
    return painted


def label_colour(label: int) -> np.ndarray:
    """The colour ``(3,)`` of a label id: neighbouring ids lie a golden section of the hue circle apart."""
    hue = (0.13 + label * 0.6180339887) % 1.0
    return np.array(colorsys.hsv_to_rgb(hue, (0.85, 0.55, 0.7)[label % 3], (0.95, 1.0, 0.75)[label % 3]))


# ---------------------------------------------------------------------------------------------------- pages


class Page:
    """A figure of a given size, on which things are placed in inches from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height))

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """New axes with their top left corner at ``(x, y)``."""
        bottom = 1 - (y + height) / self.height
        return self.figure.add_axes((x / self.width, bottom, width / self.width, height / self.height))

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text at ``(x, y)``; ``style`` as matplotlib takes it."""
        self.figure.text(x / self.width, 1 - y / self.height, text, **style)

    def picture(self, x: float, y: float, width: float, height: float, colours: np.ndarray) -> None:
        """Colours ``(down, across, 3)`` on black, as large as fits."""
        ax = self.axes(x, y, width, height)
        ax.set(xticks=[], yticks=[], facecolor="black", frame_on=True)
        ax.spines[:].set_visible(False)
        ax.imshow(colours, aspect="equal")

    def colour_bar(self, image: AxesImage, x: float, y: float, width: float, label: str, extend: Extend) -> None:
        """A low colour bar with its label and numbers below it."""
        ax = self.axes(x, y, width, 0.08)
        bar = Colorbar(ax, image, orientation="horizontal", extend=extend)
        bar.set_label(label, fontsize=SMALL, labelpad=1)
        bar.outline.set_linewidth(0.4)
        ax.tick_params(labelsize=SMALL, length=2, width=0.5, pad=1)


def _save(path: str | os.PathLike[str], figure: Figure) -> None:
    FigureCanvasAgg(figure)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
