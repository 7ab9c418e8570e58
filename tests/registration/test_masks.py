"""Masks: where a pair is compared, by every stage and every measure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import pytest

from phantom import affine_of, brain, by_intensity, draw, flat_wave, points_of, write
from scripts.errors import InputError
from scripts.physical import PercentileScaling
from scripts.physical.affine_search import mutual_information, register_affine
from scripts.physical.affine_starts import identity
from scripts.physical.itk_transforms import matrix_of
from scripts.registration import register_files
from support import assert_one_sentence

SPACING = np.diag([1.5, 1.5, 1.5])
LESION, RADIUS = (6.0, -4.0), 8.0  # mm


def disc(path: Path, inside: float, outside: float, radius: float = RADIUS) -> str:
    """A mask on the phantom's grid with a disc."""
    affine, size = affine_of(SPACING, 2)
    points = points_of(affine, size[:2])
    near = np.hypot(points[0] - LESION[0], points[1] - LESION[1]) < radius
    return str(write(path, np.where(near, inside, outside).astype(np.float32), affine))


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, str]:
    """Slices of which the moving one has a bright lesion; ``sound`` is without."""
    files = {"fixed": lambda p: p, "sound": flat_wave}
    paths = {
        name: str(draw(tmp_path / f"{name}.nii.gz", SPACING, 2, where, squeeze=True)) for name, where in files.items()
    }
    image = nib.load(paths["sound"])
    lesion = nib.load(disc(tmp_path / "lesion.nii.gz", 1, 0, RADIUS - 2)).get_fdata() > 0
    values = np.where(lesion, 1500, image.get_fdata()).astype(np.float32)
    return {**paths, "moving": str(write(tmp_path / "moving.nii.gz", values, image.affine))}


def test_a_lesion_under_a_mask_changes_little(tmp_path: Path, pair: dict[str, str]) -> None:
    """Neither the scaling of intensities, nor the affine map, nor the field around it, nor the measures."""
    mask, registration = disc(tmp_path / "mask.nii.gz", 0, 1, RADIUS + 1), by_intensity(30, spacing=2.0)
    fixed = pair["fixed"]
    wanted = registration(fixed, pair["sound"])
    without = registration(fixed, pair["moving"])
    masked = registration(fixed, pair["moving"], moving_mask=mask)
    errors = [np.linalg.norm(each.fields.whole - wanted.fields.whole, axis=0) for each in (without, masked)]
    object_ = wanted.fixed.values > 0
    assert errors[1][object_].mean() < 0.4 * errors[0][object_].mean()
    likeness = [each.report["similarity"]["refined"]["correlation"] for each in (wanted, without, masked)]
    assert likeness[1] < likeness[2] - 0.03 and likeness[2] > likeness[0] - 0.02
    report = masked.report
    assert (report["fixed_mask"], report["moving_mask"]) == (None, mask)
    assert "where the masks allow" in report["similarity"]["measured_on"]
    assert without.verdict["measures"]["likeness"] < masked.verdict["measures"]["likeness"]


def test_masks_of_all_change_nothing(tmp_path: Path, pair: dict[str, str]) -> None:
    mask, registration = disc(tmp_path / "mask.nii.gz", 7, 2), by_intensity(3, spacing=2.0)
    plain = registration(pair["fixed"], pair["moving"])
    masked = registration(pair["fixed"], pair["moving"], fixed_mask=mask, moving_mask=mask)
    apart = np.abs(plain.fields.whole - masked.fields.whole)
    assert apart.max() < 0.15
    for stage, values in plain.report["similarity"].items():
        if stage != "measured_on":
            assert masked.report["similarity"][stage] == pytest.approx(values, abs=2e-3)


def test_the_affine_search_is_blind_outside() -> None:
    """A bright block in the moving image alone, which the images' centres and information speak of."""
    affine, size = affine_of(3 * np.eye(3), 2)
    points = points_of(affine, size[:2])
    turn = np.array([[0.97, -0.24, 0], [0.24, 0.97, 0], [0, 0, 1.0]])
    still, moved = (PercentileScaling()(brain(np.tensordot(m, points, 1))) for m in (np.eye(3), turn))
    block = (slice(0, 12), slice(8, 24))
    moved[block] = 1
    mask = np.ones(moved.shape, np.uint8)
    mask[block] = 0
    fixed, moving, hidden = (itk.image_from_array(np.ascontiguousarray(each.T)) for each in (still, moved, mask))
    found, lost = (register_affine(fixed, moving, masks=(None, each)) for each in (hidden, None))
    centre = (np.array(moved.shape) - 1) / 2
    corners = centre + 8 * np.vstack([np.eye(2), -np.eye(2)])
    wanted = (corners - centre) @ np.linalg.inv(turn)[:2, :2].T + centre
    error, other = (
        np.linalg.norm(corners @ m[:-1, :-1].T + m[:-1, -1] - wanted, axis=1).max()
        for m in map(matrix_of, (found, lost))
    )
    assert error < 0.7 and error < other  # voxels
    nowhere = identity(2)
    nowhere.SetOffset([1e4] * 2)
    assert mutual_information(fixed, moving, nowhere, (None, hidden)) < 1e-3


