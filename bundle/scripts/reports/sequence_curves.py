"""Curves of a registered sequence over time: the volumes of its labels, and the strains of a wall."""

from __future__ import annotations

import os

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .numbers import number
from .sequence_course import SequenceCourse
from .style import PLAIN, SMALL, TITLE, dress, save_figure, stage_colour

WIDTH, HEIGHT = 6.8, 2.3  # inches, of a chart


def save_sequence_curves(path: str | os.PathLike[str], course: SequenceCourse, title: str = "") -> None:
    """Draw volumes, with a circle where one was measured, above strains; both mark reference and end-systole.

    The legend says the ejection fractions. A chart without a curve is left out.

    Args:
        path: image file; its suffix says the format.
        course: what was measured.
        title: a line above the charts.
    """
    save_figure(path, sequence_curves(course, title))


def sequence_curves(course: SequenceCourse, title: str = "") -> Figure:
    """The charts below each other, over one axis of time."""
    charts = [draw for draw, curves in ((_draw_volumes, course.volumes), (_draw_strains, course.strains)) if curves]
    figure = Figure(figsize=(WIDTH, 0.5 + HEIGHT * len(charts)), layout="constrained")
    axes = figure.subplots(len(charts), 1, sharex=True, squeeze=False)[:, 0]
    for ax, draw in zip(axes, charts, strict=True):
        draw(ax, course)
        dress(ax, grid_axis="both")
        _mark_frames(ax, course, named=ax is axes[0])
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=SMALL, frameon=False)
    axes[0].set_title(title, fontsize=TITLE, loc="left", weight="bold")
    axes[-1].set_xlabel(f"time, {course.time_unit}" if course.time_unit else "frame", fontsize=PLAIN)
    return figure


def _draw_volumes(ax: Axes, course: SequenceCourse) -> None:
    for k, (name, volumes) in enumerate(course.volumes.items()):
        fraction = f", EF {number(100 * course.ejection[name], '.1f')} %" if name in course.ejection else ""
        ax.plot(course.times, volumes, color=stage_colour(k + 1), label=f"{name}{fraction}")
        found = course.measured.get(name, {})
        _draw_points(ax, [course.times[i] for i in found], list(found.values()), stage_colour(k + 1))
    if any(course.measured.values()):
        _draw_points(ax, [], [], "black", label="measured")
    ax.set_ylim(bottom=0)
    ax.set_ylabel(f"volume, {course.volume_unit}" if course.volume_unit else "volume", fontsize=PLAIN)


def _draw_points(ax: Axes, times: list[float], values: list[float], colour: str, label: str | None = None) -> None:
    """Open circles, above the curves."""
    ax.plot(times, values, "o", color=colour, markerfacecolor="white", markersize=5.5, zorder=3, label=label)


def _draw_strains(ax: Axes, course: SequenceCourse) -> None:
    for k, (name, strain) in enumerate(course.strains.items()):
        ax.plot(course.times, 100 * np.asarray(strain), color=stage_colour(k + 4), label=name)
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_ylabel("strain, %", fontsize=PLAIN)


def _mark_frames(ax: Axes, course: SequenceCourse, named: bool) -> None:
    """Upright lines at the reference and at end-systole, which the legend may name."""
    for name, frame, style in (("reference", course.reference, ":"), ("end-systole", course.end_systole, "--")):
        if frame is not None:
            label = f"{name}, frame {frame}" if named else None
            ax.axvline(course.times[frame], color="black", linewidth=0.9, linestyle=style, label=label)
