"""Files of landmarks, read and written: CSV and 3D Slicer's markups."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import is_file, not_a_file
from .orientation import RAS_LPS

TABLE, MARKUPS = ".csv", ".mrk.json"
# 3D Slicer's coordinate systems: the signs that make a position LPS, and back.
SIGNS = {"LPS": np.ones(3), "RAS": RAS_LPS}
SHAPED = ("Plane", "ROI")  # markups that keep a centre and axes beside their control points
LARGEST = 1e9  # mm, of a coordinate


@dataclass(frozen=True, eq=False)
class PointFile:
    """A file of points.

    Attributes:
        path: where it was read.
        positions: ``(N, 2)`` or ``(N, 3)``, LPS, mm.
        suffix: of its format.
        text: from other positions of this shape to the text of the same file with these.
    """

    path: str
    positions: np.ndarray
    suffix: str
    text: Callable[[np.ndarray], str]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        name = Path(self.path).name
        return next(name[: -len(end)] for end in (MARKUPS, ".json", TABLE) if name.lower().endswith(end))

    def of_dimension(self, dims: int, transform: str) -> np.ndarray:
        """The first ``dims`` coordinates, ``(N, dims)``.

        Raises:
            InputError: if there are fewer; ``transform`` is the file that needs them.
        """
        if self.positions.shape[1] < dims:
            raise InputError(f"{self.path} has no column z but {transform} is a {dims}-D transform; add z, in mm.")
        return self.positions[:, :dims]


def read_points(path: str) -> PointFile:
    """The points of a file.

    Args:
        path: a CSV file with a header line and the columns ``x``, ``y`` and, in 3-D, ``z``: LPS, mm; or a file of
            3D Slicer's markups, ``.mrk.json``, in LPS or RAS.

    Raises:
        InputError: if the file cannot be read, holds no points, or a coordinate is no finite number.
    """
    lower = path.lower()
    if not lower.endswith((TABLE, ".json")):
        raise InputError(f"{path} is of no format of points that is read; give a .csv or a .mrk.json file.")
    if not is_file(path):
        raise InputError(f"{path} {not_a_file(path)}; name a .csv or .mrk.json file of points.")
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            return _read_table(path, stream) if lower.endswith(TABLE) else _read_markups(path, json.load(stream))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as points ({error}); give a complete, valid file.") from error


def _read_table(path: str, stream: io.TextIOBase) -> PointFile:
    reader = csv.reader(stream)
    lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    header = [cell.strip().lower() for cell in lines[0][1]] if lines else []
    axes = [axis for axis in "xyz" if axis in header]
    wrong = [axis for axis in "xyz" if header.count(axis) > 1 or (axis not in header and axis != "z")]
    if wrong:
        raise InputError(
            f"{path} should have one column {wrong[0]!r} in its first line; "
            "give commas between the columns and x, y, z (in 2-D x, y) as their names."
        )
    columns = [header.index(axis) for axis in axes]
    if len(lines) < 2:
        raise InputError(f"{path} holds no points; it should have a line for each below the names of the columns.")
    for number, row in lines[1:]:
        if any(cell.strip() for cell in row[len(header) :]):
            raise InputError(
                f"{path}: line {number} has more values than there are names in the first line; write a point for a "
                "decimal comma, and text with commas in quotes."
            )
    positions = [
        [_number(row[column] if column < len(row) else "", f"{path}: line {number}") for column in columns]
        for number, row in lines[1:]
    ]
    rows = [row for _, row in lines]
    return PointFile(path, np.array(positions), TABLE, partial(_table_text, rows, columns))


def _table_text(rows: list[list[str]], columns: list[int], positions: np.ndarray) -> str:
    moved = [rows[0], *(list(row) for row in rows[1:])]
    for row, position in zip(moved[1:], positions.tolist(), strict=True):
        for column, value in zip(columns, position, strict=True):
            row[column] = repr(value)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(moved)
    return stream.getvalue()


def _read_markups(path: str, document: Any) -> PointFile:
    markups = document.get("markups") if isinstance(document, dict) else None
    if not isinstance(markups, list) or not all(isinstance(markup, dict) for markup in markups):
        raise InputError(f"{path} has no list of markups; give a .mrk.json file as 3D Slicer saves it.")
    positions = [position for k, markup in enumerate(markups, start=1) for position in _positions(path, k, markup)]
    if not positions:
        raise InputError(f"{path} has no control points; place at least one.")
    return PointFile(path, np.array(positions), MARKUPS, partial(_markups_text, path, document))


def _positions(path: str, number: int, markup: dict[str, Any]) -> list[np.ndarray]:
    """The positions of a markup's control points, ``(3,)`` each, LPS, mm."""
    where = f"{path}: markup {number}"
    system, units, points = (markup.get(key) for key in ("coordinateSystem", "coordinateUnits", "controlPoints"))
    if markup.get("type") in SHAPED:
        raise InputError(f"{where} is a {markup['type']}; give point lists, lines, angles or curves.")
    if system not in (None, *SIGNS):
        raise InputError(f"{where} has the coordinate system {_short(system)}; it should be 'LPS' or 'RAS'.")
    if isinstance(units, str) and units not in ("", "mm"):
        raise InputError(f"{where} is in {_short(units)}; its coordinateUnits should be 'mm'.")
    if not isinstance(points, list | None):
        raise InputError(f"{where} has no list of control points; give a .mrk.json file as 3D Slicer saves it.")
    found = []
    for k, point in enumerate(points or [], start=1):
        position = point.get("position") if isinstance(point, dict) else None
        if not isinstance(position, list) or len(position) != 3:
            raise InputError(f"{where}, control point {k} has no position of three numbers; place it or delete it.")
        found.append(_signs(markup) * [_number(value, f"{where}, control point {k}") for value in position])
    return found


def _markups_text(path: str, document: dict[str, Any], positions: np.ndarray) -> str:
    """The file with other positions.

    Raises:
        InputError: if it is nested more deeply than Python follows: reading goes deeper than copying.
    """
    try:
        return _with_positions(document, positions)
    except RecursionError as error:
        raise InputError(f"{path} is nested too deeply; give a .mrk.json file as 3D Slicer saves it.") from error


def _with_positions(document: dict[str, Any], positions: np.ndarray) -> str:
    moved, left = deepcopy(document), iter(positions)
    for markup in moved["markups"]:
        for point in markup.get("controlPoints") or []:
            point["position"] = (_signs(markup) * next(left) + 0.0).tolist()  # no -0.0
    return json.dumps(moved, indent=4) + "\n"


def _signs(markup: dict[str, Any]) -> np.ndarray:
    return SIGNS[markup.get("coordinateSystem") or "LPS"]


def _number(value: Any, where: str) -> float:
    """A coordinate; ``where`` begins the sentence if it is none."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= LARGEST:  # NaN neither
        raise InputError(f"{where} has the coordinate {_short(value)}; it should be a finite number of mm, below 1e9.")
    return number


def _short(value: Any) -> str:
    return repr(value)[:40]
