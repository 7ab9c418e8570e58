"""The capture benchmark: the error of the true map is none, and what is counted is what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.capture import Case, cases, curves_of, in_space, known_map, measured, moved, parse_arguments, table_of
from benchmarks.reports.capture import save_capture
from scripts.data.subjects import find_subjects
from scripts.physical import read_image
from support import Picture


def case(cohort: Path, sweep: str, amount: float, other: int = 0) -> Case:
    subjects = find_subjects(cohort, 2)
    return Case(subjects[0], subjects[other], sweep, amount, "0")


def truth(case: Case) -> NDArray[np.float64]:
    """The map of physical points, from the definition: around the middle of the image."""
    geometry = read_image(case.moving["image"]).geometry
    around = np.eye(4)
    around[:2, :2], around[:2, 3] = known_map(case, 2)[:2, :2], known_map(case, 2)[:2, 2]
    in_space = np.eye(4)
    in_space[:3, :3], in_space[:3, 3] = geometry.direction, geometry.origin
    in_space[:3, 3] += geometry.matrix @ ((np.array(geometry.size) - 1) / 2)
    return in_space @ around @ np.linalg.inv(in_space)


@pytest.mark.parametrize(("sweep", "amount"), [("rotation", 120), ("shift", 30), ("scale", 1.3)])
def test_the_true_map_has_no_error_and_the_identity_has_one(cohort_2d: Path, sweep: str, amount: float) -> None:
    one = case(cohort_2d, sweep, amount)
    assert measured(one, lambda fixed, moving: (truth(one), 0.0))["error"] < 1e-6
    assert measured(one, lambda fixed, moving: (np.eye(4), 0.0))["error"] > 3


def test_a_map_in_the_planes_of_two_slices_is_one_of_their_points(cohort_2d: Path, tmp_path: Path) -> None:
    one = case(cohort_2d, "shift", 20)
    there, _, _ = moved(one.moving, known_map(one, 2), tmp_path)  # another grid
    fixed, moving = read_image(one.fixed["image"]), read_image(there)
    planar = np.array([[0.8, 0.3, 5.0], [-0.2, 1.1, -7.0], [0.0, 0.0, 1.0]])
    index = np.array([[0, 0], [3, 10], [40, 25]])
    here, there_too = (np.linalg.norm(image.geometry.plane[:, :-1], axis=0) for image in (fixed, moving))
    points = index @ fixed.geometry.plane[:, :-1].T + fixed.geometry.plane[:, -1]
    places = (index * here @ planar[:2, :2].T + planar[:2, 2]) / there_too  # moving index
    expected = places @ moving.geometry.plane[:, :-1].T + moving.geometry.plane[:, -1]
    affine = in_space(planar, fixed, moving)
    assert np.allclose(points @ affine[:-1, :-1].T + affine[:-1, -1], expected)


def test_two_subjects_are_judged_by_their_labels(cohort_2d: Path) -> None:
    two = case(cohort_2d, "rotation", 90, 1)
    found, lost = (measured(two, lambda *_, it=it: (it, 0.0))["dice"] for it in (truth(two), np.eye(4)))
    assert found > lost + 0.2


def test_curves_and_table_count_successes(tmp_path: Path, picture: Picture) -> None:
    rows = [
        {"sweep": "rotation", "amount": amount, "error": error, "seconds": 1.5}
        for amount, error in [(0, 1.0), (0, 2.9), (90, 3.1), (90, 0.1), (180, 50.0)]
    ]
    assert curves_of(rows, "error") == {"rotation": ([0, 90, 180], [1.0, 0.5, 0.0])}
    (line,) = [line for line in table_of({"mine": rows}, "error").splitlines() if "mine" in line]
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == ["mine", "2 of 2", "1 of 2", "0 of 1", "", "", "2.90", "1.50"]
    save_capture(tmp_path / "curves.png", {"mine": curves_of(rows, "error")}, {"rotation": "degrees"}, "success")
    picture(tmp_path / "curves.png")


def test_sweeps_end_where_they_are_told_to(cohort_2d: Path) -> None:
    given = ["--dataset_dir", str(cohort_2d), "--output_dir", "out", "--sweeps", "rotation", "--num_subjects", "2"]
    subjects = find_subjects(cohort_2d, 2)
    amounts = [
        {one.amount for one in cases(parse_arguments([*given, *more]), subjects)}
        for more in ([], ["--most", "90"], ["--most", "90", "--every", "3"])
    ]
    assert max(amounts[0]) == 180 and len(amounts[1]) == 7 and max(amounts[1]) == 90
    assert amounts[2] == {0, 45, 90}
