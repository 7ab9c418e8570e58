"""The embedded cohort: layout, likeness to the real one, determinism, and folders it refuses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine

from scripts.data.labels import read_label_table
from scripts.data.subjects import NEURITE_TABLES, find_subjects
from scripts.data.synthetic import write, write_cohort
from scripts.data.synthetic.labels import SIDE_LABELS, label_names, structure_ids
from scripts.errors import InputError
from scripts.transforms.read import ReadSubjectd
from support import mean_dice

SIZES = [(48, 56), (32, 32, 32)]
# Mean pixel counts in neurite-OASIS 2-D (80 subjects), of the left or the middle structure.
REAL_PIXELS = {1: 2497, 2: 2163, 3: 156, 4: 32, 5: 308, 6: 26, 7: 113, 8: 45, 9: 48, 10: 214, 11: 218, 12: 249, 13: 11}


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("synthetic") / "slices", 10, (160, 192))


@pytest.fixture(scope="module")
def arrays(slices: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and label maps ``(N, H, W)``."""
    records = find_subjects(slices, 2)
    images, labels = ([_values(Path(record[key]))[..., 0] for record in records] for key in ("image", "label"))
    return np.stack(images), np.stack(labels)


def _values(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def _files(folder: Path) -> dict[str, bytes]:
    """The voxels of every image below a folder."""
    return {str(path.relative_to(folder)): _values(path).tobytes() for path in sorted(folder.rglob("*.nii.gz"))}


# ------------------------------------------------------------------------------------------------ layout


@pytest.mark.parametrize("size", SIZES)
def test_is_read_as_neurite_oasis(tmp_path: Path, size: tuple[int, ...]) -> None:
    folder = write_cohort(tmp_path / "cohort", 2, size, 3)
    records = find_subjects(folder, len(size))
    assert [record["subject"] for record in records] == ["SYN_0001_MR1", "SYN_0002_MR1"]
    assert (folder / "subjects.txt").read_text(encoding="utf-8").split() == [record["subject"] for record in records]
    assert read_label_table(folder / NEURITE_TABLES[len(size)]) == label_names(len(size))
    subject = ReadSubjectd(["image", "label"], len(size))(records[1])
    assert subject["image"].shape == subject["label"].shape == (1, *size)
    assert json.loads((folder / "cohort.json").read_text(encoding="utf-8"))["spatial_size"] == list(size)


@pytest.mark.parametrize("size", SIZES)
def test_files_have_the_types_and_the_axes_of_the_real_ones(tmp_path: Path, size: tuple[int, ...]) -> None:
    record = find_subjects(write_cohort(tmp_path / "cohort", 1, size), len(size))[0]
    image, label = nib.load(record["image"]), nib.load(record["label"])
    height, width, length = (*size, 1)[:3]
    affine = np.array([[-1, 0, 0, height / 2], [0, 0, 1, -length / 2], [0, -1, 0, width / 2], [0, 0, 0, 1]])
    if len(size) == 3:  # voxels of 160 / 32, 160 / 32 and 200 / 32 mm; the section lies 4 mm before the middle
        affine = np.array([[-5, 0, 0, 77.5], [0, 0, 6.25, -100.875], [0, -5, 0, 81.5], [0, 0, 0, 1]])
    for nifti, kind in ((image, np.float32), (label, np.uint8)):
        assert nifti.shape == (height, width, length)
        assert nifti.get_data_dtype() == kind
        np.testing.assert_array_equal(nifti.affine, affine)
        np.testing.assert_allclose(nifti.get_qform(), affine, atol=1e-6)


# ------------------------------------------------------------------------------------------------ likeness


def test_intensities_are_those_of_a_skull_stripped_brain(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = arrays
    assert np.isfinite(images).all()
    assert images.min() == 0
    assert 0.6 < images.max() <= 0.9
    assert (images[:, :, -20:] == 0).all()
    assert 0.45 < (images > 0).mean() < 0.58  # 0.52 in the real ones
    assert (images[labels > 0] > 0).all()
    means = {k: images[labels == k].mean() for k in (1, 2, 3, 5, 8)}
    expected = {1: 0.376, 2: 0.239, 3: 0.092, 5: 0.312, 8: 0.382}
    assert means == pytest.approx(expected, abs=0.03)


def test_structures_have_their_real_sizes(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = arrays
    counts = {k: float((labels == k).sum((1, 2)).mean()) for k in label_names(2)}
    assert set(np.unique(labels)) == {0, *label_names(2)}
    expected = {k: REAL_PIXELS[k] for k in REAL_PIXELS} | {
        right: REAL_PIXELS[left] for left, right in SIDE_LABELS[2].values()
    }
    assert sorted(expected) == sorted(counts)
    for k, count in counts.items():
        factor = 1.25 if expected[k] > 1000 else 1.75
        assert expected[k] / factor < count < expected[k] * factor, (label_names(2)[k], count)


@pytest.mark.parametrize("size", [(160, 192), (32, 32, 32)])
def test_left_is_left_and_the_ventricles_lie_above_the_brain_stem(tmp_path: Path, size: tuple[int, ...]) -> None:
    label = nib.load(find_subjects(write_cohort(tmp_path / "cohort", 1, size), len(size))[0]["label"])

    def centre(k: int) -> np.ndarray:
        """Of mass, mm: right, anterior, superior."""
        index = np.argwhere(np.asarray(label.dataobj) == k).mean(0)
        return apply_affine(label.affine, index)

    dims = len(size)
    for name, (left, right) in SIDE_LABELS[dims].items():
        if name != "Inf-Lat-Ventricle":  # may be missing at 32 voxels
            assert centre(left)[0] < 0 < centre(right)[0], name
    down = [structure_ids(name, dims)[0] for name in ("Lateral-Ventricle", "Thalamus", "Ventral-DC", "Brain-Stem")]
    assert sorted(down, key=lambda k: -centre(k)[2]) == down


def test_unregistered_subjects_overlap_as_real_ones_do(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = arrays
    dice = [mean_dice(labels[i], labels[j]) for i, j in combinations(range(len(labels)), 2)]
    assert 0.49 < np.mean(dice) < 0.60
    assert max(dice) < 0.75


# ------------------------------------------------------------------------------------------------ determinism


@pytest.mark.parametrize("size", SIZES)
def test_a_subject_depends_on_seed_and_number_alone(tmp_path: Path, size: tuple[int, ...]) -> None:
    few, many = (_files(write_cohort(tmp_path / f"{count}", count, size, 5)) for count in (1, 3))
    assert few == {name: many[name] for name in few}
    assert len(set(many.values())) == len(many)  # all differ
    other = _files(write_cohort(tmp_path / "other", 1, size, 6))
    assert all(other[name] != few[name] for name in few)


# ------------------------------------------------------------------------------------------------ folders


def test_a_complete_cohort_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_cohort(tmp_path / "cohort", 1, (32, 32))
    monkeypatch.setattr(write, "make_subject", lambda *_: pytest.fail("generated again"))
    assert write_cohort(folder, 1, [32, 32], 0) == folder


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((1, (32,)), "size"), ((1, (32,) * 4), "size"), ((1, (32, 31)), "size"), ((1, (32.5, 40)), "size"),
     ((0, (32, 32)), "subjects"), ((1, (32, 32), -1), "seed")],
)  # fmt: skip
def test_impossible_arguments_are_refused(tmp_path: Path, arguments: tuple, word: str) -> None:
    with pytest.raises(InputError, match=word):
        write_cohort(tmp_path / "cohort", *arguments)
    assert not any(tmp_path.iterdir())


def test_another_cohort_is_refused_by_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_cohort(tmp_path / "cohort", 1, (32, 32))
    before = _files(folder)
    with pytest.raises(InputError, match="num_subjects"):
        write_cohort(folder, 2, (32, 32))
    with pytest.raises(InputError, match="spatial_size and seed"):
        write_cohort(folder, 1, (32, 40), 1)
    monkeypatch.setitem(write.GENERATOR_VERSION, 2, 0)
    with pytest.raises(InputError, match="generator_version"):
        write_cohort(folder, 1, (32, 32))
    assert _files(folder) == before


@pytest.mark.parametrize("content", ["{", "[]", "{}", "null"])
def test_a_strange_marker_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "cohort.json").write_text(content)
    with pytest.raises(InputError, match="remove it or name another folder"):
        write_cohort(tmp_path, 1, (32, 32))


def test_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(InputError, match="is no embedded cohort"):
            write_cohort(place, 1, (32, 32))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(InputError, match="cannot be written"):
        write_cohort(tmp_path / "thesis.txt" / "cohort", 1, (32, 32))


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert len(find_subjects(write_cohort(tmp_path, 1, (32, 32)), 2)) == 1


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = write.make_subject

    def interrupted(seed: int, index: int, size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        if index == 1:
            raise KeyboardInterrupt
        return make(seed, index, size)

    monkeypatch.setattr(write, "make_subject", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_cohort(tmp_path / "cohort", 2, (32, 32))
    assert not any(tmp_path.iterdir())


def test_two_at_once_get_one_whole_cohort(tmp_path: Path) -> None:
    folder = tmp_path / "cohort"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: write_cohort(folder, 3, (32, 32)), range(4)))
    assert found == [folder] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]
    assert _files(folder) == _files(write_cohort(tmp_path / "alone", 3, (32, 32)))


