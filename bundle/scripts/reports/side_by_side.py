"""Several methods on one pair: the paper's figure 5, and the fields beside each other.

Zheng et al., Computer Science and Application 13(1), 2023, doi 10.12677/csa.2023.131006, figure 5: the affinely aligned
moving image, the fixed image and what each method made of the first, with a box around one structure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from ..errors import InputError
from ..files import atomic_path
from .figure import (
    DPI,
    FIXED_COLOUR,
    FOLDED_COLOUR,
    GRID_COLOUR,
    OWN_COLOUR,
    PLAIN,
    TITLE,
    Page,
    View,
    bounding_box,
    central_views,
    grid_lines,
)

WIDTH, GAP, HEAD = 2.1, 0.06, 0.36  # inches: of a panel, between two, of the headings
ENLARGED_MARGIN = 0.35  # of the structure's size, around it
SMALLEST_STRUCTURE = 0.002  # of the grid, to be worth enlarging


@dataclass(frozen=True)
class SavedPair:
    """What :class:`scripts.engines.PairSaver` keeps: images and label maps ``(*S)``, ``ddf`` ``(D, *S)`` in voxels."""

    fixed: np.ndarray
    moving: np.ndarray
    warped: np.ndarray
    fixed_label: np.ndarray
    moving_label: np.ndarray
    warped_label: np.ndarray
    ddf: np.ndarray


def read_pair(path: str | Path) -> SavedPair:
    """Read a saved pair.

    Raises:
        InputError: if the file is missing or no saved pair.
    """
    try:
        with np.load(path) as content:
            return SavedPair(**{name: content[name] for name in SavedPair.__dataclass_fields__})
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} is no saved pair ({error}); evaluate again with saved_pairs.") from error


def dice_of(a: np.ndarray, b: np.ndarray, label: int) -> float:
    """Dice of one label of two maps."""
    mask_a, mask_b = a == label, b == label
    return float(2 * (mask_a & mask_b).sum() / max(1, mask_a.sum() + mask_b.sum()))


def choose_structure(pairs: Sequence[SavedPair]) -> int:
    """The label that the methods, in the mean, improve most; of those large enough to be seen.

    Raises:
        InputError: if moving and fixed image share no label of that size.
    """
    fixed, moving = pairs[0].fixed_label, pairs[0].moving_label
    least = SMALLEST_STRUCTURE * fixed.size
    ids = [k for k in np.unique(fixed[fixed > 0]) if min((fixed == k).sum(), (moving == k).sum()) >= least]
    if not ids:
        raise InputError("The pair has no label that is large enough in both images to be enlarged.")
    gains = [np.mean([dice_of(p.warped_label, fixed, k) for p in pairs]) - dice_of(moving, fixed, k) for k in ids]
    return int(ids[int(np.argmax(gains))])


def save_method_figure(
    path: str | os.PathLike[str], methods: Mapping[str, SavedPair], structure: int, name: str, title: str = ""
) -> None:
    """The paper's figure 5: moving, fixed and each method's image; below, the boxed structure enlarged.

    Args:
        path: image file.
        methods: method to its result for one and the same pair.
        structure: label id that is boxed and enlarged, with its outlines.
        name: what the structure is called.
        title: a line above the panels.
    """
    first = next(iter(methods.values()))
    columns = {"moving = affine": (first.moving, first.moving_label), "fixed": (first.fixed, first.fixed_label)}
    columns |= {method: (pair.warped, pair.warped_label) for method, pair in methods.items()}
    view = structure_view(first, structure)
    close = enlarged(view, [label == structure for _, label in columns.values()])
    top = HEAD + (0.3 if title else 0)
    page = Page(GAP + len(columns) * (WIDTH + GAP), top + WIDTH * (view.aspect() + close.aspect()) + GAP + 0.42)
    limits = first.fixed.min(), np.percentile(first.fixed, 99.8)
    for k, (heading, (image, label)) in enumerate(columns.items()):
        x = GAP + k * (WIDTH + GAP)
        ax = _panel(page, x, top, view)
        _show(ax, view, image, *limits)
        _box(ax, close)
        below = _panel(page, x, top + WIDTH * view.aspect() + GAP, close)
        _show(below, close, image, *limits)
        _outline(below, close, first.fixed_label == structure, FIXED_COLOUR)
        if heading != "fixed":
            _outline(below, close, label == structure, OWN_COLOUR)
        score = "" if heading == "fixed" else f"\nDice of {name} {dice_of(label, first.fixed_label, structure):.3f}"
        page.text(x + WIDTH / 2, top - 0.05, heading + score, fontsize=PLAIN, ha="center", va="bottom")
    page.text(GAP, 0.06, title, fontsize=TITLE, va="top", weight="bold")
    caption = f"Below: {name} enlarged, with its outline in the fixed image (cyan) and in the image itself (orange)."
    page.text(GAP, page.height - 0.1, caption, fontsize=PLAIN, va="bottom")
    _save(path, page)


def structure_view(pair: SavedPair, structure: int) -> View:
    """The first central plane of the images; in 3-D laid through the middle of the structure."""
    view = central_views(bounding_box([pair.fixed, pair.moving]))[0]
    where = np.argwhere(pair.fixed_label == structure)
    box = list(view.box)
    for axis in view.cut_axes():
        middle = int(np.median(where[:, axis]))
        box[axis] = slice(middle, middle + 1)
    return View(view.across, view.down, view.flip, tuple(box))


def enlarged(view: View, masks: Sequence[np.ndarray]) -> View:
    """The plane of ``view`` around what any mask ``(*S)`` shows in it, with a margin: a square, within the image."""
    shown = np.any(masks, axis=0)
    section = tuple(view.box[a] if a in view.cut_axes() else slice(None) for a in range(shown.ndim))
    found = np.argwhere(shown[section])
    box = list(view.box)
    spans = {axis: (found[:, axis].min(), found[:, axis].max() + 1) for axis in (view.across, view.down)}
    side = int(np.ceil(max(stop - start for start, stop in spans.values()) * (1 + 2 * ENLARGED_MARGIN)))
    for axis, (start, stop) in spans.items():
        length = min(side, shown.shape[axis])
        low = min(max(0, (start + stop - length) // 2), shown.shape[axis] - length)
        box[axis] = slice(low, low + length)
    return View(view.across, view.down, view.flip, tuple(box))


def save_field_figure(
    path: str | os.PathLike[str],
    methods: Mapping[str, SavedPair],
    jac_dets: Mapping[str, np.ndarray],
    captions: Mapping[str, str],
    title: str = "",
) -> None:
    """Each method's deformed grid over the fixed image and, below, its Jacobian determinant, on one scale.

    Args:
        path: image file.
        methods: method to its result for one and the same pair.
        jac_dets: method to the determinant ``(*S)``; 0 or less, folded, has a colour of its own.
        captions: method to a line below its name.
        title: a line above the panels.
    """
    first = next(iter(methods.values()))
    view = central_views(bounding_box([first.fixed, first.moving]))[0]
    width, top = 3.0, HEAD + (0.3 if title else 0)
    height = width * view.aspect()
    page = Page(GAP + len(methods) * (width + GAP), top + 2 * height + GAP + 0.5)
    for k, (name, pair) in enumerate(methods.items()):
        x = GAP + k * (width + GAP)
        _draw_grid(_panel(page, x, top, view, width), view, pair)
        jacobian = _draw_jacobian(_panel(page, x, top + height + GAP, view, width), view, jac_dets[name])
        heading = f"{name}\n{captions[name]}"
        page.text(x + width / 2, top - 0.05, heading, fontsize=PLAIN, ha="center", va="bottom")
    foot = top + 2 * height + GAP
    label = "Jacobian determinant: below 1 shrinks, above 1 grows; folded (0 or less) yellow"
    page.colour_bar(jacobian, page.width / 4, foot + 0.08, page.width / 2, label, "min")
    page.text(GAP, 0.06, title, fontsize=TITLE, va="top", weight="bold")
    _save(path, page)


def _panel(page: Page, x: float, y: float, view: View, width: float = WIDTH) -> Axes:
    ax = page.axes(x, y, width, width * view.aspect())
    ax.set_axis_off()
    left, right, bottom, top = view.extent()
    ax.set(xlim=(left, right), ylim=(top, bottom) if view.flip else (bottom, top))
    ax.set_autoscale_on(False)
    return ax


def _show(ax: Axes, view: View, image: np.ndarray, low: float, high: float, cmap: str | Colormap = "gray") -> AxesImage:
    return ax.imshow(
        view.plane(image), extent=view.extent(), origin="upper", aspect="auto", cmap=cmap, vmin=low, vmax=high
    )


def _box(ax: Axes, close: View) -> None:
    left, right, bottom, top = close.extent()
    ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.2))


def _outline(ax: Axes, view: View, mask: np.ndarray, colour: str) -> None:
    plane = view.plane(mask)
    left, _, _, top = view.extent()
    across, down = np.arange(plane.shape[1]) + left + 0.5, np.arange(plane.shape[0]) + top + 0.5
    if plane.any() and not plane.all():
        ax.contour(across, down, plane, levels=[0.5], colors=colour, linewidths=1.3)


def _draw_grid(ax: Axes, view: View, pair: SavedPair) -> None:
    low, high = float(pair.fixed.min()), float(np.percentile(pair.fixed, 99.8))
    _show(ax, view, pair.fixed, low, low + 2.5 * (high - low), "gray_r")
    lines = grid_lines(view.plane(pair.ddf[[view.across, view.down]], crop=False), step=4)
    ax.add_collection(LineCollection(lines, colors=GRID_COLOUR, linewidths=0.6), autolim=False)


def _draw_jacobian(ax: Axes, view: View, jac_det: np.ndarray) -> AxesImage:
    colours = colormaps["RdBu_r"].with_extremes(under=FOLDED_COLOUR)
    image = _show(ax, view, np.where(jac_det <= 0, -1.0, jac_det), 0, 2, colours)
    image.set_interpolation("nearest")
    return image


def _save(path: str | os.PathLike[str], page: Page) -> None:
    FigureCanvasAgg(page.figure)
    with atomic_path(path) as temporary:
        page.figure.savefig(temporary, dpi=DPI)
