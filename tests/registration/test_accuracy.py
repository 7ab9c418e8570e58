"""Known deformations are found again, forward and inverse undo each other, and storage does not matter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from phantom import (
    HEADERS,
    HEADERS_2D,
    affine_of,
    brain,
    by_intensity,
    coarser,
    draw,
    flat_wave,
    points_of,
    wave,
    with_field,
    write,
)
from scripts.physical import Geometry
from scripts.physical.itk_transforms import read_transform, transform_points
from scripts.physical.steps import carry, steps_of
from scripts.registration import Result, register
from scripts.registration.api import configured
from scripts.registration.deformation import _fine_enough, inverse_error

KINDS = ("2d", "3d")
LPS = np.array([-1, -1, 1.0])


def pair(folder: Path, kind: str) -> dict[str, str]:
    """A fixed brain and the same brain seen through a known deformation."""
    dims, where = (2, flat_wave) if kind == "2d" else (3, wave)
    matrix = np.eye(3) * (1 if kind == "2d" else 3)
    fixed = draw(folder / "fixed.nii.gz", matrix, dims, squeeze=kind == "2d")
    return {"fixed": str(fixed), "moving": str(draw(folder / "moving.nii.gz", matrix, dims, where, kind == "2d"))}


def vectors_ras(result: Result) -> np.ndarray:
    """The displacement field ``(3, *size)``, RAS mm."""
    whole = result.fields.whole
    full = np.zeros((3, *whole.shape[1:]))
    full[: len(whole)] = whole
    return full * LPS.reshape(3, *[1] * (whole.ndim - 1))


@pytest.mark.parametrize("kind", KINDS)
def test_known_deformation_of_the_phantom_is_found(tmp_path: Path, kind: str) -> None:
    """moving(x) = brain(wave(x)), so the field found must satisfy wave(x + u(x)) = x."""
    result = by_intensity(steps=60, spacing=1.0 if kind == "2d" else 3.0)(**pair(tmp_path, kind))
    affine = nib.load(result.fixed.path).affine
    points = points_of(affine, result.fixed.geometry.size)
    where = flat_wave if kind == "2d" else wave
    inside = brain(points) > 150
    before = np.linalg.norm(where(points) - points, axis=0)[inside]
    after = np.linalg.norm(where(points + vectors_ras(result)) - points, axis=0)[inside]
    similarity = result.report["similarity"]
    assert similarity["refined"]["correlation"] > 0.99 > similarity["unregistered"]["correlation"]
    edge = np.linalg.norm(np.gradient(brain(points).squeeze()), axis=0).reshape(inside.shape)[inside] > 20
    assert after[edge].mean() < 0.35 * before[edge].mean()
    assert result.report["jacobian"]["folded_fraction"] < 1e-3


def test_known_deformation_of_a_real_slice_is_found(real_data: Path, tmp_path: Path) -> None:
    """A smooth deformation of 2.7 mm on average of a neurite-OASIS slice, found to a third of a voxel."""
    path = sorted((real_data / "neurite_oasis_2d").glob("*/slice_norm.nii.gz"))[0]
    image = nib.load(path)
    values = np.asarray(image.dataobj)[..., 0]
    rows, columns = np.indices(values.shape).astype(float)
    there = np.stack([rows + 2.5 * np.sin(columns / 14), columns + 2.5 * np.cos(rows / 16)])
    bent = map_coordinates(values, there, order=3)[..., None].clip(0).astype(np.float32)
    moving = write(tmp_path / "moving.nii.gz", bent, image.affine)
    result = register(path, moving, use_network=False, refinement_steps=100)
    index = np.linalg.inv(nib.load(path).affine[:3, :3])
    found = np.tensordot(index, vectors_ras(result)[..., 1], 1)[:2]  # voxels
    end = np.stack([rows, columns]) + found
    error = np.stack([end[0] + 2.5 * np.sin(end[1] / 14) - rows, end[1] + 2.5 * np.cos(end[0] / 16) - columns])
    inside = values > 0.1
    before = np.linalg.norm(there - np.stack([rows, columns]), axis=0)[inside].mean()
    assert before > 2
    assert np.linalg.norm(error, axis=0)[inside].mean() < 1 / 3


@pytest.mark.parametrize("kind", ["2d", "slice", "3d"])
def test_inverse_undoes_the_field(tmp_path: Path, kind: str) -> None:
    """At 99 of 100 voxels of the moving file the way there and back ends within a tenth of a voxel."""
    dims = 3 if kind == "3d" else 2
    matrix = HEADERS_2D["oblique"] if kind == "2d" else HEADERS["oblique"]
    fixed = draw(tmp_path / "fixed.nii.gz", matrix, dims, squeeze=kind == "2d")
    moving = draw(tmp_path / "moving.nii.gz", matrix @ np.diag([-1, 1.2, 1]), dims, squeeze=kind == "2d")
    result = with_field(amplitude=1.5, spacing=2.5)(str(fixed), str(moving))
    fields = result.fields
    index = np.indices(fields.inverse.shape[1:]).reshape(dims if kind != "slice" else 3, -1).astype(float)
    start = fields.back.matrix @ index + fields.back.origin[:, None]
    there = start + fields.inverse.reshape(len(start), -1)
    on_fixed = np.linalg.solve(fields.fixed.matrix, there - fields.fixed.origin[:, None])
    back = there + np.stack([map_coordinates(v, on_fixed, order=1, mode="nearest") for v in fields.whole])
    end = (np.array(fields.fixed.size) - 1)[:, None]
    inside = ((on_fixed >= 0) & (on_fixed <= end)).all(axis=0)
    assert inside.mean() > 0.5
    apart = np.linalg.norm(back - start, axis=0)[inside] / result.moving.geometry.spacing.min()
    assert np.percentile(apart, 99) < 0.1
    assert np.linalg.norm(fields.inverse, axis=0).mean() > 1  # mm


@pytest.mark.parametrize("kind", ["slice", "3d"])
def test_reported_inverse_error_is_that_of_the_written_files(tmp_path: Path, kind: str) -> None:
    """ITK takes points there by the one file and back by the other."""
    dims = 3 if kind == "3d" else 2
    for name in ("fixed", "moving"):
        draw(tmp_path / f"{name}.nii.gz", HEADERS["oblique"], dims)
    result = with_field(amplitude=1.5, spacing=2.5)(str(tmp_path / "fixed.nii.gz"), str(tmp_path / "moving.nii.gz"))
    result.save(tmp_path)
    forth, back = (
        read_transform(str(tmp_path / f"moving_{file}")) for file in ("transform.h5", "inverse_field.nii.gz")
    )
    points = result.object_points[::50]
    there = transform_points(forth, points)
    inside = ~carry(steps_of(back), there)[1]
    error = np.linalg.norm(transform_points(back, there) - points, axis=1)[inside]
    reported = inverse_error(result.fields, points)
    assert reported["mean"] == pytest.approx(error.mean(), rel=0.02)
    assert reported["max"] == pytest.approx(error.max(), rel=0.05)
    assert 0 < result.report["inverse_error_mm"]["mean"] < 0.3


def test_inverse_lies_on_a_finer_grid_and_is_better_there(tmp_path: Path) -> None:
    """Half the spacing of the working grid, from the moving image's first voxel to its last."""
    fixed, moving = (draw(tmp_path / f"{name}.nii.gz", HEADERS["oblique"], 2) for name in ("fixed", "moving"))
    result = with_field(amplitude=1.5, spacing=2.5)(str(fixed), str(moving))
    fields, geometry = result.fields, result.moving.geometry.thickened()
    assert fields.back.spacing[:2].max() <= 2.5 / 2 < geometry.spacing[:2].max()
    ends = [each.matrix @ (np.array(each.size) - 1) + each.origin for each in (fields.back, geometry)]
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)
    np.testing.assert_allclose(fields.back.origin, geometry.origin)
    every = np.round(geometry.spacing / fields.back.spacing).astype(int)
    on_moving = fields.inverse[(slice(None), *(slice(None, None, step) for step in every))]
    coarse = replace(fields, inverse=on_moving, back=geometry)
    error, before = (inverse_error(each, result.object_points)["mean"] for each in (fields, coarse))
    assert error < 0.7 * before


