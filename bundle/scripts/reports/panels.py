"""What a panel shows of a plane: an image, outlines of labels, the deformed grid or the Jacobian determinant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from contourpy import contour_generator
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage

from .planes import View

FIXED_COLOUR, OWN_COLOUR = "#00e5ff", "#ff8c1a"  # outlines of the fixed labels, and of an image's own
FOLDED_COLOUR, GRID_COLOUR = "#ffe600", "#17428f"
GRID_STEP = 5  # voxels between two lines of the deformed grid

Limits = tuple[float, float]  # the values at the two ends of a colour scale


def intensity_limits(images: Sequence[np.ndarray]) -> Limits:
    """Range of images of one shape together; a few bright voxels (vessels) do not set it."""
    values = np.stack(images)
    return float(values.min()), bright_end(values)


def bright_end(values: np.ndarray) -> float:
    """The value that all but a few bright voxels stay below."""
    return float(np.percentile(values, 99.8))


def show(
    ax: Axes,
    view: View,
    array: np.ndarray,
    limits: Limits,
    cmap: str | Colormap = "gray",
    interpolation: str | None = None,
) -> AxesImage:
    """Draw what the box of ``view`` holds of an array ``(*S)``, in voxel coordinates.

    Args:
        ax: axes of the panel.
        view: the plane.
        array: values ``(*S)``.
        limits: values that get the first and the last colour.
        cmap: colour map.
        interpolation: between voxels; ``None`` for matplotlib's own choice.
    """
    low, high = limits
    return ax.imshow(
        view.plane(array),
        extent=view.extent(),
        origin="upper",
        aspect="auto",
        cmap=cmap,
        vmin=low,
        vmax=high,
        interpolation=interpolation,
    )


def outline_lines(view: View, label: np.ndarray) -> list[np.ndarray]:
    """Lines around every label of a map ``(*S)`` in the box of ``view``; between two labels each has its own.

    Returns:
        Polylines ``(points, 2)`` of voxel coordinates across and down; none around what fills the plane.
    """
    plane = view.plane(label)
    left, _, _, top = view.extent()
    across, down = np.arange(plane.shape[1]) + left + 0.5, np.arange(plane.shape[0]) + top + 0.5
    masks = [(plane == value).astype(float) for value in np.unique(plane[plane != 0])]
    return [np.asarray(line) for mask in masks for line in contour_generator(across, down, mask).lines(0.5)]


def draw_outlines(ax: Axes, view: View, label: np.ndarray, colour: str, width: float) -> None:
    """Draw the :func:`outline_lines` of a map ``(*S)``."""
    ax.add_collection(LineCollection(outline_lines(view, label), colors=colour, linewidths=width), autolim=False)


def grid_lines(view: View, ddf: np.ndarray, step: int = GRID_STEP) -> list[np.ndarray]:
    """Every ``step``-th grid line of a plane after the in-plane part of ``x + ddf(x)``.

    Args:
        view: the plane; all its lines, not those of the box alone: the field may move lines into it.
        ddf: displacement ``(D, *S)``, voxels.
        step: voxels between two lines.

    Returns:
        Polylines ``(points, 2)`` of coordinates across and down: first the level ones, then the upright ones.
    """
    moved = view.plane(ddf[[view.across, view.down]], crop=False)
    rows, columns = np.indices(moved.shape[1:])
    points = np.stack([columns, rows], axis=-1) + np.moveaxis(moved, 0, -1)
    level = [points[row] for row in range(0, points.shape[0], step)]
    upright = [points[:, column] for column in range(0, points.shape[1], step)]
    return level + upright


def show_faint(ax: Axes, view: View, image: np.ndarray, limits: Limits) -> AxesImage:
    """Draw an image as :func:`show` does, dark on light and so faint that lines stand out on it."""
    low, high = limits
    return show(ax, view, image, (low, low + 2.5 * (high - low)), "gray_r")


def draw_grid(
    ax: Axes, view: View, image: np.ndarray, ddf: np.ndarray, limits: Limits, step: int = GRID_STEP
) -> AxesImage:
    """Draw the lines of the fixed grid moved by the in-plane part of ``ddf (D, *S)``, over a faint image ``(*S)``."""
    faint = show_faint(ax, view, image, limits)
    ax.add_collection(LineCollection(grid_lines(view, ddf, step), colors=GRID_COLOUR, linewidths=0.6), autolim=False)
    return faint


def draw_jacobian(ax: Axes, view: View, jac_det: np.ndarray) -> AxesImage:
    """Draw the determinant ``(*S)``: blue shrinks, red grows, what is folded (0 or less) has a colour of its own."""
    colours = colormaps["RdBu_r"].with_extremes(under=FOLDED_COLOUR)
    shown = np.where(jac_det <= 0, -1.0, jac_det)  # under the scale
    return show(ax, view, shown, (0.0, 2.0), colours, interpolation="nearest")
