"""What was measured of a registered sequence, frame by frame, and its table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from ..files import write_text_atomic
from .numbers import plain
from .summary import csv_text


@dataclass(frozen=True)
class SequenceCourse:
    """Volumes and strains of the ``T`` frames of a sequence that was registered to one of them.

    Attributes:
        times: ``(T,)``, increasing.
        time_unit: of the times, such as ``s``; empty where they only count frames.
        volumes: label to the volume ``(T,)`` that the registration carries it to.
        volume_unit: of the volumes, such as ``ml``.
        strains: name to ``(T,)``, without a unit.
        reference: index of the frame that all others were registered to.
        measured: label to the volumes that its segmentations have, by frame index, where there are any.
        ejection: label to its ejection fraction, 0 to 1, of those that have one.
        end_systole: index of the frame in which the heart is smallest; ``None`` where that says nothing.

    Raises:
        InputError: if there is neither a volume nor a strain, a curve has not one value a time, a frame does not
            exist, or something is said of a label that has no volume.
    """

    times: np.ndarray
    time_unit: str
    volumes: Mapping[str, np.ndarray]
    volume_unit: str
    strains: Mapping[str, np.ndarray]
    reference: int
    measured: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    ejection: Mapping[str, float] = field(default_factory=dict)
    end_systole: int | None = None

    def __post_init__(self) -> None:
        if not self.volumes and not self.strains:
            raise InputError("A sequence without a label has neither volumes nor strains to show.")
        frames = len(self.times)
        for name, values in {**self.volumes, **self.strains}.items():
            if np.shape(values) != (frames,):
                raise InputError(f"{name} has values of shape {np.shape(values)}, but there are {frames} times.")
        single = {"reference": self.reference, "end_systole": self.end_systole}
        given = {name: [k] for name, k in single.items() if k is not None}
        for name, indices in {**given, **self.measured}.items():
            for k in indices:
                if not 0 <= k < frames:
                    raise InputError(f"{name} is of frame {k}, but the frames are 0 to {frames - 1}.")
        for name in (*self.measured, *self.ejection):
            if name not in self.volumes:
                raise InputError(f"{name} has no volume; there are {', '.join(self.volumes)}.")


def write_sequence_table(path: str | os.PathLike[str], course: SequenceCourse) -> None:
    """Write a course as CSV: a row a frame; its index from 0 on, time, volumes, measured volumes and strains.

    A column of the measured volumes is there for every label that has one; it is empty in the other frames.

    Args:
        path: of the file, which is either complete or absent.
        course: what was measured.
    """
    volume = f" ({course.volume_unit})" if course.volume_unit else ""
    columns = {f"time ({course.time_unit})" if course.time_unit else "time": course.times}
    columns |= {f"{name}{volume}": values for name, values in course.volumes.items()}
    frames = range(len(course.times))
    columns |= {
        f"measured {name}{volume}": np.array([found.get(k, np.nan) for k in frames])
        for name, found in course.measured.items()
    }
    columns |= dict(course.strains)
    rows = [[k, *(plain(values[k]) for values in columns.values())] for k in frames]
    write_text_atomic(path, csv_text(["frame", *columns], rows))
