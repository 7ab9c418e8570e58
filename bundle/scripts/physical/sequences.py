"""Image sequences: every time point of one slice or volume, in one file or in a folder with a file a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..voxels import check_intensities
from .geometry import Geometry
from .headers import MAX_VOXELS, MIN_SIZE, check_geometry, is_nifti, nifti_header, read_axes, read_geometry, sizes_text
from .images import Image, on_voxels_of, read_label, read_voxels, whole_numbers

THINNEST = 2  # voxels along the third axis of a stack of slices: those may be registered one by one
FRAME_FILES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
VOXEL_FILES = (".raw", ".raw.gz", ".zraw")  # what .nhdr and .mhd headers keep beside them
SECONDS = {8: 1.0, 16: 1e-3, 24: 1e-6}  # NIfTI's units of time: s, ms, us
LENGTH_CODES, TIME_CODES = 0b000111, 0b111000  # the bits of NIfTI's xyzt_units


@dataclass(frozen=True, eq=False)
class ImageSequence:
    """One image at several times, every frame on one grid.

    Attributes:
        path: the file or folder it came from.
        values: ``(X, Y, Z, T)`` float32, the axes of a frame in the file's order; an axis across a slice is 1 long.
        geometry: the grid of every frame, of three axes.
        times: ``(T,)``, from 0 on: seconds where the file tells, else the frames' numbers.
        unit: ``"s"`` or ``"frame"``.
        note: what was decided on reading and a user should know, or an empty string.
    """

    path: str
    values: np.ndarray
    geometry: Geometry
    times: np.ndarray
    unit: str
    note: str = ""

    def frame(self, index: int) -> Image:
        """The image of one time point, counted from 0."""
        return Image(self.path, np.ascontiguousarray(self.values[..., index]), self.geometry)


def read_sequence(path: str) -> ImageSequence:
    """A sequence from a 4-D file (NIfTI, NRRD, MetaImage) or a folder with a file a frame, in natural order.

    Time is the fourth axis of a file: a slice at several times is ``X x Y x 1 x T``. Its unit is known in NIfTI; NRRD
    and MetaImage name none, and what ITK writes there is seconds.

    Raises:
        InputError: if a frame cannot be read or is no one-channel image, if there are fewer than two, they lie on
            different grids, or one holds NaN, infinity or one value only; the frame is named.
    """
    path = str(path)
    return _of_folder(path) if Path(path).is_dir() else _of_file(path)


def check_frame(index: int, sequence: ImageSequence, option: str) -> None:
    """Refuse a frame that a sequence does not have.

    Raises:
        InputError: if ``index``, given as ``option``, is not from 0 to T - 1.
    """
    count = len(sequence.times)
    if not 0 <= index < count:
        raise InputError(
            f"{option} is {index}, but {sequence.path} has {count} frames; choose one from 0 to {count - 1}."
        )


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
    geometry, step = _grid(path)
    count, expected = step.count, len(sequence.times)
    if count != expected:
        raise InputError(f"{path} has {count} frames but {sequence.path} {expected}; a frame without labels is all 0.")
    values = whole_numbers(read_voxels(path, (*geometry.size, count)), path)
    image = sequence.frame(0)
    labels = [on_voxels_of(image, Image(path, values[..., index], geometry)) for index in range(count)]
    if labels[0].note:
        raise InputError(f"{path} lies on another grid than {sequence.path}; give the labels its frames' header.")
    return np.stack([label.values for label in labels], axis=-1)


@dataclass(frozen=True)
class _Steps:
    """The time axis of a file."""

    count: int
    step: float
    unit: str
    note: str

    @property
    def times(self) -> np.ndarray:
        return np.arange(self.count) * self.step


def _of_file(path: str) -> ImageSequence:
    geometry, steps = _grid(path)
    values = read_voxels(path, (*geometry.size, steps.count)).astype(np.float32)
    _check_frames(values, path)
    return ImageSequence(path, values, geometry, steps.times, steps.unit, steps.note)


def _grid(path: str) -> tuple[Geometry, _Steps]:
    """The grid of a 4-D file's frames, and its time axis."""
    size, spacing, origin, direction = read_axes(path)
    if len(size) < 4:
        raise InputError(
            f"{path} is one image of {sizes_text(size)} voxels, no sequence; store slices as X x Y x 1 x T and volumes "
            "as X x Y x Z x T, or give a folder with a file a frame."
        )
    if len(size) > 4:
        raise InputError(f"{path} is an array of {sizes_text(size)}; a sequence has four axes, X x Y x Z x T.")
    geometry = Geometry(tuple(size[:3]), spacing[:3], origin[:3], direction[:3, :3])
    _check_grid(geometry, path, size[3])
    return geometry, _steps(path, size[3], float(spacing[3]), spacing[:3])


