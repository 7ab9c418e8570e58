"""What ITK reads of a file's header, and of the headers of a DICOM series, whose slices must make one volume."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..files import is_file

UNEVEN = 0.05  # of the distance of two slices: headers round positions, a missing slice is off by half of it and more


class Information(NamedTuple):
    """``size`` of E axes, ``spacing`` and ``origin`` ``(E,)`` mm, ``direction`` ``(E, E)``; values a voxel."""

    size: list[int]
    spacing: np.ndarray
    origin: np.ndarray
    direction: np.ndarray
    components: int


def file_information(path: str) -> Information:
    """Of one file.

    Raises:
        InputError: if no format knows it.
        RuntimeError: ITK's, if it cannot be read.
    """
    import itk  # takes seconds

    io = itk.ImageIOFactory.CreateImageIO(path, itk.CommonEnums.IOFileMode_ReadMode)
    if io is None:
        raise InputError(f"{path} cannot be read as an image; give a complete NIfTI, NRRD or MetaImage file.")
    io.SetFileName(path)
    io.ReadImageInformation()
    axes = range(io.GetNumberOfDimensions())
    direction = np.array([list(io.GetDirection(axis)) for axis in axes]).T
    spacing, origin = (np.array([get(axis) for axis in axes]) for get in (io.GetSpacing, io.GetOrigin))
    size = [int(io.GetDimensions(axis)) for axis in axes]
    return Information(size, spacing, origin, direction, io.GetNumberOfComponents())


def series_files(folder: str) -> list[str]:
    """The files of the one DICOM series of a folder, in the order of their slices.

    Raises:
        InputError: if the folder holds none or several, or a DICOM file that cannot be read.
    """
    import itk

    finder = itk.GDCMSeriesFileNames.New()
    finder.SetGlobalWarningDisplay(False)  # of a folder without DICOM files there is our sentence
    finder.SetUseSeriesDetails(True)
    finder.AddSeriesRestriction("0008|0021")  # its date
    finder.SetDirectory(folder)
    series = list(finder.GetSeriesUIDs())
    if not series:
        raise InputError(f"{folder} is a folder without DICOM files; give a folder of one series.")
    if len(series) > 1:
        raise InputError(f"{folder} holds several DICOM series, or one of slices of several sizes; give one volume.")
    files = list(finder.GetFileNames(series[0]))
    for path in Path(folder).iterdir():
        if path.name not in {Path(each).name for each in files} and path.name != "DICOMDIR" and is_dicom(str(path)):
            raise InputError(f"{path} cannot be read as a slice of its DICOM series; give a complete file.")
    return files


def series_information(folder: str) -> Information:
    """Of the one DICOM series of a folder.

    Raises:
        InputError: as :func:`series_files`, or if the slices do not make one volume.
        RuntimeError: ITK's, if a file cannot be read.
    """
    files = series_files(folder)
    slices = [file_information(path) for path in files]
    first = slices[0]
    if len(slices) == 1:
        return first
    for path, each in zip(files, slices, strict=True):
        if not _continues(first, each):
            raise InputError(
                f"{path} differs from {files[0]} in size, spacing, direction or kind of voxels; "
                "give a folder of one DICOM series, a file a slice."
            )
    step = _step(folder, np.array([each.origin for each in slices]))
    length = float(np.linalg.norm(step))
    return first._replace(
        size=[*first.size[:2], len(slices)],
        spacing=np.append(first.spacing[:2], length),
        direction=np.column_stack([first.direction[:, :2], step / length]),
    )


def _continues(first: Information, other: Information) -> bool:
    """Whether both are one slice each, alike but for their place."""
    if first.size != other.size or first.size[2:] != [1] or first.components != other.components:
        return False
    close = np.allclose(first.spacing[:2], other.spacing[:2], rtol=1e-3)
    return close and np.allclose(first.direction, other.direction, atol=1e-3)


def _step(folder: str, places: np.ndarray) -> np.ndarray:
    """From slice to slice, mm, of their ``places`` ``(N, 3)``."""
    step = (places[-1] - places[0]) / (len(places) - 1)
    apart = np.linalg.norm(places - places[0] - np.arange(len(places))[:, None] * step, axis=1)
    if not apart.max() < UNEVEN * np.linalg.norm(step):
        raise InputError(
            f"{folder} has slices at unequal distances, as if some were missing, doubled or without a position; "
            "give all the slices of one volume."
        )
    return np.asarray(step)


def is_dicom(path: str) -> bool:
    """Whether a file is a DICOM file, whatever its name; a damaged one is one too."""
    if not is_file(path):
        return False
    with Path(path).open("rb") as stream:
        if stream.read(132).endswith(b"DICM"):
            return True
    import itk  # takes seconds

    return bool(itk.GDCMImageIO.New().CanReadFile(path))
