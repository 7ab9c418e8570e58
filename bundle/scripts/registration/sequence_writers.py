"""The files of a registered sequence."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..physical import write_field_series, write_sequence
from ..physical.itk_transforms import field_transform, write_transform
from ..progress import progress
from ..reports import save_sequence_animation, save_sequence_curves, write_sequence_table
from .output import REPORT
from .sequence_result import SequenceResult

Writer = Callable[[Path], Any]


def save_sequence_result(result: SequenceResult, folder: Path, transforms: bool = False) -> None:
    """Write every file into an existing folder.

    Args:
        result: what was found.
        folder: where.
        transforms: also an ITK transform a frame.

    Raises:
        OSError: if a file cannot be written.
    """
    writers = writers_of(result) | (transform_writers(result) if transforms else {})
    report = json.dumps(result.report, indent=2) + "\n"
    writers[REPORT] = lambda path: path.write_text(report, encoding="utf-8")
    for ending, write in progress(writers.items(), f"writing {result.name}", "file"):
        write(folder / (result.name + ending))


def writers_of(result: SequenceResult) -> dict[str, Writer]:
    """What writes each file, by what its name ends in; the report, which says that all is done, is not among them."""
    sequence = result.sequence
    writers: dict[str, Writer] = {
        "_aligned.nii.gz": partial(write_sequence, values=result.aligned, sequence=sequence),
        "_motion.nii.gz": partial(
            write_field_series,
            vectors=result.vectors,
            geometry=sequence.geometry,
            times=sequence.times,
            unit=sequence.unit,
        ),
        "_movie.gif": partial(_write_movie, result),
    }
    if result.carried is not None:
        writers["_labels.nii.gz"] = partial(write_sequence, values=result.carried, sequence=sequence)
    if result.course is not None:
        writers["_course.csv"] = partial(write_sequence_table, course=result.course)
        writers["_curves.png"] = partial(save_sequence_curves, course=result.course, title=result.name)
    return writers


def transform_writers(result: SequenceResult) -> dict[str, Writer]:
    """Each frame's field as an ITK transform, from points of the reference frame to points of that one."""
    return {f"_frame{t:03}_transform.h5": partial(_write_transform, result, t) for t in range(len(result.vectors))}


def _write_transform(result: SequenceResult, frame: int, path: Path) -> None:
    geometry, vectors = result.sequence.geometry, result.vectors[frame]
    for axis in geometry.flat_axes:  # ITK takes a field one voxel thick for none at its border
        vectors = np.concatenate([vectors] * 3, axis=axis + 1)
    write_transform(path, field_transform(vectors, geometry.thickened()))


def _write_movie(result: SequenceResult, path: Path) -> None:
    """The slice or plane with the largest labels, else the middle one, as a moving picture."""
    sequence, label = result.sequence, result.label
    plane = sequence.geometry.size[2] // 2
    if label is not None and result.ids:
        plane = int(np.isin(label, result.ids).sum((0, 1)).argmax())
    ddf = result.motion.ddf[plane] if result.motion.by_slice else result.motion.ddf[:, :2, :, :, plane]
    save_sequence_animation(
        path,
        np.moveaxis(sequence.values[:, :, plane], -1, 0),
        np.moveaxis(result.aligned[:, :, plane], -1, 0),
        ddf.numpy(),
        sequence.times,
        sequence.unit if sequence.unit == "s" else "",
        None if label is None else label[:, :, plane].astype(np.int64),
        sequence.geometry.spacing[:2].tolist(),
        result.name,
    )
