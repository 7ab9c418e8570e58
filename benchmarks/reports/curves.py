"""Curves of trainings, from the events that they wrote for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.errors import InputError
from scripts.reports.style import PLAIN, TITLE, dress, save_figure, stage_colour

Curve = tuple[np.ndarray, np.ndarray]  # epochs and values


def read_curves(folder: str | Path) -> dict[str, Curve]:
    """Every scalar of a training by name, as epochs and values.

    A training that was interrupted wrote several files; where two hold an epoch, the later one counts.

    Args:
        folder: of the event files.

    Raises:
        InputError: if it holds none.
    """
    # Takes a second to import, so only here.
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader  # type: ignore[import-untyped]

    values: dict[str, dict[int, float]] = {}
    for path in sorted(Path(folder).glob("events.out.tfevents.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.HasField("tensor") and value.metadata.plugin_data.plugin_name == "scalars":
                    values.setdefault(value.tag, {})[event.step] = value.tensor.float_val[0]
    if not values:
        raise InputError(f"{folder} holds no curve of a training; train first.")
    return {name: _sorted(points) for name, points in values.items()}


def _sorted(points: Mapping[int, float]) -> Curve:
    epochs = sorted(points)
    return np.array(epochs), np.array([points[epoch] for epoch in epochs])


def save_curves(
    path: str | os.PathLike[str], trainings: Mapping[str, Sequence[Mapping[str, Curve]]], panels: Mapping[str, str]
) -> None:
    """Draw scalars over epochs, a panel each: a thin line a training, a thick one for the mean of a method.

    Args:
        path: image file.
        trainings: method to the curves of each of its trainings, see :func:`read_curves`.
        panels: scalar to its heading; one that no training has is left out.
    """
    shown = [name for name in panels if any(name in curves for runs in trainings.values() for curves in runs)]
    figure = Figure(figsize=(4.4 * len(shown), 3.4), layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for ax, name in zip(axes, shown, strict=True):
        for k, runs in enumerate(trainings.values()):
            _draw(ax, [curves[name] for curves in runs if name in curves], stage_colour(k + 1))
        ax.set_title(panels[name], fontsize=TITLE)
        ax.set_xlabel("epoch", fontsize=PLAIN)
        dress(ax, grid_axis="both", tick_length=3.5)
    for k, name in enumerate(trainings):
        axes[0].plot([], [], color=stage_colour(k + 1), linewidth=1.8, label=name)
    figure.legend(loc="outside lower center", ncols=len(trainings), fontsize=PLAIN, frameon=False)
    save_figure(path, figure)


def _draw(ax: Axes, curves: Sequence[Curve], colour: str) -> None:
    """The trainings of one method, and their mean over the epochs that all of them have."""
    for epochs, values in curves:
        ax.plot(epochs, values, color=colour, linewidth=0.6, alpha=0.5)
    if curves:
        common = sorted(set.intersection(*(set(epochs.tolist()) for epochs, _ in curves)))
        rows = [values[np.isin(epochs, common)] for epochs, values in curves]
        ax.plot(common, np.mean(rows, axis=0), color=colour, linewidth=1.8)
