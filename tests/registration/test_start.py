"""A transform that is given is where a registration starts, and part of what it writes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from chains import grid_of, points_of, saved_affine, saved_composite, saved_field, saved_image, slice_of, wave
from phantom import by_intensity, draw, rotation
from scripts.errors import InputError
from scripts.physical import Prepared
from scripts.registration import Method, Registration, register_files
from scripts.registration.batch import COLUMNS
from scripts.registration.deformation import Deformation
from scripts.spatial import compose
from support import assert_one_sentence, both_dims

START = {"fixed": "fixed.nii.gz", "moving": "moving.nii.gz"}


def turned(points: np.ndarray) -> np.ndarray:
    """By 120 degrees, RAS: where a point of the moving image shows the fixed one."""
    return np.tensordot(rotation(0, 0, -120), points, 1)


def saved_turn(path: Path, degrees: float, dims: int) -> str:
    """A rotation about the origin, in LPS as in RAS."""
    angle = np.radians(degrees)
    transform = sitk.Euler2DTransform() if dims == 2 else sitk.Euler3DTransform()
    transform.SetParameters((angle, 0, 0) if dims == 2 else (0, 0, angle, 0, 0, 0))
    sitk.WriteTransform(transform, str(path))
    return str(path)


@pytest.fixture
def far_turned(tmp_path: Path) -> Callable[[int], dict[str, str]]:
    """A pair of which one is turned by 120 degrees."""

    def pair(dims: int) -> dict[str, str]:
        spacing = np.diag([3.0] * 3) if dims == 3 else np.eye(3) * 1.5
        images = {"fixed": lambda p: p, "moving": turned}
        return {
            name: str(draw(tmp_path / f"{name}.nii.gz", spacing, dims, where, squeeze=dims == 2))
            for name, where in images.items()
        }

    return pair


def nothing_found() -> Registration:
    """A registration of no stages: what is given is the result."""
    return Registration(lambda dims: Method(spacing=2.0), [])


class Shift:
    """In the network's place: half a voxel along the first axis, after what was found."""

    name = "network"

    def __call__(self, fixed: Prepared, moving: Prepared, deformation: Deformation) -> Deformation:
        """The deformation, followed by this."""
        found = torch.zeros_like(deformation.ddf)
        found[:, 0] = 0.5
        return replace(deformation, ddf=compose(deformation.ddf, found))


def found_besides(affine: bool) -> Registration:
    """A registration that finds a shift by 1 mm, and searches for an affine map where it may."""
    return Registration(lambda dims: Method(spacing=2.0), [*["affine"] * affine, Shift()])


@both_dims
def test_a_turn_by_120_degrees_is_the_result_where_nothing_is_searched(
    tmp_path: Path, far_turned: Callable[[int], dict[str, str]], dims: int
) -> None:
    path = saved_turn(tmp_path / "start.tfm", 120, dims)
    result = nothing_found()(**far_turned(dims), initial_transform=path)
    matrix = np.array(sitk.ReadTransform(path).GetMatrix()).reshape(dims, dims)
    np.testing.assert_allclose(np.array(result.report["transform"]["affine"])[:-1, :-1], matrix, atol=1e-9)
    assert result.report["initial_transform"] == path
    assert result.report["stages"] == ["unregistered", "initial"]
    similarity = result.report["similarity"]
    assert similarity["unregistered"]["correlation"] < 0.93 and similarity["initial"]["correlation"] > 0.99


def test_the_affine_search_starts_there(tmp_path: Path, far_turned: Callable[[int], dict[str, str]]) -> None:
    """And nowhere else: from a turn by 135 degrees to the one by 120, not from what the objects' axes say."""
    registration = by_intensity(0, spacing=3.0)
    near, wrong = (saved_turn(tmp_path / f"{angle}.tfm", angle, 2) for angle in (135, -60))
    pair = far_turned(2)
    found, lost = (registration(**pair, initial_transform=path).report for path in (near, wrong))
    matrix = np.array(found["transform"]["affine"])[:2, :2]
    assert np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])) == pytest.approx(120, abs=2)
    assert found["similarity"]["affine"]["correlation"] > 0.98 > lost["similarity"]["affine"]["correlation"]
    assert found["stages"] == ["unregistered", "initial", "affine"]


@both_dims
@pytest.mark.parametrize("kind", ["field", "composite", "affine"])
def test_what_is_written_holds_the_start(tmp_path: Path, dims: int, kind: str) -> None:
    """By SimpleITK: the written transform goes where the start goes, or on from there, and gives the warped image."""
    grid = grid_of(dims, 24)
    fixed, moving = (saved_image(tmp_path / f"{name}.nii.gz", grid) for name in ("fixed", "moving"))
    path = {
        "field": lambda: saved_field(tmp_path / "start.nii.gz", grid, 2.0),
        "composite": lambda: saved_composite(tmp_path / "start.h5", grid, 2.0),
        "affine": lambda: saved_affine(tmp_path / "start.tfm", dims),
    }[kind]()
    for registration, name in ((nothing_found(), "start"), (found_besides(kind != "affine"), "more")):
        files = {"fixed": fixed, "moving": moving, "initial_transform": path}
        register_files(registration, str(tmp_path / name), **files, files=["warped", "transform"])
    start, more = (sitk.ReadTransform(str(tmp_path / name / "moving_transform.h5")) for name in ("start", "more"))
    given = _by_sitk(path)
    inside = points_of(grid)[:: 7 if dims == 2 else 101]
    there = {key: _moved(each, inside) for key, each in {"given": given, "start": start, "more": more}.items()}
    assert np.abs(there["start"] - there["given"]).max() < (1e-4 if kind == "affine" else 0.15)
    apart = there["more"] - there["start"]
    assert 0.7 < np.linalg.norm(apart, axis=1).mean() < 1.4  # the stage's millimetre alone
    report = json.loads((tmp_path / "more" / "moving_report.json").read_text(encoding="utf-8"))
    assert report["stages"] == ["unregistered", "initial", "network"]  # no affine search over a field
    warped = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "more" / "moving_warped.nii.gz")))
    image, reference = (sitk.ReadImage(each, sitk.sitkFloat32) for each in (moving, fixed))
    wanted = sitk.GetArrayFromImage(sitk.Resample(image, reference, more, sitk.sitkLinear, 0.0))
    assert np.abs(warped - wanted).max() < 0.02 < np.ptp(wanted)