def test_the_slower_of_two_different_cohorts_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = write.make_subject

    def overtaken(*arguments: Any) -> tuple[np.ndarray, np.ndarray]:
        monkeypatch.setattr(write, "make_subject", make)
        write_cohort(tmp_path / "cohort", 1, (32, 32), 9)
        return make(*arguments)

    monkeypatch.setattr(write, "make_subject", overtaken)
    with pytest.raises(InputError, match="of another seed"):
        write_cohort(tmp_path / "cohort", 1, (32, 32))
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]


# ------------------------------------------------------------------------------------------------ the real ones


@pytest.fixture
def real(real_data: Path) -> Path:
    folder = real_data / "neurite_oasis_2d"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


def test_table_and_header_are_those_of_neurite_oasis(real: Path, slices: Path) -> None:
    theirs, ours = (folder / "seg24_labels.txt" for folder in (real, slices))
    assert [line.split() for line in theirs.read_text(encoding="utf-8").splitlines()] == [
        line.split() for line in ours.read_text(encoding="utf-8").splitlines()
    ]
    for key in ("image", "label"):
        a, b = (nib.load(find_subjects(folder, 2)[0][key]) for folder in (real, slices))
        np.testing.assert_array_equal(a.affine, b.affine)
        assert (a.shape, a.get_data_dtype(), a.header.get_xyzt_units()) == (
            b.shape,
            b.get_data_dtype(),
            b.header.get_xyzt_units(),
        )


def test_the_mean_real_brain_and_the_mean_synthetic_brain_coincide(
    real: Path, arrays: tuple[np.ndarray, np.ndarray]
) -> None:
    images = np.stack([_values(Path(record["image"]))[..., 0] for record in find_subjects(real, 2)[:20]])
    theirs, ours = images.mean(0).ravel(), arrays[0].mean(0).ravel()
    assert np.corrcoef(theirs, ours)[0, 1] > 0.9
