"""A cine as scanners store it: a DICOM file for every slice at every time, told apart by place and time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from .geometry import Geometry
from .headers import read_geometry, unreadable

TRIGGER_TIME, ACQUISITION_TIME, INSTANCE_NUMBER = "0018|1060", "0008|0032", "0020|0013"
SERIES_UID, IMAGE_TYPE, NUMBER_OF_FRAMES = "0020|000e", "0008|0008", "0028|0008"
NEAR = 0.1  # voxels between two places that count as one: positions are rounded on their way into DICOM
CLOSE = 0.1  # of the step between frames: how far the times of slices may differ without a note


@dataclass(frozen=True, eq=False)
class Cine:
    """The files of a cine in order.

    Attributes:
        files: those of every frame, slice by slice: T lists of Z.
        geometry: the grid of a frame, ``(X, Y, Z)``.
        times: ``(T,)``, from 0 on, in ``unit``.
        unit: ``"s"`` or ``"frame"``.
        note: what was decided and a user should know, or an empty string.
    """

    files: list[list[str]]
    geometry: Geometry
    times: np.ndarray
    unit: str
    note: str


@dataclass(frozen=True, eq=False)
class _Slice:
    path: str
    geometry: Geometry
    tags: dict[str, str]


def read_cine(path: str, files: Sequence[str]) -> Cine:
    """The order of the DICOM files of the folder ``path``; their voxels are not read.

    Files that lie at one place along the normal of their planes are one slice. Its times are those since the R wave
    (TriggerTime), else of the clock (AcquisitionTime); where these do not tell all frames apart, InstanceNumber orders
    them. Scanners may store every slice as a series of its own.

    Raises:
        InputError: if a file cannot be read, has several frames or other planes than the rest; if a slice has images of
            several series or kinds, or another number of frames; if slices are unevenly apart or not above each other.
    """
    slices = [_read(file) for file in files]
    for each in slices[1:]:
        _check_same_planes(each, slices[0])
    stack = _stacked(slices)
    for level in stack:
        _check_level(level, stack[0], path)
    moments, unit = _moments(stack, path)
    order = moments.argsort(axis=1)
    frames = [[level[column[t]].path for level, column in zip(stack, order, strict=True)] for t in range(len(order[0]))]
    times, note = _times(np.sort(moments, axis=1), unit, path)
    return Cine(frames, _geometry(stack, path), times, unit, note)


def _read(path: str) -> _Slice:
    import itk

    io = itk.GDCMImageIO.New()
    io.SetFileName(path)
    try:
        io.ReadImageInformation()
    except RuntimeError as error:
        raise unreadable(path, error) from error
    entries = io.GetMetaDataDictionary()
    wanted = (TRIGGER_TIME, ACQUISITION_TIME, INSTANCE_NUMBER, SERIES_UID, IMAGE_TYPE, NUMBER_OF_FRAMES)
    tags = {tag: str(entries[tag]).strip() if entries.HasKey(tag) else "" for tag in wanted}
    if tags[NUMBER_OF_FRAMES] not in ("", "1"):
        raise several_frames(path)
    return _Slice(path, read_geometry(path), tags)


def several_frames(path: str) -> InputError:
    """The sentence for a DICOM file with more than one frame: ITK tells neither their times nor their places."""
    return InputError(
        f"{path} is a DICOM file of several frames; convert it to a 4-D NIfTI file, for example with dcm2niix."
    )


def _check_same_planes(one: _Slice, first: _Slice) -> None:
    if not replace(one.geometry, origin=first.geometry.origin).same_as(first.geometry, NEAR):
        raise InputError(f"{one.path} has another size, spacing or orientation than {first.path}; give one cine alone.")


def _stacked(slices: list[_Slice]) -> list[list[_Slice]]:
    """The slices of every place along the normal, the lowest first."""
    geometry = slices[0].geometry
    heights = np.array([each.geometry.origin for each in slices]) @ geometry.direction[:, 2]
    order = heights.argsort(kind="stable")
    ends = np.flatnonzero(np.diff(heights[order]) > NEAR * geometry.spacing[:2].min()) + 1
    return [[slices[index] for index in level] for level in np.split(order, ends)]


def _check_level(level: list[_Slice], lowest: list[_Slice], path: str) -> None:
    """Refuse a slice that is not one series of the same frames as the lowest one."""
    kinds = {(each.tags[SERIES_UID], each.tags[IMAGE_TYPE]): each.path for each in level}
    if len(kinds) > 1:
        names = " and ".join(list(kinds.values())[:2])
        raise InputError(f"{path} holds several series or kinds of one slice, as in {names}; give one cine alone.")
    if len(level) != len(lowest):
        raise InputError(
            f"{path} holds {len(level)} frames of the slice of {level[0].path} but {len(lowest)} of that of "
            f"{lowest[0].path}; every slice needs the same number."
        )


def _geometry(stack: list[list[_Slice]], path: str) -> Geometry:
    """The grid of all slices."""
    lowest = stack[0][0].geometry
    if len(stack) == 1:
        return lowest
    origins = np.array([level[0].geometry.origin for level in stack])
    normal, count = lowest.direction[:, 2], len(stack)
    step = float((origins[-1] - origins[0]) @ normal) / (count - 1)
    off = origins - (origins[0] + np.outer(np.arange(count) * step, normal))
    for level, distance in zip(stack, np.abs(off @ lowest.direction) / [*lowest.spacing[:2], step], strict=True):
        if distance.max() > NEAR:
            raise InputError(
                f"{path} is no even stack of slices: {level[0].path} lies {distance.max():.2g} voxels off; give all "
                "slices of one stack, or one slice."
            )
    return Geometry((*lowest.size[:2], count), np.append(lowest.spacing[:2], step), lowest.origin, lowest.direction)


def _moments(stack: list[list[_Slice]], path: str) -> tuple[np.ndarray, str]:
    """What orders the frames of every slice, ``(Z, T)``, all different, and its unit."""
    ways: list[tuple[Callable[[_Slice], float], str]] = [(_triggered, "s"), (_clock, "s"), (_number, "frame")]
    for moment, unit in ways:
        moments = np.array([[moment(each) for each in level] for level in stack])
        if (np.diff(np.sort(moments, axis=1), axis=1) > 0).all() and np.isfinite(moments).all():
            return moments, unit
    raise InputError(f"{path} holds images of one slice that neither time nor number tells apart; give one cine alone.")


def _times(moments: np.ndarray, unit: str, path: str) -> tuple[np.ndarray, str]:
    """The times of the frames from 0 on, ``(T,)``, of slices whose own differ, and a note where they differ much."""
    count = moments.shape[1]
    if unit == "frame" or count < 2:
        return np.arange(count, dtype=float), ""
    since = moments - moments[:, :1]
    times = since.mean(axis=0)
    apart = float(np.ptp(since, axis=0).max())
    if apart <= CLOSE * times[-1] / (count - 1):
        return times, ""
    return times, f"the times of the slices in {path} differ by up to {apart:.3g} s: their mean is used"


def _triggered(one: _Slice) -> float:
    """Seconds since the R wave."""
    return _float(one.tags[TRIGGER_TIME]) / 1000


def _clock(one: _Slice) -> float:
    """Seconds since midnight, of HHMMSS.FFFFFF."""
    text = one.tags[ACQUISITION_TIME].replace(":", "")
    return 3600 * _float(text[:2]) + 60 * _float(text[2:4]) + _float(text[4:])


def _number(one: _Slice) -> float:
    return _float(one.tags[INSTANCE_NUMBER])


def _float(text: str) -> float:
    """A number; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
