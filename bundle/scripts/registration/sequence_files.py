"""From a sequence's file to the files of its results."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from ..physical import (
    ImageSequence,
    check_frame,
    has_time,
    read_label_frame,
    read_label_series,
    read_sequence,
)
from .configured import ConfiguredMethods
from .output import name_of, staged
from .pipeline import Stopwatch, versions
from .sequence import SequenceRegistration
from .sequence_result import SequenceResult
from .sequence_writers import save_sequence_result

logger = logging.getLogger(__name__)


def register_frames(
    registration: SequenceRegistration,
    path: str,
    reference: int = 0,
    label: str | None = None,
    about: Mapping[str, object] | None = None,
) -> SequenceResult:
    """Register the frames of a sequence to one of them.

    Args:
        registration: how.
        path: a 4-D file, or a folder with a file a frame or with one DICOM cine.
        reference: index of the frame that the others are registered to, from 0.
        label: the reference's label map, or one of all frames (4-D, 0 all over where a frame has none).
        about: plain values that the report says besides.

    Raises:
        InputError: if a file cannot be read, there is no such frame, or the reference has no label map, or one that
            lies among the frames.
    """
    watch = Stopwatch()
    if label is not None and Path(path).is_dir() and Path(label).resolve().parent == Path(path).resolve():
        raise InputError(f"{label} lies among the frames of {path} and would be one; move it out of the folder.")
    sequence = read_sequence(path)
    check_frame(reference, sequence, "--reference")
    labels = {} if label is None else _labels(label, sequence, reference)
    watch.lap("read")
    motion = registration(sequence, reference)
    watch.lap("registration")
    said = {**(about or {}), "label": label, "seconds": watch.laps, "versions": versions()}
    return SequenceResult(name_of(path), sequence, motion, labels, said, registration.periodic)


def _labels(path: str, sequence: ImageSequence, reference: int) -> dict[int, np.ndarray]:
    """Label maps by frame; the reference's is among them."""
    if has_time(path):
        series = read_label_series(path, sequence)
        labels = {t: series[..., t] for t in range(series.shape[-1]) if series[..., t].any()}
        if reference not in labels:
            known = ", ".join(map(str, labels)) or "none"
            raise InputError(f"{path} labels no voxel of the reference, frame {reference}; labelled are: {known}.")
        return labels
    return {reference: read_label_frame(path, sequence).values}


def register_sequence_files(
    methods: ConfiguredMethods,
    path: str,
    output_dir: str,
    spatial_dims: int = 2,
    reference: int = 0,
    label: str | None = None,
    periodic: bool = True,
    transforms: bool = False,
    device: torch.device | str | None = None,
) -> SequenceResult:
    """Register a sequence and write what comes of it, see :func:`register_frames`.

    Args:
        methods: the method for frames of so many dimensions.
        path, reference, label: see there.
        output_dir: folder of the results.
        spatial_dims: 2 registers the slices of a stack one by one, 3 volumes.
        periodic: whether the first frame follows the last.
        transforms: also write an ITK transform a frame.
        device: of network and refinement; ``None``: CUDA where there is one.

    Raises:
        InputError: as there, or if a file cannot be written.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    with staged(output_dir, [path, label]) as folder:
        method = methods(spatial_dims)
        registration = SequenceRegistration(method, spatial_dims, periodic, methods.use_network, device)
        result = register_frames(registration, path, reference, label, {"identity": methods.identity})
        save_sequence_result(result, folder, transforms)
    _tell(result, output_dir)
    return result


def _tell(result: SequenceResult, output_dir: str | Path) -> None:
    for note in result.report["notes"]:
        logger.warning("%s", note)
    likeness = result.report["correlation_with_reference"]
    before, after = (float(np.mean(likeness[stage])) for stage in ("unregistered", "registered"))
    ejection = "".join(
        f"; ejection fraction of the {n} {100 * v:.0f} %" for n, v in result.report["ejection_fraction"].items()
    )
    logger.info("%s: correlation %.3f before, %.3f after%s; in %s", result.name, before, after, ejection, output_dir)
