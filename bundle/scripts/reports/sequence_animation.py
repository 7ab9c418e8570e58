"""A registered sequence as a moving picture: what moves, what the registration makes of it, and the motion it found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from PIL import Image
from scipy.ndimage import map_coordinates

from ..errors import InputError
from ..files import atomic_path
from .page import Page
from .panels import FIXED_COLOUR, GRID_COLOUR, grid_lines, intensity_limits, outline_lines, show, show_faint
from .planes import View, bounding_box
from .style import DPI, PLAIN

PANELS: tuple[tuple[str, Callable[..., AxesImage]], ...] = (
    ("sequence", show),
    ("aligned", show),
    ("the reference's grid, moved", show_faint),
)
PANEL = 300  # pixels across a panel at most; every voxel gets as many as the next
LEFT, GAP, FOOT = 0.05, 0.07, 0.25  # inches
TOP, TITLED_TOP = 0.24, 0.5  # inches above the panels, without and with a title
OUTLINE, GRID = 1.0, 0.8  # widths of lines, points
GREYS = 20  # more would make the file larger, not better
SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "msec": 1e-3, "us": 1e-6, "usec": 1e-6}  # as the NIfTI standard has them
SHORTEST, LONGEST, UNTIMED = 20, 1000, 50  # milliseconds of a frame; browsers slow down what is faster


def save_sequence_animation(
    path: str | os.PathLike[str],
    frames: np.ndarray,
    aligned: np.ndarray,
    ddf: np.ndarray,
    times: Sequence[float] | np.ndarray,
    unit: str = "",
    label: np.ndarray | None = None,
    spacing: Sequence[float] = (1.0, 1.0),
    title: str = "",
) -> None:
    """Write a plane of a registered sequence as a GIF that runs for ever, at the speed of the times.

    Three panels: the sequence with the outlines of the reference's labels carried along, which should follow the
    tissue; the aligned sequence, which should stand still within the outlines; and the reference's grid carried along.
    The first array axis runs across the page to the right and the second one down, as in the other figures of 2-D
    images. Of volumes, give one plane and the two channels of the displacement that lie in it.

    Args:
        path: of the GIF, which is either complete or absent.
        frames: images ``(T, *S)``, two axes of space.
        aligned: every frame on the reference's grid, ``(T, *S)``.
        ddf: displacement from the reference to every frame in voxels, ``(T, 2, *S)``.
        times: ``(T,)``, increasing.
        unit: of the times, as NIfTI has it: ``s``, ``ms`` or ``us``; with any other a frame stays 50 ms.
        label: integer label map of the reference, ``(*S)``, drawn as outlines.
        spacing: size of a voxel along the two axes.
        title: a line above the panels.

    Raises:
        InputError: if there is no frame, or a shape does not fit that of ``frames``.
    """
    _check(frames, aligned, ddf, times, label)
    box = bounding_box(list(frames))
    view = View(0, 1, False, box, voxel=(float(spacing[0]), float(spacing[1])))
    captions = [f"frame {k}" + (f", {time:g} {unit}" if unit in SECONDS else "") for k, time in enumerate(times)]
    pictures = list(_pictures(view, frames, aligned, ddf, label, captions, title))
    _write_gif(path, pictures, frame_durations(times, unit))


def frame_durations(times: Sequence[float] | np.ndarray, unit: str) -> list[int]:
    """How long a frame stays, milliseconds: until the time of the next; the last one as long as the mean of the others.

    GIFs count hundredths of a second: every frame ends at the hundredth that is nearest to its time, so that the whole
    is as long as it should be, unless it is raised to 20 ms or cut to 1 s.
    """
    if unit not in SECONDS or len(times) < 2:
        return [UNTIMED] * len(times)
    starts = (np.asarray(times, dtype=float) - times[0]) * SECONDS[unit]
    ends = np.append(starts[1:], starts[-1] + starts[-1] / (len(starts) - 1))
    hundredths = np.diff(np.rint(100 * np.append(0, ends)))
    return [int(each) for each in np.clip(10 * hundredths, SHORTEST, LONGEST)]


def carry(lines: Sequence[np.ndarray], view: View, ddf: np.ndarray) -> list[np.ndarray]:
    """Polylines ``(points, 2)`` of a plane, across and down, after ``x + ddf(x)``, ``ddf`` ``(2, *S)`` in voxels."""
    moved = view.plane(ddf[[view.across, view.down]], crop=False)
    return [
        line + np.stack([map_coordinates(part, line.T[::-1], order=1, mode="nearest") for part in moved], axis=1)
        for line in lines
    ]


def _check(
    frames: np.ndarray,
    aligned: np.ndarray,
    ddf: np.ndarray,
    times: Sequence[float] | np.ndarray,
    label: np.ndarray | None,
) -> None:
    if frames.ndim != 3 or not len(frames):
        raise InputError(f"An animation needs frames of two axes each, (T, *S), not an array of shape {frames.shape}.")
    count, *size = frames.shape
    wanted = {"aligned": (count, *size), "ddf": (count, 2, *size), "times": (count,), "label": (*size,)}
    given = {"aligned": aligned, "ddf": ddf, "times": times, "label": label}
    for name, array in given.items():
        if array is not None and np.shape(array) != wanted[name]:
            raise InputError(f"{name} has shape {np.shape(array)}, expected {wanted[name]}.")


def _pictures(
    view: View,
    frames: np.ndarray,
    aligned: np.ndarray,
    ddf: np.ndarray,
    label: np.ndarray | None,
    captions: Sequence[str],
    title: str,
) -> Iterator[np.ndarray]:
    """The pixels ``(rows, columns, 3)`` of every frame; what is drawn once only changes its data."""
    page, panels = _page(view, title)
    limits = intensity_limits(list(frames))
    images = [draw(ax, view, frames[0], limits) for ax, draw in zip(panels, (draw for _, draw in PANELS), strict=True)]
    outlines = [] if label is None else outline_lines(view, label)
    styles = [(FIXED_COLOUR, OUTLINE), (FIXED_COLOUR, OUTLINE), (GRID_COLOUR, GRID)]
    lines = [LineCollection(outlines, colors=colour, linewidths=width) for colour, width in styles]
    for ax, collection in zip(panels, lines, strict=True):
        ax.add_collection(collection, autolim=False)
    caption = page.text(LEFT, page.height - FOOT / 2, "", fontsize=PLAIN, va="center")
    canvas = FigureCanvasAgg(page.figure)
    for k, text in enumerate(captions):
        for image, values in zip(images, (frames[k], aligned[k], frames[k]), strict=True):
            image.set_data(view.plane(values))
        lines[0].set_segments(carry(outlines, view, ddf[k]))
        lines[2].set_segments(grid_lines(view, ddf[k]))
        caption.set_text(text)
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _page(view: View, title: str) -> tuple[Page, list[Axes]]:
    """The page with its headings and empty panels, side by side."""
    left, right, _, _ = view.extent()
    voxels = round(right - left)
    width = (voxels * (PANEL // voxels) or PANEL) / DPI
    top = TITLED_TOP if title else TOP
    page = Page(2 * LEFT + len(PANELS) * (width + GAP) - GAP, top + width * view.aspect() + FOOT)
    page.figure.set_dpi(DPI)
    page.title(LEFT, title)
    corners = [LEFT + k * (width + GAP) for k in range(len(PANELS))]
    for x, (heading, _) in zip(corners, PANELS, strict=True):
        page.heading(x, top, width, heading)
    return page, [page.panel(x, top, width, view) for x in corners]


def palette() -> np.ndarray:
    """The colours of all frames ``(N, 3)``, 0 to 255: greys, and those of the lines as they fade into grey.

    One palette for all keeps what stands still in one colour.
    """
    greys = np.linspace(0, 255, GREYS).repeat(3).reshape(-1, 3)
    lines = 255 * np.array([to_rgb(FIXED_COLOUR), to_rgb(GRID_COLOUR)])
    faded = [
        share * line + (1 - share) * grey for line in lines for share in (1, 0.6, 0.3) for grey in greys[:: GREYS // 3]
    ]
    return np.rint([*greys, *faded]).astype(np.uint8)


def _write_gif(path: str | os.PathLike[str], pictures: Sequence[np.ndarray], durations: Sequence[int]) -> None:
    """Pictures ``(rows, columns, 3)`` with one palette for all; without dithering, whose noise would not compress."""
    colours = Image.new("P", (1, 1))
    colours.putpalette(palette().tobytes())
    images = [Image.fromarray(picture).quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures]
    with atomic_path(path) as temporary:
        images[0].save(
            temporary, format="GIF", save_all=True, append_images=images[1:], duration=list(durations), loop=0
        )