@pytest.mark.parametrize(("size", "wanted"), [((100, 100), (199, 199)), ((200, 200, 200), (200, 200, 200))])
def test_a_large_inverse_stays_on_the_moving_grid(size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    dims = len(size)
    grid = Geometry(size, np.ones(dims), np.zeros(dims), np.eye(dims))
    assert _fine_enough(grid, 0.5).size == wanted
    thick = Geometry(size, np.array([0.5, *[1.0] * (dims - 1)]), np.zeros(dims), np.eye(dims))
    assert _fine_enough(thick, 0.5).size == (size[0], *wanted[1:])


def reoriented(path: str, folder: Path) -> str:
    """The same image, its axes in another order and turned round."""
    image = nib.load(path)
    target = [[1, -1], [0, 1]] if image.ndim == 2 else [[2, -1], [0, 1], [1, -1]]
    if image.ndim == 2:  # nibabel reorients volumes only
        values = np.asarray(image.dataobj).T[::-1]
        affine = image.affine @ np.array([[0, 1, 0, 0], [-1, 0, 0, image.shape[1] - 1], [0, 0, 1, 0], [0, 0, 0, 1.0]])
        return str(write(folder / "turned.nii.gz", values, affine))
    turned = image.as_reoriented(np.array(target))
    return str(write(folder / "turned.nii.gz", np.asarray(turned.dataobj), turned.affine))


def padded(path: str, folder: Path) -> str:
    """The same image with more background: 7 voxels before every axis, 12 after."""
    image = nib.load(path)
    values = np.pad(np.asarray(image.dataobj), [(7, 12)] * image.ndim)
    shift = np.eye(4)
    shift[: image.ndim, 3] = -7
    return str(write(folder / "padded.nii.gz", values, image.affine @ shift))


@pytest.mark.parametrize(
    ("kind", "side", "change"),
    [
        *[("2d", side, change) for side in ("fixed", "moving") for change in (reoriented, padded)],
        ("3d", "fixed", padded),
        ("3d", "moving", reoriented),
    ],
)
def test_storage_does_not_matter(tmp_path: Path, kind: str, side: str, change: Any) -> None:
    """Another order of axes or more background moves no point by more than a fiftieth of a working voxel."""
    files = pair(tmp_path, kind)
    registration = configured(use_network=False, refinement_steps=6, spacing=1.5 if kind == "2d" else 4.0)
    first = registration(**files)
    second = registration(**{**files, side: change(files[side], tmp_path)})
    assert first.report["similarity"]["affine"] != first.report["similarity"]["unregistered"]
    points = points_of(affine_of(HEADERS["identity"], half=40)[0], (41, 41, 41 if kind == "3d" else 1))
    points = points.reshape(3, -1)[: 2 if kind == "2d" else 3]
    moved = [at(result, points) for result in (first, second)]
    assert np.abs(moved[0]).max() > 1
    apart = np.linalg.norm(moved[0] - moved[1], axis=0) / (1.5 if kind == "2d" else 4.0)
    assert apart.max() < 0.02


def at(result: Result, points: np.ndarray) -> np.ndarray:
    """The field at physical points ``(E, N)``, RAS in, LPS out."""
    lps = points * LPS[: len(points), None]
    geometry = result.fields.fixed
    index = np.linalg.solve(geometry.matrix, lps - geometry.origin[:, None])
    return np.stack([map_coordinates(v, index, order=1, mode="nearest") for v in result.fields.whole])


def test_real_volumes(real_data: Path, tmp_path: Path) -> None:
    """A 3-D pair of subjects, native space to aligned space: other grids, 30 mm apart; labels overlap after it."""
    fixed, moving = sorted((real_data / "neurite_oasis_3d").iterdir())[:2]
    names = {
        "fixed": fixed / "aligned_norm.nii.gz",
        "moving": moving / "norm.nii.gz",
        "fixed_label": fixed / "aligned_seg35.nii.gz",
        "moving_label": moving / "seg35.nii.gz",
    }
    files = {key: coarser(path, tmp_path / f"{key}.nii.gz", 2) for key, path in names.items()}
    result = register(**files, use_network=False, refinement_steps=10, spacing=4.0)
    dice = result.report["dice"]["mean"]
    assert dice["unregistered"] < 0.2
    assert dice["affine"] > 0.45
    assert dice["refined"] > dice["affine"] + 0.05


def test_label_with_a_header_of_its_own_is_said(real_data: Path, tmp_path: Path) -> None:
    ends = {"fixed": "A_160x192x144", "moving": "B_160x192x144"}
    ends |= {f"{side}_label": f"{end}_seg" for side, end in ends.items()}
    folder = real_data / "oasis_3d_pair"
    files = {key: coarser(folder / f"image_{end}.nii.gz", tmp_path / f"{key}.nii.gz") for key, end in ends.items()}
    result = register(**files, use_network=False, refinement_steps=5, spacing=4.0)
    (note,) = result.report["notes"]
    assert "fixed_label.nii.gz does not match" in note
    assert result.report["dice"]["mean"]["refined"] > 0.58
    json.dumps(result.report)


def test_axis_swapped_real_slices(real_data: Path) -> None:
    folder = real_data / "coronal_t1t2" / "t1"
    result = register(folder / "S1.nii.gz", folder / "S2.nii.gz", use_network=False, refinement_steps=30)
    similarity = result.report["similarity"]
    assert similarity["refined"]["correlation"] > similarity["unregistered"]["correlation"] + 0.08
    assert result.report["inverse_error_mm"]["p99"] < 2 * 0.75  # two voxels, read linearly between voxels
