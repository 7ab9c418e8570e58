"""Label maps of an image sequence: of one frame, or of all in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from .images import Image, on_voxels_of, read_label, read_voxels, whole_numbers
from .sequences import ImageSequence
from .time_axis import THINNEST, read_grid


def read_label_frame(path: str, sequence: ImageSequence) -> Image:
    """The label map of one frame, on the sequence's grid; see :func:`scripts.physical.images.read_label`.

    Raises:
        InputError: if the file cannot be read, holds values that are not whole numbers, or differs in size.
    """
    label = read_label(path, smallest=THINNEST)
    return on_voxels_of(sequence.frame(0), label.in_space(3) if len(label.geometry.size) < 3 else label)


def read_label_series(path: str, sequence: ImageSequence) -> np.ndarray:
    """The label ids ``(X, Y, Z, T)`` of a 4-D file, in the sequence's order of axes; a frame without labels is 0.

    Raises:
        InputError: if the file cannot be read, holds values that are not whole numbers, or has not the sequence's
            grid and number of frames.
    """
    path = str(path)
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; give the labels of a sequence as one file of X x Y x Z x T voxels.")
    geometry, axis = read_grid(path)
    count, expected = axis.count, len(sequence.times)
    if count != expected:
        raise InputError(f"{path} has {count} frames but {sequence.path} {expected}; a frame without labels is all 0.")
    values = whole_numbers(read_voxels(path, (*geometry.size, count)), path)
    image = sequence.frame(0)
    labels = [on_voxels_of(image, Image(path, values[..., index], geometry)) for index in range(count)]
    if labels[0].note:
        raise InputError(f"{path} lies on another grid than {sequence.path}; give the labels its frames' header.")
    return np.stack([label.values for label in labels], axis=-1)
