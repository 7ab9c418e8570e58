"""Several methods on one pair: the paper's figure 5, and the fields beside each other.

Zheng et al., Computer Science and Application 13(1), 2023, doi 10.12677/csa.2023.131006, figure 5: the affinely aligned
moving image, the fixed image and what each method made of the first, with a box around one structure.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from scripts.errors import InputError
from scripts.reports.numbers import SHORT_DICE, number
from scripts.reports.page import Page
from scripts.reports.panels import (
    FIXED_COLOUR,
    OWN_COLOUR,
    draw_grid,
    draw_jacobian,
    draw_outlines,
    intensity_limits,
    show,
)
from scripts.reports.planes import View, bounding_box, central_views
from scripts.reports.style import PLAIN, save_figure

WIDTH, GAP, HEAD = 2.1, 0.06, 0.36  # inches: of a panel, between two, of the headings
ENLARGED_MARGIN = 0.35  # of the structure's size, around it
SMALLEST_STRUCTURE = 0.002  # of the grid, to be worth enlarging
WIDEST_STRUCTURE = 0.5  # of the image's shortest side
OUTLINE = 1.3  # width of the structure's outlines, points
FIELD_WIDTH, FIELD_STEP = 3.0, 4  # of a panel of fields, inches; voxels between two lines of its grid


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

    Of these, those that are wider than half the image (cortex, white matter) only where there is no other: nothing of
    them would be enlarged.

    Raises:
        InputError: if moving and fixed image share no label of that size.
    """
    fixed, moving = pairs[0].fixed_label, pairs[0].moving_label
    least = SMALLEST_STRUCTURE * fixed.size
    ids = [k for k in np.unique(fixed[fixed > 0]) if min((fixed == k).sum(), (moving == k).sum()) >= least]
    if not ids:
        raise InputError("The pair has no label that is large enough in both images to be enlarged.")
    ids = [k for k in ids if _extent(fixed == k) <= WIDEST_STRUCTURE] or ids
    gains = [np.mean([dice_of(p.warped_label, fixed, k) for p in pairs]) - dice_of(moving, fixed, k) for k in ids]
    return int(ids[int(np.argmax(gains))])


def _extent(mask: np.ndarray) -> float:
    """The longest side of what a mask covers, as a share of the image's shortest."""
    sides = np.ptp(np.argwhere(mask), axis=0) + 1
    return float(sides.max()) / min(mask.shape)


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
    top = _top(title)
    page = Page(GAP + len(columns) * (WIDTH + GAP), top + WIDTH * (view.aspect() + close.aspect()) + GAP + 0.42)
    limits = intensity_limits([first.fixed])
    for k, (heading, (image, label)) in enumerate(columns.items()):
        x = GAP + k * (WIDTH + GAP)
        ax = page.panel(x, top, WIDTH, view)
        show(ax, view, image, limits)
        _box(ax, close)
        below = page.panel(x, top + WIDTH * view.aspect() + GAP, WIDTH, close)
        show(below, close, image, limits)
        draw_outlines(below, close, first.fixed_label == structure, FIXED_COLOUR, OUTLINE)
        if heading != "fixed":
            draw_outlines(below, close, label == structure, OWN_COLOUR, OUTLINE)
        dice = number(dice_of(label, first.fixed_label, structure), SHORT_DICE)
        score = "" if heading == "fixed" else f"\nDice of {name} {dice}"
        page.heading(x, top, WIDTH, heading + score)
    page.title(GAP, title)
    caption = f"Below: {name} enlarged, with its outline in the fixed image (cyan) and in the image itself (orange)."
    page.text(GAP, page.height - 0.1, caption, fontsize=PLAIN, va="bottom")
    save_figure(path, page.figure)


def _top(title: str) -> float:
    """Inches above the panels: of the headings and, where there is one, of the title."""
    return HEAD + (0.3 if title else 0)


def structure_view(pair: SavedPair, structure: int) -> View:
    """The first central plane of the images; in 3-D laid through the middle of the structure."""
    view = central_views(bounding_box([pair.fixed, pair.moving]))[0]
    where = np.argwhere(pair.fixed_label == structure)
    box = list(view.box)
    for axis in view.cut_axes():
        middle = int(np.median(where[:, axis]))
        box[axis] = slice(middle, middle + 1)
    return replace(view, box=tuple(box))


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
    return replace(view, box=tuple(box))


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
    top, height = _top(title), FIELD_WIDTH * view.aspect()
    page = Page(GAP + len(methods) * (FIELD_WIDTH + GAP), top + 2 * height + GAP + 0.5)
    for k, (name, pair) in enumerate(methods.items()):
        x = GAP + k * (FIELD_WIDTH + GAP)
        ax, below = (page.panel(x, y, FIELD_WIDTH, view) for y in (top, top + height + GAP))
        draw_grid(ax, view, pair.fixed, pair.ddf, intensity_limits([pair.fixed]), FIELD_STEP)
        jacobian = draw_jacobian(below, view, jac_dets[name])
        page.heading(x, top, FIELD_WIDTH, f"{name}\n{captions[name]}")
    foot = top + 2 * height + GAP
    label = "Jacobian determinant: below 1 shrinks, above 1 grows; folded (0 or less) yellow"
    page.colour_bar(jacobian, page.width / 4, foot + 0.08, page.width / 2, label, "min")
    page.title(GAP, title)
    save_figure(path, page.figure)


def _box(ax: Axes, close: View) -> None:
    """A white frame around what ``close`` shows."""
    left, right, bottom, top = close.extent()
    ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.2))
