"""A chain of saved transforms as one field: SimpleITK, going through the files one by one, must arrive at the same."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import itk
import nibabel as nib
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
from scripts.physical.headers import read_geometry
from scripts.physical.itk_transforms import affine_transform, is_of_slices, read_transform
from scripts.physical.writing import write_field
from scripts.registration import compose
from support import assert_one_sentence, both_dims

ROUNDING = 1e-4  # mm: fields are written in 32 bits


def chain(folder: Path, dims: int) -> list[str]:
    """A field, an affine map about a centre and what a registration writes."""
    return [
        saved_field(folder / "first.nii.gz", grid_of(dims, 20)),
        saved_affine(folder / "second.tfm", dims),
        saved_composite(folder / "third.h5", grid_of(dims, 22, 50.0)),
    ]


@both_dims
def test_points_go_where_the_files_take_them_one_by_one(tmp_path: Path, dims: int) -> None:
    paths = chain(tmp_path, dims)
    field, transform, report = compose(paths, str(tmp_path / "out"))
    grid = grid_of(dims, 20)
    assert read_geometry(str(field), vectors=dims).same_as(grid)
    points = points_of(grid)[::7]
    wanted = one_after_the_other(paths, points)
    assert np.abs(wanted - one_after_the_other(paths[::-1], points)).max() > 0.5  # the order matters
    for written in (field, transform):
        np.testing.assert_allclose(one_after_the_other([written], points), wanted, atol=ROUNDING)
    said = json.loads(report.read_text(encoding="utf-8"))
    assert said["transforms"] == paths
    assert said["grid"]["size"] == list(grid.size)


@both_dims
def test_one_resampling_is_that_of_itks_composite(tmp_path: Path, dims: int) -> None:
    """But for what the field is read linearly between its voxels, far less than a second resampling would change."""
    paths, grid = chain(tmp_path, dims), grid_of(dims, 40, 28.0)
    fixed, moving = saved_image(tmp_path / "fixed.nii.gz", grid), saved_image(tmp_path / "moving.nii.gz", grid)
    _, transform, _ = compose(paths, str(tmp_path / "out"), fixed=fixed, name="ours")
    assert transform.name == "ours_transform.h5"
    reference, image = (sitk.ReadImage(path, sitk.sitkFloat64) for path in (fixed, moving))
    theirs = sitk.CompositeTransform([read_by_sitk(path) for path in reversed(paths)])  # the last is done first
    wanted, found = (
        sitk.GetArrayFromImage(sitk.Resample(image, reference, each, sitk.sitkLinear, 0.0))
        for each in (theirs, read_by_sitk(transform))
    )
    assert np.abs(wanted - sitk.GetArrayFromImage(image)).max() > 10
    np.testing.assert_allclose(found, wanted, atol=0.02)


def test_points_outside_a_field_stay_where_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As in ITK; a sentence says how many."""
    wide, narrow = grid_of(2, 20), grid_of(2, 12, 15.0)
    paths = [saved_field(tmp_path / "wide.nii.gz", wide, 0.5), saved_field(tmp_path / "narrow.nii.gz", narrow)]
    field, _, report = compose(paths, str(tmp_path / "out"))
    points = points_of(wide)
    np.testing.assert_allclose(one_after_the_other([field], points), one_after_the_other(paths, points), atol=ROUNDING)
    there = one_after_the_other(paths[:1], points)
    share = float((np.abs(one_after_the_other(paths[1:], there) - there).max(axis=1) == 0).mean())
    assert 0.5 < share < 0.9
    assert json.loads(report.read_text(encoding="utf-8"))["outside_fraction"] == pytest.approx(share)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"{100 * share:.3f} %" in warning


def test_no_warning_where_all_points_stay_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = [saved_field(tmp_path / "a.nii.gz", grid_of(2, 20)), saved_field(tmp_path / "b.nii.gz", grid_of(2, 30, 50))]
    compose(paths, str(tmp_path / "out"))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("is_named", [False, True])
def test_slices_in_space(tmp_path: Path, is_named: bool) -> None:
    """On the slice's own plane, and although the second slice is thinner than the first."""
    grid, thin = slice_of(), slice_of(30)
    thin = Geometry(thin.size, thin.spacing * [1.2, 1.2, 0.25], thin.origin * [1.2, 1.2, 1], thin.direction)
    paths = [saved_field(tmp_path / "a.nii.gz", grid), saved_composite(tmp_path / "b.h5", thin)]
    fixed = saved_image(tmp_path / "fixed.nii.gz", grid) if is_named else None
    field, transform, report = compose(paths, str(tmp_path / "out"), fixed=fixed)
    points = points_of(grid)
    for written in (field, transform):
        np.testing.assert_allclose(
            one_after_the_other([written], points), one_after_the_other(paths, points), atol=ROUNDING
        )
    assert json.loads(report.read_text(encoding="utf-8"))["grid"]["size"] == list(grid.size)
    assert read_geometry(str(field), vectors=3).same_as(grid.thickened())
    assert is_of_slices(read_transform(str(field)))


def test_beside_a_slice(tmp_path: Path) -> None:
    """An affine map out of the slice's plane moves what is beside it otherwise."""
    grid = slice_of()
    paths = [saved_field(tmp_path / "a.nii.gz", grid), saved_affine(tmp_path / "b.tfm", 3)]
    field, *_ = compose(paths, str(tmp_path / "out"))
    for across in (-0.9, 0.0, 0.9):
        points = points_of(grid) + across * grid.matrix[:, 2]
        np.testing.assert_allclose(
            one_after_the_other([field], points), one_after_the_other(paths, points), atol=5 * ROUNDING
        )


