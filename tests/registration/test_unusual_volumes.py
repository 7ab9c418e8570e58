"""Volumes that scanners make and methods are not made for: thick slices, parts of a brain, few voxels, many."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from phantom import affine_of, brain, by_intensity, draw, draw_labels, points_of, wave, write
from scripts.physical import Geometry
from scripts.physical.itk_images import SLAB, itk_field
from scripts.registration import configured, deformation
from scripts.registration.deformation import jacobian_of
from scripts.registration.results import Result
from scripts.spatial import jacobian_determinant, map_points

pytestmark = pytest.mark.usefixtures("no_picture")
THICK_SLICES = np.diag([1.6, 1.6, 8.0])  # mm: five times as far apart as the voxels within them


def error_mm(result: Result, inside: float = 100.0) -> np.ndarray:
    """How far from home the object's voxels are that go to a moving image drawn through ``wave`` and through that."""
    geometry = result.fixed.geometry
    points = points_of(geometry.affine_ras, geometry.size)
    there = points + result.fields.whole * np.reshape([-1, -1, 1], (3, 1, 1, 1))  # from LPS
    return np.linalg.norm(wave(there) - points, axis=0)[brain(points) > inside]


def test_slices_far_apart(tmp_path: Path) -> None:
    """Right in millimetres along every axis, on the fixed image's grid; labels overlap more than before."""
    files = {
        "fixed": draw(tmp_path / "fixed.nii.gz", THICK_SLICES),
        "moving": draw(tmp_path / "moving.nii.gz", THICK_SLICES, where=wave),
        "fixed_label": draw_labels(tmp_path / "fixed_seg.nii.gz", THICK_SLICES),
        "moving_label": draw_labels(tmp_path / "moving_seg.nii.gz", THICK_SLICES, where=wave),
    }
    result = by_intensity(30, spacing=2.4)(**{key: str(path) for key, path in files.items()})
    assert result.fields.whole.shape[1:] == result.warped.values.shape == result.fixed.geometry.size
    means = result.report["dice"]["mean"]
    assert means["refined"] > means["unregistered"] + 0.05
    before = np.linalg.norm(wave(points := points_of(*affine_of(THICK_SLICES))) - points, axis=0)[brain(points) > 100]
    assert error_mm(result).mean() < 0.5 * before.mean()


@pytest.mark.parametrize("side", ["fixed", "moving"])
def test_the_lower_third_of_the_brain_is_missing(side: str, tmp_path: Path) -> None:
    """What both show is registered all the same: better than by the headers, if not as well as the whole."""
    matrix = np.diag([2.4, 2.4, 2.4])
    whole = {
        "fixed": draw(tmp_path / "fixed.nii.gz", matrix),
        "moving": draw(tmp_path / "moving.nii.gz", matrix, where=wave),
    }
    image = nib.load(whole[side])
    above = int(np.ceil(np.linalg.inv(image.affine)[2] @ [0, 0, -31 + 62 / 3, 1]))
    part = tmp_path / "part.nii.gz"
    nib.save(image.slicer[:, :, above:], part)
    result = by_intensity(30, spacing=2.4)(**{**{key: str(path) for key, path in whole.items()}, side: str(part)})
    points = points_of(result.fixed.geometry.affine_ras, result.fixed.geometry.size)
    before = np.linalg.norm(wave(points) - points, axis=0)[brain(points) > 100]
    far = points[2][brain(points) > 100] > -31 + 62 / 3 + 8  # mm above the cut
    assert error_mm(result)[far].mean() < 0.65 * before[far].mean()
    assert (result.fixed.array.shape == nib.load(part).shape) == (side == "fixed")


@pytest.mark.parametrize("size", [(4, 5, 6), (4, 40, 48)])
def test_volumes_of_few_voxels_are_registered_and_doubted(size: tuple[int, ...], tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    fixed, moving = (
        str(write(tmp_path / f"{name}.nii.gz", generator.random(size).astype(np.float32), np.diag([2, 2, 2, 1.0])))
        for name in ("fixed", "moving")
    )
    result = configured(use_network=False, refinement_steps=2, fine_steps=1)(fixed, moving)
    assert result.warped.values.shape == size
    assert np.isfinite(result.fields.whole).all() and np.isfinite(result.jac_det).all()
    assert result.report["verdict"]["doubtful"]


def vectors_on(size: tuple[int, ...]) -> tuple[np.ndarray, Geometry]:
    vectors = np.random.default_rng(0).random((len(size), *size)).astype(np.float32)
    dims = len(size)
    return vectors, Geometry(size, np.arange(1.0, dims + 1), np.zeros(dims), np.eye(dims))


@pytest.mark.parametrize("voxels", [1, 180, 360, 2600, 2**22])
@pytest.mark.parametrize("size", [(17, 20, 9), (2, 20, 9), (40, 36)])
def test_a_jacobian_by_slabs_is_that_of_the_whole(
    size: tuple[int, ...], voxels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, geometry = vectors_on(size)
    monkeypatch.setattr(deformation, "CHUNK", voxels)
    to_voxels = np.column_stack([np.linalg.inv(geometry.matrix), np.zeros(len(size))])
    whole = jacobian_determinant(map_points(to_voxels, torch.from_numpy(vectors)[None].double()))[0, 0]
    np.testing.assert_array_equal(jacobian_of(vectors, geometry), whole.numpy())


def test_an_itk_field_by_slabs_is_whole() -> None:
    import itk

    vectors, geometry = vectors_on((5, 6, 2 * SLAB + 3))
    for precision in (itk.F, itk.D):
        stored = itk.array_view_from_image(itk_field(vectors, geometry, precision))
        np.testing.assert_array_equal(stored, vectors.T)


def test_a_real_brain_in_slices_of_5_mm(real_data: Path, tmp_path: Path) -> None:
    """2 x 5 x 2 mm, slices one above the other, by the shipped weights."""
    files = {}
    for side, number in (("fixed", 1), ("moving", 2)):
        folder = real_data / "neurite_oasis_3d" / f"OASIS_OAS1_{number:04d}_MR1"
        for key, name in ((side, "aligned_norm"), (f"{side}_label", "aligned_seg35")):
            files[key] = str(tmp_path / f"{key}.nii.gz")
            nib.save(nib.load(folder / f"{name}.nii.gz").slicer[::2, ::5, ::2], files[key])
    result = configured(quality="fast")(**files)
    assert result.fields.whole.shape[1:] == result.fixed.geometry.size == (80, 39, 112)
    means = result.report["dice"]["mean"]
    assert means["network"] > means["unregistered"] + 0.1
    assert result.report["jacobian"]["folded_fraction"] < 1e-3
