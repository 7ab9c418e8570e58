"""The affine stage: known maps are found, anatomy follows the header, files are computed once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import pytest

from ellipsoids import SIZES, moved, still
from scripts.data import affine as stage
from scripts.data.affine import affine_normalise
from scripts.errors import InputError
from scripts.physical import read_image, read_label
from scripts.physical.itk_images import resample_once
from support import assert_one_sentence, mean_dice

UNIT = np.eye(4)
OBLIQUE = np.array([[-1.0, 0, 0, 32], [0, 0, 1.0, -0.5], [0, -1.0, 0, 36], [0, 0, 0, 1]])


def values_of(path: str) -> np.ndarray:
    return np.asarray(nib.Nifti1Image.from_filename(path).dataobj)


Save = Callable[..., dict[str, str]]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a subject's arrays as NIfTI files and return its record."""

    def write(
        subject: str, image: np.ndarray, label: np.ndarray | None = None, header: np.ndarray = UNIT
    ) -> dict[str, str]:
        record = {"subject": subject}
        for key, values in (("image", image), ("label", label)):
            if values is not None:
                record[key] = str(tmp_path / f"{subject}_{key}.nii.gz")
                nib.save(nib.Nifti1Image(values, header), record[key])
        return record

    return write


@pytest.fixture
def slices(save: Save) -> tuple[dict[str, str], dict[str, str]]:
    """Atlas and subject, slices of a volume as neurite-OASIS stores them: a last axis of size 1."""
    records = [
        save(name, image[..., None], label[..., None], OBLIQUE)
        for name, (image, label) in (("atlas", still(2)), ("subject", moved(2)))
    ]
    return records[0], records[1]


def test_slice_lands_on_the_atlas_file_s_grid(slices: tuple, tmp_path: Path) -> None:
    atlas, subject = slices
    (result,) = affine_normalise([subject], atlas, tmp_path / "cache", 2)
    assert result["subject"] == "subject"
    for key, kind in (("image", np.float32), ("label", np.int16)):
        for name in (key, f"unaligned_{key}"):
            file = nib.Nifti1Image.from_filename(result[name])
            assert file.shape == (*SIZES[2], 1) and file.get_data_dtype() == kind
            np.testing.assert_array_equal(file.affine, OBLIQUE)


def test_labels_overlap_more_and_gain_no_id(slices: tuple, tmp_path: Path) -> None:
    atlas, subject = slices
    (result,) = affine_normalise([subject], atlas, tmp_path / "cache", 2)
    fixed, before, after = (values_of(p) for p in (atlas["label"], result["unaligned_label"], result["label"]))
    np.testing.assert_array_equal(before, values_of(subject["label"]))
    assert set(np.unique(after)) == set(np.unique(before))
    assert mean_dice(fixed, before) < 0.85
    assert mean_dice(fixed, after) > 0.93


def test_saved_transform_makes_the_saved_label(slices: tuple, tmp_path: Path) -> None:
    atlas, subject = slices
    (result,) = affine_normalise([subject], atlas, tmp_path / "cache", 2)
    (transform,) = itk.transformread(result["affine"])
    label, grid = read_label(subject["label"], read_image(subject["image"])), read_image(atlas["image"]).geometry
    np.testing.assert_array_equal(resample_once(label, grid, transform, nearest=True), values_of(result["label"]))


def test_atlas_is_passed_through_unmoved(slices: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "find_affine", None)
    (result,) = affine_normalise([slices[0]], slices[0], tmp_path / "cache", 2)
    np.testing.assert_allclose(values_of(result["image"]), values_of(slices[0]["image"]), atol=1e-3)
    np.testing.assert_array_equal(values_of(result["label"]), values_of(slices[0]["label"]))


def test_record_without_label_has_no_label_keys(slices: tuple, tmp_path: Path) -> None:
    subject = {key: slices[1][key] for key in ("subject", "image")}
    (result,) = affine_normalise([subject], slices[0], tmp_path / "cache", 2)
    assert set(result) == {"subject", "image", "unaligned_image", "affine"}


