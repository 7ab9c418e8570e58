"""Landmarks carried through a saved transform: where they must arrive is known, and all else in their files stays."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import itk
import nibabel as nib
import numpy as np
import pytest

from phantom import HEADERS, HEADERS_2D, draw, with_field
from scripts.errors import InputError
from scripts.physical.geometry import Geometry
from scripts.physical.itk_transforms import affine_transform, field_transform, transform_points
from scripts.physical.points import read_points
from scripts.physical.steps import carry, steps_of
from scripts.physical.writing import write_field
from scripts.registration import carry_points
from scripts.registration.batch import register_one
from scripts.registration.points import distances
from support import Run, assert_one_sentence, both_dims

TO_LPS = np.array([-1.0, -1.0, 1.0])
SHIFT = np.array([2.5, -4.0, 1.25])
MATRIX = np.array([[1.1, 0.2, 0.0, 3.0], [-0.1, 0.9, 0.05, -2.0], [0.0, 0.1, 1.2, 5.0], [0, 0, 0, 1.0]])
TOLERANCE = 1e-9


def table(path: Path, points: np.ndarray, axes: str = "xyz") -> str:
    """Write points ``(N, D)`` between other columns, one of them with commas and line breaks."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", *axes, "comment"])
        writer.writerows([f"p{k}", *point, 'a, "b"\nc é'] for k, point in enumerate(points.tolist()))
    return str(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def table_points(path: Path, axes: str = "xyz") -> np.ndarray:
    return np.array([[float(row[axis]) for axis in axes] for row in rows_of(path)])


def markups(path: Path, points: np.ndarray, system: str | None = "LPS", **changed: Any) -> str:
    """Write points ``(N, 3)`` as 3D Slicer does; the last of them are a second markup."""
    parts = np.array_split(points, 2)
    listed: list[dict[str, Any]] = [
        {
            "type": "Fiducial",
            **({"coordinateSystem": system} if system else {}),
            "coordinateUnits": "mm",
            "controlPoints": [
                {"id": str(k), "label": f"F-{k}", "position": point, "locked": False, "positionStatus": "defined"}
                for k, point in enumerate(part.tolist())
            ],
            "display": {"opacity": 0.3},
            **changed,
        }
        for part in parts
    ]
    path.write_text(json.dumps({"@schema": "markups-schema-v1.0.3.json#", "markups": listed}), encoding="utf-8")
    return str(path)


def control_points(path: Path) -> list[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [point for markup in document["markups"] for point in markup["controlPoints"]]


def scattered(count: int = 7, dims: int = 3, reach: float = 20.0) -> np.ndarray:
    return np.random.default_rng(4).uniform(-reach, reach, (count, dims))


def saved_affine(folder: Path, dims: int = 3) -> str:
    keep = [*range(dims), 3]
    path = folder / "affine.h5"
    itk.transformwrite([affine_transform(MATRIX[np.ix_(keep, keep)])], str(path))
    return str(path)


def grid_of(dims: int, half: float = 30.0) -> Geometry:
    """A turned grid around the origin."""
    turn = np.eye(dims)
    turn[:2, :2] = [[0, -1], [1, 0]]
    size = tuple(11 + axis for axis in range(dims))
    spacing = 2 * half / (np.array(size) - 1)
    return Geometry(size, spacing, -(turn * spacing) @ ((np.array(size) - 1) / 2), turn)


def outside_field(transform: Any, points: np.ndarray) -> np.ndarray:
    _, outside = carry(steps_of(transform), points)
    return outside


def saved_shift(folder: Path, dims: int = 3) -> str:
    """A displacement field that moves all its points by :data:`SHIFT`."""
    grid = grid_of(dims)
    vectors = np.broadcast_to(SHIFT[:dims].reshape(dims, *[1] * dims), (dims, *grid.size))
    path = folder / "shift.nii.gz"
    write_field(path, np.ascontiguousarray(vectors), grid)
    return str(path)


def moved_by_matrix(points: np.ndarray) -> np.ndarray:
    dims = points.shape[1]
    return points @ MATRIX[:dims, :dims].T + MATRIX[:dims, 3]


@both_dims
def test_affine_in_closed_form(tmp_path: Path, dims: int) -> None:
    points = scattered(dims=dims)
    source = table(tmp_path / "marks.csv", points, "xyz"[:dims])
    (written,) = carry_points(saved_affine(tmp_path, dims), source, str(tmp_path / "out"))
    assert written == tmp_path / "out" / "marks_points.csv"
    np.testing.assert_allclose(table_points(written, "xyz"[:dims]), moved_by_matrix(points), atol=TOLERANCE)
    before, after = rows_of(Path(source)), rows_of(written)
    assert [list(row) for row in after] == [list(row) for row in before]
    assert [(row["name"], row["comment"]) for row in after] == [(row["name"], row["comment"]) for row in before]


@both_dims
def test_field_in_closed_form(tmp_path: Path, dims: int, caplog: pytest.LogCaptureFixture) -> None:
    points = scattered(dims=dims)
    source = table(tmp_path / "marks.csv", points, "xyz"[:dims])
    (written,) = carry_points(saved_shift(tmp_path, dims), source, str(tmp_path))
    np.testing.assert_allclose(table_points(written, "xyz"[:dims]), points + SHIFT[:dims], atol=1e-6)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_flat_transform_keeps_z(tmp_path: Path) -> None:
    points = scattered()
    written = carry_points(saved_affine(tmp_path, 2), table(tmp_path / "a.csv", points), str(tmp_path))
    written += carry_points(saved_affine(tmp_path, 2), markups(tmp_path / "a.mrk.json", points), str(tmp_path))
    wanted = np.column_stack([moved_by_matrix(points[:, :2]), points[:, 2]])
    for path in written:
        np.testing.assert_allclose(read_points(str(path)).positions, wanted, atol=TOLERANCE)


@pytest.mark.parametrize("system", ["LPS", "RAS", None])
def test_markups(tmp_path: Path, system: str | None) -> None:
    """The same points in either coordinate system arrive at the same place, in the file's own system."""
    points = scattered()
    signs = TO_LPS if system == "RAS" else np.ones(3)
    source = markups(tmp_path / "marks.mrk.json", points * signs, system)
    (written,) = carry_points(saved_affine(tmp_path), source, str(tmp_path / "out"))
    assert written.name == "marks_points.mrk.json"
    found = np.array([point["position"] for point in control_points(written)])
    np.testing.assert_allclose(found * signs, moved_by_matrix(points), atol=TOLERANCE)
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (Path(source), written))
    for document in (before, after):
        for markup in document["markups"]:
            for point in markup["controlPoints"]:
                del point["position"]
    assert after == before


def test_header_in_any_order_and_case(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\ufeffZ, label ,Y,x\r\n3,left,2,1\r\n\r\n6,right,5,4\r\n", encoding="utf-8")
    (written,) = carry_points(saved_shift(tmp_path), str(tmp_path / "a.csv"), str(tmp_path))
    rows = list(csv.reader(written.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["Z", " label ", "Y", "x"]
    assert [row[1] for row in rows[1:]] == ["left", "right"]
    found = np.array([[float(row[k]) for k in (3, 2, 0)] for row in rows[1:]])
    np.testing.assert_allclose(found, np.array([[1, 2, 3], [4, 5, 6]]) + SHIFT, atol=1e-6)


def test_points_outside_the_field_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    points = np.array([[0, 0, 0], [200.0, 0, 0], [0, 0, -300.0]])
    (written,) = carry_points(saved_shift(tmp_path), table(tmp_path / "a.csv", points), str(tmp_path))
    np.testing.assert_allclose(table_points(written), points + SHIFT * np.array([[1], [0], [0]]), atol=1e-6)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "2 of 3 points" in warning and "shift.nii.gz" in warning


@both_dims
def test_outside_as_itk_sees_it(dims: int) -> None:
    """Close to the edge of a turned grid, and within a composite, where the points arrive after the first transform."""
    grid, shift = grid_of(dims), np.full(dims, 7.0)
    field = field_transform(np.broadcast_to(shift.reshape(dims, *[1] * dims), (dims, *grid.size)), grid)
    points = scattered(400, dims, 36.0)
    still = np.abs(transform_points(field, points) - points).max(axis=1) < 1e-6
    assert 0 < still.sum() < len(points)
    np.testing.assert_array_equal(outside_field(field, points), still)
    keep = [*range(dims), 3]
    affine = affine_transform(MATRIX[np.ix_(keep, keep)])
    composite = itk.CompositeTransform[itk.D, dims].New()
    composite.AddTransform(field)
    composite.AddTransform(affine)  # applied first
    np.testing.assert_array_equal(
        outside_field(composite, points), outside_field(field, transform_points(affine, points))
    )
    assert not outside_field(affine, points).any()


def pair(folder: Path, dims: int, shift: float = 0.0) -> dict[str, str]:
    """Two images in unlike headers; what is at x, RAS, in the fixed one is at x - shift in the moving one."""

    def shifted(points: np.ndarray) -> np.ndarray:
        return points + np.reshape([shift, 0, 0], (3, *[1] * (points.ndim - 1)))

    headers = HEADERS if dims == 3 else HEADERS_2D
    fixed = draw(folder / "fixed.nii.gz", headers["oblique"], dims, squeeze=dims == 2)
    moving = draw(folder / "moving.nii.gz", headers["anisotropic"], dims, shifted, squeeze=dims == 2)
    return {"fixed": str(fixed), "moving": str(moving)}


@both_dims
@pytest.mark.usefixtures("no_picture")
def test_forth_and_back_through_a_registration(tmp_path: Path, dims: int) -> None:
    out, axes = tmp_path / "out", "xyz"[:dims]
    files = ["transform", "field", "inverse_field"]
    register_one(with_field(0.7, affine=True), pair(tmp_path, dims, 3.0), out, files)  # more would fold: no inverse
    points = scattered(50, dims)
    source = table(tmp_path / "p.csv", points, axes)
    (forth,) = carry_points(str(out / "moving_transform.h5"), source, str(tmp_path / "h5"))
    (other,) = carry_points(str(out / "moving_field.nii.gz"), source, str(tmp_path / "field"))
    there = table_points(forth, axes)
    np.testing.assert_allclose(there, table_points(other, axes), atol=0.02)
    assert distances(there, points)["max"] > 3
    inverse = str(out / "moving_inverse_field.nii.gz")
    back, report = carry_points(inverse, str(forth), str(tmp_path / "back"), source)
    voxel = min(nib.load(tmp_path / "fixed.nii.gz").header.get_zooms()[:dims])
    assert np.linalg.norm(table_points(back, axes) - points, axis=1).max() < 0.1 * voxel
    error = json.loads(report.read_text(encoding="utf-8"))["target_registration_error_mm"]
    assert error["after"]["max"] < 0.1 * voxel < error["before"]["mean"]


@both_dims
@pytest.mark.usefixtures("no_picture")
def test_fixed_points_go_to_the_moving_image(tmp_path: Path, dims: int) -> None:
    """The direction that the documentation gives: an object moved by a known way is found there."""
    out, axes = tmp_path / "out", "xyz"[:dims]
    register_one(with_field(0, affine=True, spacing=2.0), pair(tmp_path, dims, 6.0), out)
    points, towards = scattered(20, dims), np.array([6.0, 0, 0])[:dims]  # -6 in RAS is +6 in LPS
    source = table(tmp_path / "p.csv", points, axes)
    (forth,) = carry_points(str(out / "moving_transform.h5"), source, str(tmp_path))
    (back,) = carry_points(str(out / "moving_inverse_field.nii.gz"), source, str(tmp_path / "back"))
    np.testing.assert_allclose(table_points(forth, axes), points + towards, atol=0.5)
    np.testing.assert_allclose(table_points(back, axes), points - towards, atol=0.5)


def test_command(run_bundle: Run, tmp_path: Path) -> None:
    points = scattered()
    away = points + np.array([0, 3.0, 4.0])
    away[0] = points[0]
    files = {"landmarks": markups(tmp_path / "p.mrk.json", points * TO_LPS, "RAS")}
    files["target_landmarks"] = table(tmp_path / "q.csv", away + SHIFT)
    out = tmp_path / "out"
    shift = saved_shift(tmp_path)
    done = run_bundle(["register.yaml"], "points", transform=shift, **files, output_dir=out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["p_points.mrk.json", "p_points_error.json"]
    moved = np.array([point["position"] for point in control_points(out / "p_points.mrk.json")]) * TO_LPS
    np.testing.assert_allclose(moved, points + SHIFT, atol=1e-6)
    report = json.loads((out / "p_points_error.json").read_text(encoding="utf-8"))
    assert report["points"] == len(points)
    apart = np.array([0.0] + [5.0] * (len(points) - 1))
    wanted = {"mean": apart.mean(), "sd": apart.std(), "max": 5.0}
    assert report["target_registration_error_mm"]["after"] == pytest.approx(wanted, abs=1e-6)
    first = np.linalg.norm(away + SHIFT - points, axis=1)
    assert report["target_registration_error_mm"]["before"]["mean"] == pytest.approx(first.mean())
    assert f"error after: mean {apart.mean():.4g} mm" in done.stdout + done.stderr


TABLES = {
    "": "one column 'x'",
    "x,y,z\n": "holds no points",
    "x;y;z\n1;2;3\n": "commas between the columns",
    "x,z\n1,2\n": "one column 'y'",
    "x,y,z,x\n1,2,3,4\n": "one column 'x'",
    "x,y\n1,2\n": "is a 3-D transform; add z",
    "x,y,z\n1,2,3\n1,two,3\n": "line 3 has the coordinate 'two'",
    'x,y,z,t\n1,2,3,"a\nb"\n1,nan,3,\n': "line 4 has the coordinate 'nan'",
    "x,y,z\n1,2,inf\n": "line 2 has the coordinate 'inf'",
    "x,y,z\n1,2,1e300\n": "below 1e9",
    "x,y,z\n1,2\n": "line 2 has the coordinate ''",
    "x,y,z\n1,2,3\n1,5,2,5,3,5\n": "line 3 has more values than there are names",
    "x,y,z\n1,\udcff,2\n": "cannot be read as points",
}
ONE = {"position": [1.0, 2.0, 3.0]}
DOCUMENTS: list[tuple[Any, str]] = [
    ("{", "cannot be read as points"),
    ("[" * 100_000, "cannot be read as points"),
    ([], "no list of markups"),
    ({"markups": 3}, "no list of markups"),
    ({"markups": [3]}, "no list of markups"),
    ({"markups": []}, "no control points"),
    ({"markups": [{"controlPoints": []}]}, "no control points"),
    ({"markups": [{"controlPoints": {}}]}, "no list of control points"),
    ({"markups": [{"controlPoints": [ONE, 5]}]}, "control point 2 has no position"),
    ({"markups": [{}, {"controlPoints": [{"position": "", "positionStatus": "missing"}]}]}, "2, control point 1"),
    ({"markups": [{"controlPoints": [{"position": [1, 2]}]}]}, "no position of three numbers"),
    ({"markups": [{"controlPoints": [{"position": [1, True, 2]}]}]}, "has the coordinate True"),
    ({"markups": [{"controlPoints": [{"position": [1, float("nan"), 2]}]}]}, "has the coordinate nan"),
    ({"markups": [{"controlPoints": [{"position": [1, None, 2]}]}]}, "has the coordinate None"),
    ({"markups": [{"controlPoints": [{"position": [1, 10**400, 2]}]}]}, "has the coordinate 1000"),
    ({"markups": [{"coordinateSystem": "IJK", "controlPoints": [ONE]}]}, "'LPS' or 'RAS'"),
    ({"markups": [{"coordinateUnits": "um", "controlPoints": [ONE]}]}, "is in 'um'"),
    ({"markups": [{"type": "ROI", "controlPoints": [ONE]}]}, "is a ROI"),
]  # fmt: skip


def refused(act: Callable[[], object], words: str, output: Path, path: str = "") -> None:
    """``act`` ends in one sentence that begins with ``path`` and has ``words``; there is no output folder after it."""
    with pytest.raises(InputError) as caught:
        act()
    assert words in str(caught.value)
    assert_one_sentence(str(caught.value), path)
    assert not output.exists()


def refused_either_way(folder: Path, path: str, good: str, words: str) -> None:
    """As the points and as their target."""
    transform, out = saved_affine(folder), folder / "out"
    refused(lambda: carry_points(transform, path, str(out)), words, out)
    refused(lambda: carry_points(transform, good, str(out), path), words, out)


def test_markups_that_can_be_read_but_not_copied(tmp_path: Path) -> None:
    deep = json.dumps({"markups": [{"controlPoints": [{**ONE, "more": 0}]}]}).replace(
        '": 0', f'": {"[" * 700}{"]" * 700}'
    )
    (tmp_path / "p.mrk.json").write_text(deep)
    path, out = str(tmp_path / "p.mrk.json"), tmp_path / "out"
    refused(lambda: carry_points(saved_affine(tmp_path), path, str(out)), "nested too deeply", out, path)


@pytest.mark.parametrize(("text", "words"), TABLES.items(), ids=range(len(TABLES)))
def test_bad_tables(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    count = max(1, text.count("\n") - 1)
    refused_either_way(tmp_path, str(path), table(tmp_path / "good.csv", scattered(count)), words)


@pytest.mark.parametrize(("document", "words"), DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_bad_markups(tmp_path: Path, document: Any, words: str) -> None:
    path = tmp_path / "bad.mrk.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    refused_either_way(tmp_path, str(path), table(tmp_path / "good.csv", scattered(1)), words)


def test_other_mistakes(tmp_path: Path) -> None:
    out, transform = tmp_path / "out", saved_affine(tmp_path)
    good, fewer = (table(tmp_path / f"{n}.csv", scattered(n)) for n in (4, 3))
    none, other = str(tmp_path / "none.csv"), str(tmp_path / "marks.fcsv")
    cases: list[tuple[tuple[str | None, ...], str, str]] = [
        ((transform, None, str(out)), "--landmarks is None; it must be a text.", ""),
        ((transform, none, str(out)), "does not exist", none),
        ((transform, good, str(out), none), "does not exist", none),
        ((transform, other, str(out)), "no format of points", other),
        ((transform, good, str(out), fewer), "number of points (3 and 4)", fewer),
        ((none, good, str(out)), "does not exist", none),
    ]
    for arguments, words, path in cases:
        refused(lambda given=arguments: carry_points(*given), words, out, path)  # type: ignore[misc]


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    source = table(tmp_path / "p.csv", scattered())
    with pytest.raises(InputError, match="out is a file or lies in one; give a folder"):
        carry_points(saved_affine(tmp_path), source, str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "in the way"