def _by_sitk(path: str) -> sitk.Transform:
    if path.endswith(".nii.gz"):
        return sitk.DisplacementFieldTransform(sitk.ReadImage(path, sitk.sitkVectorFloat64))
    return sitk.ReadTransform(path)


def _moved(transform: sitk.Transform, points: np.ndarray) -> np.ndarray:
    return np.array([transform.TransformPoint(point) for point in points.tolist()])


def test_slices_in_space(tmp_path: Path) -> None:
    """A slice's field, three voxels thick, as a registration writes it; the images lie apart without it."""
    grid = slice_of()
    path = saved_field(tmp_path / "start.nii.gz", grid, 2.0)
    image = saved_image(tmp_path / "fixed.nii.gz", grid)
    result = nothing_found()(image, image, initial_transform=path)
    points = points_of(grid)[::11]
    found = _moved(_as_sitk(result.transform, tmp_path), points)
    np.testing.assert_allclose(found, points + wave(points, 2.0), atol=0.15)


def _as_sitk(transform: object, folder: Path) -> sitk.Transform:
    from scripts.physical.itk_transforms import write_transform

    write_transform(folder / "found.h5", transform)
    return sitk.ReadTransform(str(folder / "found.h5"))


@both_dims
def test_images_that_do_not_overlap_meet_by_the_start(tmp_path: Path, dims: int) -> None:
    grid = grid_of(dims, 20)
    fixed = saved_image(tmp_path / "fixed.nii.gz", grid)
    image = sitk.ReadImage(fixed)
    image.SetOrigin([each + 500 for each in image.GetOrigin()])
    sitk.WriteImage(image, str(tmp_path / "moving.nii.gz"))
    moving = str(tmp_path / "moving.nii.gz")
    with pytest.raises(InputError, match="do not overlap in space"):
        nothing_found()(fixed, moving)
    shift = sitk.TranslationTransform(dims, [500.0] * dims)
    sitk.WriteTransform(shift, str(tmp_path / "start.tfm"))
    report = nothing_found()(fixed, moving, initial_transform=str(tmp_path / "start.tfm")).report
    assert report["similarity"]["initial"]["correlation"] > 0.999


def other_dimensions(folder: Path) -> tuple[str, str]:
    return saved_affine(folder / "start.tfm", 3), "is a 3-D transform but the images are 2-D"


def unreadable(folder: Path) -> tuple[str, str]:
    (folder / "start.h5").write_text("this is text")
    return str(folder / "start.h5"), "cannot be read as an ITK transform"


def missing(folder: Path) -> tuple[str, str]:
    return str(folder / "start.tfm"), "does not exist"


def out_of_view(folder: Path) -> tuple[str, str]:
    sitk.WriteTransform(sitk.TranslationTransform(2, [0.0, 900.0]), str(folder / "start.tfm"))
    return str(folder / "start.tfm"), "takes no point of .*fixed.nii.gz into .*moving.nii.gz"


def flat(folder: Path) -> tuple[str, str]:
    transform = sitk.AffineTransform(2)
    transform.SetMatrix([1.0, 0.0, 2.0, 0.0])
    sitk.WriteTransform(transform, str(folder / "start.tfm"))
    return str(folder / "start.tfm"), "presses the fixed image flat"


def not_finite(folder: Path) -> tuple[str, str]:
    transform = sitk.TranslationTransform(2, [0.0, float("nan")])
    sitk.WriteTransform(transform, str(folder / "start.h5"))
    return str(folder / "start.h5"), "holds NaN or infinite numbers"


@pytest.mark.parametrize("spoil", [other_dimensions, unreadable, missing, out_of_view, flat, not_finite])
def test_a_start_that_is_none_is_one_sentence(tmp_path: Path, spoil: Callable[[Path], tuple[str, str]]) -> None:
    images = {key: saved_image(tmp_path / name, grid_of(2, 16)) for key, name in START.items()}
    path, words = spoil(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        register_files(nothing_found(), str(tmp_path / "out"), **images, initial_transform=path)
    assert_one_sentence(str(caught.value), path)
    assert not (tmp_path / "out").exists()


def test_a_list_has_a_column_for_all_that_a_registration_takes() -> None:
    assert set(COLUMNS) == set(inspect.signature(Registration.__call__).parameters) - {"self"}