def test_a_volume_of_three_slices_is_no_slice(tmp_path: Path) -> None:
    """Each of its slices moves as it likes."""
    grid = slice_of().thickened()
    vectors = vectors_on(grid) * np.array([0.2, -1.0, 1.0])
    write_field(tmp_path / "a.nii.gz", vectors, grid)
    path = str(tmp_path / "a.nii.gz")
    assert not is_of_slices(read_transform(path))
    field, *_ = compose([path, path], str(tmp_path / "out"))
    points = points_of(grid)
    np.testing.assert_allclose(
        one_after_the_other([field], points), one_after_the_other([path, path], points), atol=ROUNDING
    )


@both_dims
def test_affine_maps_stay_one_affine_map(tmp_path: Path, dims: int) -> None:
    path, fixed = saved_affine(tmp_path / "a.mat", dims), saved_image(tmp_path / "fixed.nii.gz", grid_of(dims, 12))
    shift, other = np.eye(dims + 1), str(tmp_path / "b.h5")
    shift[0, -1] = 7
    itk.transformwrite([affine_transform(shift)], other)
    _, transform, _ = compose([path, other], str(tmp_path / "out"), fixed=fixed)
    found = read_by_sitk(transform).Downcast()
    assert found.GetName() == "AffineTransform"
    matrix = shift @ matrix_of(dims)
    assert not np.allclose(matrix, matrix_of(dims) @ shift)
    np.testing.assert_allclose(np.reshape(found.GetMatrix(), (dims, dims)), matrix[:-1, :-1], atol=1e-12)
    points = points_of(grid_of(dims, 12))
    np.testing.assert_allclose(one_after_the_other([transform], points), points @ matrix[:-1, :-1].T + matrix[:-1, -1])


def _holding_nan(folder: Path) -> list[str]:
    path = saved_field(folder / "first.nii.gz", grid_of(2))
    image = nib.load(path)
    values = image.get_fdata()
    values[3, 4] = np.nan
    nib.save(nib.Nifti1Image(values, image.affine, image.header), path)
    return [path]


def _spline_holding_nan(folder: Path) -> list[str]:
    spline = sitk.BSplineTransform(2)
    spline.SetParameters([np.nan, *[0.0] * (len(spline.GetParameters()) - 1)])
    sitk.WriteTransform(spline, str(folder / "first.h5"))
    return [str(folder / "first.h5")]


def _text(folder: Path) -> list[str]:
    (folder / "first.h5").write_text("no transform", encoding="utf-8")
    return [str(folder / "first.h5")]


def _folder(folder: Path) -> list[str]:
    (folder / "first").mkdir()
    return [str(folder / "first")]


def _image(folder: Path) -> list[str]:
    return [saved_image(folder / "first.nii.gz", grid_of(2))]


def _empty(folder: Path) -> list[str]:
    sitk.WriteTransform(sitk.CompositeTransform(2), str(folder / "first.h5"))
    return [str(folder / "first.h5")]


def _side_by_side(folder: Path) -> list[str]:
    itk.transformwrite([affine_transform(matrix_of(2))] * 2, str(folder / "first.tfm"))
    return [str(folder / "first.tfm")]


def _one_voxel_thick(folder: Path) -> list[str]:
    write_field(folder / "first.nii.gz", vectors_on(slice_of()), slice_of())
    return [str(folder / "first.nii.gz")]


def _mixed(folder: Path) -> list[str]:
    return [saved_affine(folder / "first.tfm", 3), saved_field(folder / "second.nii.gz", grid_of(2))]


@pytest.mark.parametrize(
    ("write", "about"),
    [
        (lambda folder: [], "there is nothing to compose"),
        (lambda folder: [str(folder / "first.h5")], "does not exist"),
        (lambda folder: [saved_affine(folder / "first.tfm", 2)], "--fixed"),
        (_holding_nan, "NaN"), (_spline_holding_nan, "NaN"), (_text, "cannot be read"), (_folder, "is a folder"),
        (_image, "is no displacement field"), (_empty, "empty composite"), (_mixed, "2-D transform but"),
        (_side_by_side, "2 transforms side by side"), (_one_voxel_thick, "one voxel thick"),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence(tmp_path: Path, write: Callable[[Path], list[str]], about: str) -> None:
    paths = write(tmp_path)
    with pytest.raises(InputError, match=about) as caught:
        compose(paths, str(tmp_path / "out"))
    assert_one_sentence(str(caught.value))
    assert not paths or "first" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "about"),
    [({"fixed": "volume.nii.gz"}, "stored in 3 dimensions"), ({"name": "a/b"}, "--name"), ({"name": ""}, "--name")],
)
def test_bad_options_are_a_sentence(tmp_path: Path, options: dict[str, str], about: str) -> None:
    saved_image(tmp_path / "volume.nii.gz", grid_of(3, 6))
    options = {key: str(tmp_path / value) if key == "fixed" else value for key, value in options.items()}
    with pytest.raises(InputError, match=about) as caught:
        compose([saved_field(tmp_path / "a.nii.gz", grid_of(2))], str(tmp_path / "out"), **options)
    assert_one_sentence(str(caught.value))
    assert not (tmp_path / "out").exists()


def test_command(tmp_path: Path) -> None:
    paths, out = chain(tmp_path, 2), tmp_path / "out"
    assert main(["compose", *paths, "--output_dir", str(out), "--name", "A_from_C"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "A_from_C_field.nii.gz", "A_from_C_report.json", "A_from_C_transform.h5",
    ]  # fmt: skip
