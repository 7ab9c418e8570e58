"""The fourth axis of an image file: how many frames, and when each was taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .dicom_cine import several_frames
from .geometry import Geometry
from .headers import MAX_VOXELS, MIN_SIZE, check_geometry, is_nifti, nifti_header, read_axes, sizes_text
from .information import is_dicom

THINNEST = 2  # voxels along the third axis of a stack of slices: those may be registered one by one
SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # NIfTI's units of time: s, ms, us
LENGTH_CODES, TIME_CODES = 0b000111, 0b111000  # the bits of NIfTI's xyzt_units


@dataclass(frozen=True)
class TimeAxis:
    """Frames at even steps.

    Attributes:
        count: of frames.
        step: from one to the next, in ``unit``.
        unit: ``"s"`` or ``"frame"``.
        note: what was decided on reading and a user should know, or an empty string.
    """

    count: int
    step: float
    unit: str
    note: str

    @property
    def times(self) -> np.ndarray:
        """The times of the frames from 0 on, ``(T,)``."""
        return np.arange(self.count) * self.step


def read_grid(path: str) -> tuple[Geometry, TimeAxis]:
    """The grid of a 4-D file's frames, and its time axis.

    Raises:
        InputError: if the file cannot be read, or is no sequence of one-channel images.
    """
    size, spacing, origin, direction = _axes(path)
    if len(size) == 3 and size[2] > 1 and is_dicom(path):
        raise several_frames(path)
    if len(size) < 4:
        raise InputError(
            f"{path} is one image of {sizes_text(size)} voxels, no sequence; store slices as X x Y x 1 x T and volumes "
            "as X x Y x Z x T, or give a folder with a file a frame."
        )
    if len(size) > 4:
        raise InputError(f"{path} is an array of {sizes_text(size)}; a sequence has four axes, X x Y x Z x T.")
    geometry = Geometry(tuple(size[:3]), spacing[:3], origin[:3], direction[:3, :3])
    check_grid(geometry, path, size[3])
    return geometry, _time_axis(path, size[3], float(spacing[3]), spacing[:3])


def has_time(path: str) -> bool:
    """Whether a file has a fourth axis longer than one.

    Raises:
        InputError: if there is no such file, or its header cannot be read.
    """
    size, *_ = _axes(path)
    return len(size) > 3 and size[3] > 1


def _axes(path: str) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray]:
    """As :func:`read_axes`; of NRRD's ways to store time, 3D Slicer's is one that ITK takes for something else."""
    try:
        return read_axes(path)
    except InputError as error:
        if path.lower().endswith((".nrrd", ".nhdr")) and Path(path).exists():
            raise InputError(
                f"{path} is no valid NRRD file in which ITK finds time as the fourth axis; convert it to 4-D NIfTI."
            ) from error
        raise


def check_grid(geometry: Geometry, path: str, count: int) -> None:
    """Refuse ``count`` frames on a grid of three axes that ``path`` cannot mean.

    Raises:
        InputError: if there is one frame alone, a frame is no slice or volume, or there are too many voxels.
    """
    if count < 2:
        raise InputError(f"{path} holds one frame; a sequence needs two or more.")
    if sum(n >= MIN_SIZE for n in geometry.size) < 2 or np.prod((*geometry.size, count), dtype=float) > MAX_VOXELS:
        raise InputError(
            f"{path} measures {sizes_text((*geometry.size, count))} voxels; a frame needs {MIN_SIZE} or more along two "
            "axes, and a sequence 2**30 in all at most."
        )
    check_geometry(geometry, path, THINNEST)


def _time_axis(path: str, count: int, step: float, spacing: np.ndarray) -> TimeAxis:
    """What the header says of time."""
    notes = []
    scale = 1.0
    if is_nifti(path):
        header = nifti_header(path)
        units = int(header["xyzt_units"])
        step, scale = float(header["pixdim"][4]), SECONDS.get(units & TIME_CODES, 0.0)
        if not units & LENGTH_CODES and (spacing == 1).all():
            notes.append(f"{path} gives no spacing: 1 x 1 x 1 mm is assumed")
    elif step == 1:
        scale = 0.0  # as good as not given
    else:
        notes.append(f"{path} names no unit of time: {step:g} from frame to frame is taken for seconds")
    if scale and np.isfinite(step) and step > 0:
        return TimeAxis(count, step * scale, "s", "; ".join(notes))
    notes.append(numbered(path))
    return TimeAxis(count, 1.0, "frame", "; ".join(notes))


def numbered(path: str) -> str:
    """What is said where no file tells the time."""
    return f"{path} gives no time between frames: they are numbered"
