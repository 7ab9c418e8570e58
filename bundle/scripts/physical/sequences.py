"""Image sequences: every time point of one slice or volume, in one file or in a folder with a file a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..voxels import check_intensities
from .dicom_cine import read_cine
from .geometry import Geometry
from .headers import IMAGE_SUFFIXES, read_geometry, sizes_text, stem_of
from .images import Image, read_voxels
from .information import is_dicom
from .time_axis import THINNEST, check_grid, numbered, read_grid

VOXEL_FILES = (".raw", ".raw.gz", ".zraw")  # what .nhdr and .mhd headers keep beside them


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
    """A sequence from a 4-D file, or from a folder with a file a frame or with one DICOM cine.

    Time is the fourth axis of a file: a slice at several times is ``X x Y x 1 x T``. Its unit is known in NIfTI; NRRD
    and MetaImage name none, and what ITK writes there is seconds. Files of frames come in natural order, frame2 before
    frame10; the order of DICOM files is found by :func:`scripts.physical.dicom_cine.read_cine`.

    Raises:
        InputError: if a frame cannot be read or is no one-channel image, if there are fewer than two, they lie on
            different grids, or one holds NaN, infinity or one value only; the frame is named.
    """
    path = str(path)
    return _of_folder(path) if Path(path).is_dir() else _of_file(path)


def read_sequence_grid(path: str) -> Geometry:
    """The grid of the frames of a 4-D file, read from its header alone.

    Raises:
        InputError: if the file cannot be read, or is no sequence of one-channel images.
    """
    return read_grid(path)[0]


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


def _of_file(path: str) -> ImageSequence:
    geometry, axis = read_grid(path)
    values = read_voxels(path, (*geometry.size, axis.count)).astype(np.float32)
    _check_frames(values, path)
    return ImageSequence(path, values, geometry, axis.times, axis.unit, axis.note)


def _of_folder(path: str) -> ImageSequence:
    files = sorted(file for file in Path(path).iterdir() if not file.name.startswith("."))
    if not files:
        raise InputError(f"{path} is an empty folder; give a folder with a file a frame.")
    frames = sorted((file for file in files if _ends(file, IMAGE_SUFFIXES)), key=_natural)
    slices = [] if frames else [file for file in files if file.name != "DICOMDIR" and is_dicom(str(file))]
    known = {*frames, *slices}
    others = [file for file in files if file not in known and not _belongs(file, frames)]
    if others or not known:
        kinds = ", ".join(IMAGE_SUFFIXES)
        raise InputError(
            f"{path} holds {(others or files)[0].name}, no frame; give a folder of {kinds} files alone, or of "
            "one DICOM cine alone."
        )
    _refuse_companions(path, frames)
    return _of_cine(path, list(map(str, slices))) if slices else _of_frames(path, list(map(str, frames)))


def _refuse_companions(path: str, frames: list[Path]) -> None:
    """Refuse what lies beside a frame and bears its name and a word more, as a label map does."""
    stems = [stem_of(file) for file in frames]
    for stem, other in permutations(stems, 2):
        if other.startswith(stem) and re.search("[a-z]", other[len(stem) :], re.IGNORECASE):
            raise InputError(f"{path} holds {other} beside the frame {stem}; give a folder of a file a frame alone.")


def _belongs(file: Path, frames: list[Path]) -> bool:
    """Whether a file comes with frames: the voxels of a header, or the list of a medium's DICOM files."""
    return _ends(file, VOXEL_FILES) if frames else file.name == "DICOMDIR"


def _of_cine(path: str, slices: list[str]) -> ImageSequence:
    cine = read_cine(path, slices)
    count = len(cine.times)
    check_grid(cine.geometry, path, count)
    values = np.empty((*cine.geometry.size, count), dtype=np.float32)
    for index, files in enumerate(cine.files):
        for level, file in enumerate(files):
            values[:, :, level, index] = read_voxels(file, cine.geometry.size[:2])
    _check_frames(values, path)
    note = cine.note if cine.unit == "s" else numbered(path)
    return ImageSequence(path, values, cine.geometry, cine.times, cine.unit, note)


def _of_frames(path: str, frames: list[str]) -> ImageSequence:
    first = read_geometry(frames[0], smallest=THINNEST)
    check_grid(first.in_space(3), path, len(frames))
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
    return ImageSequence(path, values, first.in_space(3), np.arange(len(frames), dtype=float), "frame", numbered(path))


def _check_frames(values: np.ndarray, path: str) -> None:
    for index in range(values.shape[-1]):
        check_intensities(values[..., index], f"{path} (frame {index}, counted from 0)")


def _ends(file: Path, suffixes: tuple[str, ...]) -> bool:
    return file.is_file() and file.name.lower().endswith(suffixes)


def _natural(file: Path) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts numbers in names by their value: frame2 before frame10."""
    parts = re.split(r"(\d+)", file.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], file.name