def _check_grid(geometry: Geometry, path: str, count: int) -> None:
    if count < 2:
        raise InputError(f"{path} holds one frame; a sequence needs two or more.")
    if sum(n >= MIN_SIZE for n in geometry.size) < 2 or np.prod((*geometry.size, count), dtype=float) > MAX_VOXELS:
        raise InputError(
            f"{path} measures {sizes_text((*geometry.size, count))} voxels; a frame needs {MIN_SIZE} or more along two "
            "axes, and a sequence 2**30 in all at most."
        )
    check_geometry(geometry, path, THINNEST)


def _steps(path: str, count: int, step: float, spacing: np.ndarray) -> _Steps:
    """What the header says of time."""
    notes = []
    scale = 1.0
    if is_nifti(path):
        header = nifti_header(path)
        units = int(header["xyzt_units"])
        step, scale = float(header["pixdim"][4]), SECONDS.get(units & TIME_CODES, 0.0)
        if not units & LENGTH_CODES and (spacing == 1).all():
            notes.append(f"the header of {path} gives no spacing: 1 x 1 x 1 mm is assumed")
    elif step == 1:
        scale = 0.0  # as good as not given
    else:
        notes.append(f"the header of {path} names no unit of time: {step:g} from frame to frame is taken for seconds")
    if scale and np.isfinite(step) and step > 0:
        return _Steps(count, step * scale, "s", "; ".join(notes))
    notes.append(f"the header of {path} gives no time between frames: they are numbered")
    return _Steps(count, 1.0, "frame", "; ".join(notes))


def _of_folder(path: str) -> ImageSequence:
    files = [file for file in Path(path).iterdir() if not file.name.startswith(".")]
    if not files:
        raise InputError(f"{path} is an empty folder; give a folder with a file a frame.")
    frames = sorted((file for file in files if _ends(file, FRAME_FILES)), key=_natural)
    others = [file for file in files if file not in frames and not _ends(file, VOXEL_FILES)]
    if others or not frames:
        kinds = ", ".join(FRAME_FILES)
        raise InputError(f"{path} holds {min(others or files).name}, no frame; give a folder of {kinds} files alone.")
    return _of_frames(path, [str(frame) for frame in frames])


def _of_frames(path: str, frames: list[str]) -> ImageSequence:
    first = read_geometry(frames[0], smallest=THINNEST)
    _check_grid(first.in_space(3), path, len(frames))
    values = np.empty((*first.in_space(3).size, len(frames)), dtype=np.float32)
    for index, frame in enumerate(frames):
        geometry = read_geometry(frame, smallest=THINNEST)
        if geometry.size != first.size:
            sizes = " but the first frame ".join(sizes_text(each.size) for each in (geometry, first))
            raise InputError(f"{frame} measures {sizes} voxels; all frames of a sequence need one size.")
        if not geometry.same_as(first):
            raise InputError(f"{frame} lies elsewhere than {frames[0]}; all frames of a sequence need one grid.")
        voxels = read_voxels(frame, geometry.size).astype(np.float32)
        check_intensities(voxels, frame)
        values[..., index] = voxels.reshape(values.shape[:3])
    note = f"the files in {path} give no time between frames: they are numbered"
    return ImageSequence(path, values, first.in_space(3), np.arange(len(frames), dtype=float), "frame", note)


def _check_frames(values: np.ndarray, path: str) -> None:
    for index in range(values.shape[-1]):
        check_intensities(values[..., index], f"{path} (frame {index}, counted from 0)")


def _ends(file: Path, suffixes: tuple[str, ...]) -> bool:
    return file.is_file() and file.name.lower().endswith(suffixes)


def _natural(file: Path) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts numbers in names by their value: frame2 before frame10."""
    parts = re.split(r"(\d+)", file.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], file.name
