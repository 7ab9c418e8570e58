"""What was measured of a sequence: its table read back, its curves, and what does not fit together."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.errors import InputError
from scripts.reports import SequenceCourse, save_sequence_curves, write_sequence_table
from scripts.reports.sequence_curves import sequence_curves
from support import Picture, assert_one_sentence

TIMES = np.array([0.0, 0.25, 0.5, 0.75])
VENTRICLE, WALL = np.array([120.0, 60.0, 48.0, 90.0]), np.array([80.0, 82.0, 81.0, 80.5])
RADIAL, CIRCUMFERENTIAL = np.array([0, 0.2, 0.31, 0.1]), np.array([0, -0.1, -0.15, -0.05])


def course(**changed: Any) -> SequenceCourse:
    """Four frames of a heart, the second of which was segmented."""
    given: dict[str, Any] = {
        "times": TIMES,
        "time_unit": "s",
        "volumes": {"ventricle": VENTRICLE, "wall": WALL},
        "volume_unit": "ml",
        "strains": {"radial strain": RADIAL, "circumferential strain": CIRCUMFERENTIAL},
        "reference": 0,
        "measured": {"ventricle": {1: 63.5}},
        "ejection": {"ventricle": 0.6},
        "end_systole": 2,
    }
    return SequenceCourse(**{**given, **changed})


def test_the_table_has_a_row_a_frame(tmp_path: Path) -> None:
    write_sequence_table(tmp_path / "new" / "course.csv", course())
    with (tmp_path / "new" / "course.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3"]
    columns = {
        "time (s)": TIMES,
        "ventricle (ml)": VENTRICLE,
        "wall (ml)": WALL,
        "radial strain": RADIAL,
        "circumferential strain": CIRCUMFERENTIAL,
    }
    for name, values in columns.items():
        assert [float(row[name]) for row in rows] == pytest.approx(list(values))
    assert [row["measured ventricle (ml)"] for row in rows] == ["", "63.5", "", ""]
    assert set(rows[0]) == {"frame", "measured ventricle (ml)", *columns}


def test_without_units_and_measurements_the_table_is_plain(tmp_path: Path) -> None:
    write_sequence_table(tmp_path / "a.csv", course(time_unit="", volume_unit="", measured={}, strains={}))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "frame,time,ventricle,wall",
        "0,0,120,80",
    ]


def test_the_curves_are_the_values(tmp_path: Path, picture: Picture) -> None:
    volumes, strains = sequence_curves(course(), "a heart").axes
    drawn = {line.get_label(): line for line in (*volumes.lines, *strains.lines)}
    for name, values in {"ventricle, EF 60.0 %": VENTRICLE, "wall": WALL, "radial strain": 100 * RADIAL}.items():
        np.testing.assert_allclose(drawn[name].get_xydata(), np.stack([TIMES, values], axis=1))
    points = [line for line in volumes.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert [line.get_xydata().tolist() for line in points] == [[[0.25, 63.5]]]
    assert list(drawn["end-systole, frame 2"].get_xdata()) == [0.5, 0.5]
    assert list(drawn["reference, frame 0"].get_xdata()) == [0, 0]
    assert (volumes.get_ylabel(), strains.get_xlabel()) == ("volume, ml", "time, s")
    save_sequence_curves(tmp_path / "a.png", course(), "a heart")
    picture(tmp_path / "a.png")


def test_a_chart_without_curves_is_left_out() -> None:
    """A sequence that is no heart's has no strain, no ejection fraction and no end-systole."""
    figure = sequence_curves(course(strains={}, measured={}, ejection={}, end_systole=None, time_unit=""))
    (ax,) = figure.axes
    assert [line.get_label() for line in ax.lines if line.get_label()[0] != "_"] == [
        "ventricle",
        "wall",
        "reference, frame 0",
    ]
    assert ax.get_xlabel() == "frame"
    (ax,) = sequence_curves(course(volumes={}, measured={}, ejection={})).axes
    assert ax.get_ylabel() == "strain, %"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"volumes": {}, "strains": {}}, "neither volumes nor strains"),
        (
            {"strains": {"radial strain": RADIAL[:3]}},
            r"radial strain has values of shape \(3,\), but there are 4 times",
        ),
        ({"reference": 4}, "reference is of frame 4, but the frames are 0 to 3"),
        ({"end_systole": -1}, "end_systole is of frame -1"),
        ({"measured": {"wall": {7: 1.0}}}, "wall is of frame 7"),
        ({"measured": {"liver": {0: 1.0}}}, "liver has no volume; there are ventricle, wall"),
        ({"ejection": {"liver": 0.5}}, "liver has no volume"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        course(**changed)
    assert_one_sentence(str(caught.value))
