"""The inverse of a saved transform: there and back is nowhere, as SimpleITK reads the files that were written."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from chains import (
    grid_of,
    matrix_of,
    one_after_the_other,
    points_of,
    read_by_sitk,
    saved_affine,
    saved_composite,
    saved_field,
    saved_image,
    slice_of,
    vectors_on,
)
from scripts.commands import main
from scripts.errors import InputError
from scripts.physical.geometry import Geometry
from scripts.physical.itk_transforms import field_transform, write_transform
from scripts.registration import compose, invert
from support import assert_one_sentence, both_dims

Save = Callable[[Path, Geometry], str]


def inner(grid: Geometry, margin: int = 5) -> np.ndarray:
    """The points of a grid that lie some voxels from its edge."""
    index = np.indices(grid.size).reshape(len(grid.size), -1).T
    keep = ((index >= margin) & (index < np.array(grid.size) - margin))[:, grid.axes].all(axis=1)
    return points_of(grid)[keep]


def report_of(written: list[Path]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(written[-1].read_text(encoding="utf-8"))
    return values


@both_dims
@pytest.mark.parametrize(("save", "name"), [(saved_field, "T.nii.gz"), (saved_composite, "T.h5")])
def test_there_and_back_is_nowhere(tmp_path: Path, dims: int, save: Save, name: str) -> None:
    grid = grid_of(dims)
    transform = save(tmp_path / name, grid)
    field, inverse, _ = invert(transform, str(tmp_path))
    points = inner(grid)
    moved = np.abs(one_after_the_other([transform], points) - points).max()
    for written in (field, inverse):
        for order in ([transform, written], [written, transform]):
            assert np.abs(one_after_the_other(order, points) - points).max() < 0.05 * moved
    whole, *_ = compose([transform, str(inverse)], str(tmp_path))
    assert np.abs(one_after_the_other([whole], points) - points).max() < 0.05 * moved


@both_dims
def test_the_inverse_of_the_inverse_is_the_transform(tmp_path: Path, dims: int) -> None:
    grid = grid_of(dims)
    transform = saved_field(tmp_path / "T.nii.gz", grid)
    once, *_ = invert(transform, str(tmp_path))
    twice, *_ = invert(str(once), str(tmp_path))
    points = inner(grid)
    wanted = one_after_the_other([transform], points)
    assert np.abs(wanted - points).max() > 1.5
    assert np.abs(one_after_the_other([twice], points) - wanted).max() < 0.08


@both_dims
def test_affine_maps_in_closed_form(tmp_path: Path, dims: int) -> None:
    """Exactly, twice the same again, and without an image no field."""
    transform = saved_affine(tmp_path / "T.tfm", dims)
    written = invert(transform, str(tmp_path))
    assert [path.name for path in written] == ["T_inverse_transform.h5", "T_inverse_report.json"]
    inverse = read_by_sitk(written[0]).Downcast()
    np.testing.assert_allclose(
        np.reshape(inverse.GetMatrix(), (dims, dims)), np.linalg.inv(matrix_of(dims))[:-1, :-1], atol=1e-12
    )
    again, _ = invert(str(written[0]), str(tmp_path))
    points = points_of(grid_of(dims, 6))
    np.testing.assert_allclose(one_after_the_other([transform, written[0]], points), points, atol=1e-10)
    np.testing.assert_allclose(
        one_after_the_other([again], points), one_after_the_other([transform], points), atol=1e-10
    )


@both_dims
def test_affine_map_as_a_field_on_the_moving_image(tmp_path: Path, dims: int) -> None:
    transform, grid = saved_affine(tmp_path / "T.tfm", dims), grid_of(dims, 12)
    moving = saved_image(tmp_path / "moving.nii.gz", grid)
    written = invert(transform, str(tmp_path / "out"), moving)
    points = points_of(grid)
    np.testing.assert_allclose(one_after_the_other([written[0], transform], points), points, atol=1e-4)
    assert report_of(written)["inverse_error_mm"]["max"] < 1e-4


@both_dims
def test_the_error_is_that_of_the_written_file(tmp_path: Path, dims: int, caplog: pytest.LogCaptureFixture) -> None:
    """Measured again by SimpleITK: coarse fields, read linearly, are not inverted by what solves them at voxels."""
    grid, coarse = grid_of(dims, 20), grid_of(dims, 9, 36.0)
    transform = saved_field(tmp_path / "T.nii.gz", grid, 4.0)
    moving = saved_image(tmp_path / "moving.nii.gz", coarse)
    with caplog.at_level(logging.INFO):
        written = invert(transform, str(tmp_path / "out"), moving)
    points = points_of(grid)
    there = one_after_the_other([transform], points)
    index = (there - coarse.origin) @ np.linalg.inv(coarse.matrix).T
    inside = ((index >= 0) & (index <= np.array(coarse.size) - 1)).all(axis=1)
    assert inside.mean() > 0.9
    apart = np.linalg.norm(one_after_the_other([written[0]], there[inside]) - points[inside], axis=1)
    wanted = {"mean": apart.mean(), "p99": np.percentile(apart, 99), "max": apart.max()}
    assert wanted["mean"] > 0.1
    assert report_of(written)["inverse_error_mm"] == pytest.approx(wanted, abs=1e-3)
    assert f"mean {wanted['mean']:.3g}" in caplog.text


def test_folds_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written = invert(saved_field(tmp_path / "T.nii.gz", grid_of(2, 40), 20.0), str(tmp_path))
    share = report_of(written)["without_inverse_fraction"]
    assert 0.05 < share < 0.9
    assert [record for record in caplog.records if f"{100 * share:.3f} %" in record.getMessage()]


def test_no_fold_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written = invert(saved_field(tmp_path / "T.nii.gz", grid_of(2)), str(tmp_path))
    assert report_of(written)["without_inverse_fraction"] == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_slices_in_space(tmp_path: Path) -> None:
    grid = slice_of()
    transform = saved_composite(tmp_path / "T.h5", grid)
    written = invert(transform, str(tmp_path))
    points = inner(grid)
    assert np.abs(one_after_the_other([transform, written[0]], points) - points).max() < 0.08
    assert report_of(written)["grid"]["size"] == list(grid.size)
    again = invert(str(written[0]), str(tmp_path))
    assert report_of(again)["grid"]["size"] == list(grid.size)


def test_a_field_of_one_slice_is_carried_on_beside_it(tmp_path: Path) -> None:
    """As ITK writes one, in its own format."""
    grid = slice_of()
    write_transform(tmp_path / "T.h5", field_transform(vectors_on(grid), grid))
    transform = str(tmp_path / "T.h5")
    field, *_ = invert(transform, str(tmp_path))
    points = inner(grid)
    assert np.abs(one_after_the_other([transform], points) - points).max() > 1.5
    assert np.abs(one_after_the_other([transform, field], points) - points).max() < 0.08


def _singular(folder: Path) -> str:
    transform = sitk.AffineTransform(2)
    transform.SetMatrix([1, 1, 1, 1])
    sitk.WriteTransform(transform, str(folder / "T.tfm"))
    return str(folder / "T.tfm")


def _spline(folder: Path) -> str:
    sitk.WriteTransform(sitk.BSplineTransform(2), str(folder / "T.h5"))
    return str(folder / "T.h5")


@pytest.mark.parametrize(("write", "about"), [(_singular, "singular"), (_spline, "BSplineTransform"), (str, "folder")])
def test_what_has_no_inverse_is_a_sentence(tmp_path: Path, write: Callable[[Path], str], about: str) -> None:
    path = write(tmp_path)
    with pytest.raises(InputError, match=about) as caught:
        invert(path, str(tmp_path / "out"))
    assert_one_sentence(str(caught.value), path)
    assert not (tmp_path / "out").exists()


def test_an_image_of_other_dimensions_is_a_sentence(tmp_path: Path) -> None:
    moving = saved_image(tmp_path / "moving.nii.gz", grid_of(3, 6))
    with pytest.raises(InputError, match=r"2-D but .* stored in 3") as caught:
        invert(saved_field(tmp_path / "T.nii.gz", grid_of(2)), str(tmp_path / "out"), moving)
    assert_one_sentence(str(caught.value))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["invert", saved_field(tmp_path / "T.nii.gz", grid_of(2)), "-o", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "T_inverse_field.nii.gz", "T_inverse_report.json", "T_inverse_transform.h5",
    ]  # fmt: skip