def test_second_call_computes_nothing(
    slices: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    atlas, subject = slices
    first = affine_normalise([atlas, subject], atlas, tmp_path / "cache", 2)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
    monkeypatch.setattr(stage, "resample_once", None)
    with caplog.at_level(logging.INFO):
        assert affine_normalise([atlas, subject], atlas, tmp_path / "cache", 2) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")} == times
    assert "2 reused, 0 to compute" in caplog.text


def test_changed_file_or_atlas_is_computed_anew(slices: tuple, save: Save, tmp_path: Path) -> None:
    atlas, subject = slices
    (first,) = affine_normalise([subject], atlas, tmp_path / "cache", 2)
    (other_atlas,) = affine_normalise([subject], subject, tmp_path / "cache", 2)
    save("subject", *(values[..., None] for values in still(2)), OBLIQUE)
    (changed,) = affine_normalise([subject], atlas, tmp_path / "cache", 2)
    assert len({result["image"] for result in (first, other_atlas, changed)}) == 3
    assert mean_dice(values_of(atlas["label"]), values_of(changed["unaligned_label"])) == 1.0


def test_interrupted_run_leaves_no_folder(slices: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "resample_once", interrupt)
    with pytest.raises(KeyboardInterrupt):
        affine_normalise([slices[1]], slices[0], tmp_path / "cache", 2)
    assert list((tmp_path / "cache").iterdir()) == []


def test_flipped_and_swapped_axes_give_the_same_anatomy(save: Save, tmp_path: Path) -> None:
    atlas, (image, label) = save("atlas", *still(3)), moved(3)
    plain = save("plain", image, label)
    # New axes (k, i, -j) of the same voxels; the header says so.
    turn = [np.ascontiguousarray(values.transpose(2, 0, 1)[:, :, ::-1]) for values in (image, label)]
    header = np.array([[0, 1, 0, 0], [0, 0, -1, image.shape[1] - 1], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    turned = save("turned", *turn, header)
    first, second = affine_normalise([plain, turned], atlas, tmp_path / "cache", 3)
    for key in ("unaligned_image", "unaligned_label"):
        np.testing.assert_allclose(values_of(first[key]), values_of(second[key]), atol=1e-2)
    assert mean_dice(values_of(first["label"]), values_of(second["label"])) > 0.99
    assert mean_dice(values_of(atlas["label"]), values_of(second["label"])) > 0.9


def test_label_with_another_origin_takes_the_image_s(
    slices: tuple, tmp_path: Path, caplog: pytest.LogCaptureFixture, save: Save
) -> None:
    image, label = still(3)
    record, other = save("volume", image, label), np.diag([0.98, 1.0, 1.0, 1.0])
    nib.save(nib.Nifti1Image(label, other), record["label"])
    (result,) = affine_normalise([record], record, tmp_path / "cache", 3)
    np.testing.assert_array_equal(values_of(result["label"]), label)
    assert "does not match that of" in caplog.text


def bad_inputs() -> dict[str, tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """What is wrong: words of the message, image, label, header of the label."""
    image, label = still(3)
    holes, halves = image.copy(), label + 0.5
    holes[0, 0, 0] = np.nan
    return {
        "label size": ("must have its image's size", image, label[1:], UNIT),
        "label ids": ("whole numbers", image, halves, UNIT),
        "flat": ("3-D image", image[..., :1], label[..., :1], UNIT),
        "series": ("one time point of a series", np.stack([image, image], -1), label, UNIT),
        "nan": ("NaN or infinite", holes, label, UNIT),
        "constant": ("everywhere", np.ones_like(image), label, UNIT),
    }


@pytest.mark.parametrize("case", bad_inputs())
def test_bad_input_is_one_sentence_naming_the_file(case: str, save: Save, tmp_path: Path) -> None:
    words, image, label, label_header = bad_inputs()[case]
    atlas, record = save("atlas", *still(3)), save("bad", image, label)
    nib.save(nib.Nifti1Image(label, label_header), record["label"])
    with pytest.raises(InputError, match=words) as caught:
        affine_normalise([record], atlas, tmp_path / "cache", 3)
    assert_one_sentence(str(caught.value), record["label" if case.startswith("label") else "image"])


@pytest.mark.parametrize("content", [None, b"no image"])
def test_unreadable_file_is_one_sentence(content: bytes | None, save: Save, tmp_path: Path) -> None:
    atlas, path = save("atlas", *still(2)), tmp_path / "broken.nii.gz"
    if content:
        path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read") as caught:
        affine_normalise([{"subject": "broken", "image": str(path)}], atlas, tmp_path / "cache", 2)
    assert_one_sentence(str(caught.value), str(path))


def real_record(folder: Path, *names: str) -> dict[str, str]:
    """Record of an image and a label file below ``folder``; skipped where one is absent."""
    paths = [folder / name for name in names]
    for path in paths:
        if not path.is_file():
            pytest.skip(f"real data: {path} is absent")
    return {"subject": paths[0].parent.name, "image": str(paths[0]), "label": str(paths[1])}


def test_heads_of_different_size_overlap_more(real_data: Path, tmp_path: Path) -> None:
    files = [f"OASIS-TRT-20-{number}.nii.gz" for number in (1, 2, 3, 4)]
    records = [real_record(real_data, f"oasis_trt20/images/{f}", f"oasis_trt20/labels/{f}") for f in files]
    results = affine_normalise(records, records[0], tmp_path, 2)
    fixed = values_of(records[0]["label"])
    before = np.mean([mean_dice(fixed, values_of(result["unaligned_label"])) for result in results[1:]])
    after = np.mean([mean_dice(fixed, values_of(result["label"])) for result in results[1:]])
    assert after > before + 0.02


def test_aligned_slices_stay_aligned(real_data: Path, tmp_path: Path) -> None:
    folders = [f"neurite_oasis_2d/OASIS_OAS1_000{number}_MR1" for number in (1, 2)]
    records = [real_record(real_data, f"{f}/slice_norm.nii.gz", f"{f}/slice_seg24.nii.gz") for f in folders]
    (result,) = affine_normalise(records[1:], records[0], tmp_path, 2)
    fixed = values_of(records[0]["label"])
    assert values_of(result["label"]).shape == (160, 192, 1)
    assert mean_dice(fixed, values_of(result["label"])) > mean_dice(fixed, values_of(result["unaligned_label"])) - 0.02