def test_a_bright_lesion_has_no_say_in_the_scaling() -> None:
    array = np.zeros((40, 40))
    array[10:30, 10:30] = np.random.default_rng(0).uniform(0.5, 1, (20, 20))
    sound, spoilt, mask = PercentileScaling()(array), array.copy(), np.ones(array.shape, bool)
    spoilt[12:18, 12:18], mask[12:18, 12:18] = 5, False
    np.testing.assert_allclose(PercentileScaling()(spoilt, mask)[mask], sound[mask], atol=0.01)
    assert np.abs(PercentileScaling()(spoilt)[mask] - sound[mask]).max() > 0.5


def empty(folder: Path) -> str:
    return disc(folder / "mask.nii.gz", 0, 0)


def beside_the_object(folder: Path) -> str:
    affine, size = affine_of(SPACING, 2)
    values = np.zeros(size[:2])
    values[:3, :3] = 1
    return str(write(folder / "mask.nii.gz", values, affine))


def another_grid(folder: Path) -> str:
    return str(write(folder / "mask.nii.gz", np.ones((9, 8)), np.eye(4)))


def of_two_times(folder: Path) -> str:
    affine, size = affine_of(SPACING, 2)
    return str(write(folder / "mask.nii.gz", np.ones((*size[:2], 1, 2)), affine))


def not_a_number(folder: Path) -> str:
    return disc(folder / "mask.nii.gz", np.nan, 1)


def fractions(folder: Path) -> str:
    return disc(folder / "mask.nii.gz", 0.4, 1)


def missing(folder: Path) -> str:
    return str(folder / "mask.nii.gz")


def test_a_mask_whose_header_disagrees_lies_where_its_image_lies(tmp_path: Path, pair: dict[str, str]) -> None:
    values = nib.load(disc(tmp_path / "mask.nii.gz", 0, 1)).get_fdata()
    other = str(write(tmp_path / "other.nii.gz", values, 2 * np.eye(4)))
    result = by_intensity(1, spacing=3.0)(pair["fixed"], pair["moving"], moving_mask=other)
    assert result.report["moving_mask"] == other and other in result.report["notes"][0]
    assert result.pair.moving_mask is not None
    np.testing.assert_array_equal(result.pair.moving_mask.array, values)
    assert result.pair.moving_mask.geometry.same_as(result.moving.geometry)


@pytest.mark.parametrize("side", ["fixed_mask", "moving_mask"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (empty, "is empty"),
        (beside_the_object, "covers nothing of the object in"),
        (another_grid, "must have its image's size"),
        (of_two_times, "4-D|time|axes"),
        (not_a_number, "not whole numbers"),
        (fractions, "not whole numbers"),
        (missing, "does not exist"),
    ],
)
def test_a_mask_that_is_none_is_one_sentence(
    tmp_path: Path, pair: dict[str, str], spoil: Callable[[Path], str], words: str, side: str
) -> None:
    path = spoil(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        files = {"fixed": pair["fixed"], "moving": pair["sound"], side: path}
        register_files(by_intensity(1, 2.0), str(tmp_path / "out"), **files)
    assert_one_sentence(str(caught.value), path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("side", "words"),
    [("fixed_mask", "as large as a voxel of the working grid"), ("moving_mask", "no place in common")],
)
def test_a_mask_of_one_voxel_is_refused(tmp_path: Path, pair: dict[str, str], side: str, words: str) -> None:
    affine, size = affine_of(SPACING, 2)
    values = np.zeros(size[:2])
    values[tuple(n // 2 for n in size[:2])] = 1
    more = {side: str(write(tmp_path / "mask.nii.gz", values, affine))}
    with pytest.raises(InputError, match=words) as caught:
        register_files(by_intensity(1, 3.0), str(tmp_path / "out"), pair["fixed"], pair["moving"], **more)
    assert_one_sentence(str(caught.value))


def test_a_list_has_columns_for_masks(tmp_path: Path, pair: dict[str, str]) -> None:
    mask = Path(disc(tmp_path / "mask.nii.gz", 0, 1))
    rows = [{"fixed": "fixed.nii.gz", "moving": "moving.nii.gz", "moving_mask": mask.name}]
    (tmp_path / "list.json").write_text(json.dumps(rows))
    register_files(by_intensity(1, 3.0), str(tmp_path / "out"), pairs=str(tmp_path / "list.json"), files=["warped"])
    report = json.loads((tmp_path / "out" / "moving_report.json").read_text())
    assert report["moving_mask"] == str(mask) and "moving_mask" in report["request"]["files"]
