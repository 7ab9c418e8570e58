"""The embedded cohort of hearts on disk: layout, agreement of image, labels and motion, determinism, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from scripts.data.hearts import write, write_hearts
from scripts.data.hearts.subject import make_subject
from scripts.data.labels import find_label_table
from scripts.errors import InputError
from scripts.spatial import jacobian_determinant
from support import both_dims

SIZES = {2: (40, 36), 3: (32, 34, 32)}
IDS = (1, 2, 3)  # right ventricle, myocardium, left ventricle
FINE, FRAMES = (176, 176), 4  # fine enough for what a border cuts off its voxels not to matter


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hearts(tmp_path_factory.mktemp("hearts") / "stacks", 2, FINE, FRAMES)


def _values(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: _values(path).tobytes() for path in sorted(folder.glob("*.nii.gz"))}


def _labels(folder: Path, name: str = "heart000") -> np.ndarray:
    """``(X, Y, Z, T)``."""
    return np.stack([_values(path) for path in sorted(folder.glob(f"{name}_frame*_gt.nii.gz"))], -1)


def _steps(folder: Path, name: str = "heart000") -> np.ndarray:
    """The true displacement in voxels, ``(T, 3, X, Y, Z)``, by what the file and its header say."""
    nifti = nib.load(folder / f"{name}_motion.nii.gz")
    ras = np.asarray(nifti.dataobj) * (-1, -1, 1)
    return np.moveaxis(ras @ np.linalg.inv(nifti.affine[:3, :3]).T, (-2, -1), (0, 1))


def _pull_back(values: np.ndarray, step: np.ndarray) -> np.ndarray:
    """What a frame ``(X, Y, Z)`` holds where the voxels of the first frame have gone."""
    place = np.indices(values.shape) + step
    result: np.ndarray = map_coordinates(values.astype(float), place, order=1, mode="nearest")
    return result


def _dice(first: np.ndarray, second: np.ndarray) -> float:
    return float(2 * (first & second).sum() / (first.sum() + second.sum()))


# ------------------------------------------------------------------------------------------------ layout


@both_dims
def test_files_are_those_of_acdc_with_labels_in_every_frame(tmp_path: Path, dims: int) -> None:
    folder = write_hearts(tmp_path / "hearts", 2, SIZES[dims], 3, 5)
    names = {
        f"heart00{i}_{part}.nii.gz" for i in (0, 1) for part in ("4d", "motion", *(f"frame0{k}_gt" for k in (1, 2, 3)))
    }
    assert {path.name for path in folder.iterdir()} == names | {
        "cohort.json",
        f"seg{ {2: 24, 3: 35}[dims] }_labels.txt",
    }
    size = (*SIZES[dims], 3)[:3]
    image, motion, label = (nib.load(folder / f"heart001_{part}.nii.gz") for part in ("4d", "motion", "frame03_gt"))
    assert [each.shape for each in (image, motion, label)] == [(*size, 3), (*size, 3, 3), size]
    assert [each.get_data_dtype() for each in (image, motion, label)] == [np.int16, np.float32, np.uint8]
    spacing = (144 / size[0], 144 / size[1], 10 if dims == 2 else 120 / size[2])
    for nifti in (image, motion, label):
        np.testing.assert_allclose(nifti.affine, np.diag([*spacing, 1]), rtol=1e-6)
        np.testing.assert_allclose(nifti.get_qform(), nifti.affine, atol=1e-4)
        assert nifti.header.get_xyzt_units() == ("mm", "sec")
    assert motion.header.get_intent()[0] == "vector"
    assert 0.75 / 3 < image.header["pixdim"][4] < 1.1 / 3  # seconds
    assert set(np.unique(label.dataobj)) == {0, *IDS}
    assert find_label_table(folder, dims) == {1: "Right-Ventricle", 2: "Myocardium", 3: "Left-Ventricle"}
    told = json.loads((folder / "cohort.json").read_text(encoding="utf-8"))
    assert (told["spatial_size"], told["num_frames"], told["seed"]) == (list(SIZES[dims]), 3, 5)


# ------------------------------------------------------------------------------------------------ agreement


def test_nothing_moves_in_the_first_frame_and_nothing_through_a_stack(stacks: Path) -> None:
    motion = _values(stacks / "heart000_motion.nii.gz")
    assert (motion[..., 0, :] == 0).all()
    assert (motion[..., 2] == 0).all()
    assert np.abs(motion[..., 1:, :2]).max() > 4


def test_labels_pulled_back_through_the_motion_are_those_of_the_first_frame(stacks: Path) -> None:
    for name in ("heart000", "heart001"):
        labels, steps = _labels(stacks, name), _steps(stacks, name)
        unmoved = []
        for frame in range(1, FRAMES):
            for label in IDS:
                first, here = labels[..., 0] == label, labels[..., frame] == label
                assert _dice(first, _pull_back(here, steps[frame]) > 0.5) > 0.97, (name, frame, label)
                unmoved.append(_dice(first, here))
        assert min(unmoved) < 0.8  # or the motion would not matter


def test_labels_of_a_volume_pulled_back_are_those_of_the_first_frame(tmp_path: Path) -> None:
    folder = write_hearts(tmp_path / "volume", 1, (56, 56, 48), 2)
    labels, steps = _labels(folder), _steps(folder)
    assert np.abs(steps[:, 2]).max() > 2  # the base descends
    for label in IDS:
        first, here = labels[..., 0] == label, labels[..., 1] == label
        assert _dice(first, _pull_back(here, steps[1]) > 0.5) > 0.93  # of voxels of 2.6 mm
        assert _dice(first, here) < 0.8


def test_images_pulled_back_show_the_first_frame(stacks: Path) -> None:
    image, steps = _values(stacks / "heart000_4d.nii.gz").astype(float), _steps(stacks)
    near = _labels(stacks)[..., 0] > 0
    for frame in (1, 2, 3):
        first, here = image[..., 0][near], image[..., frame][near]
        back = _pull_back(image[..., frame], steps[frame])[near]
        assert np.corrcoef(first, back)[0, 1] > 0.9 > np.corrcoef(first, here)[0, 1] + 0.05


def test_the_volume_curve_is_that_of_the_jacobian(stacks: Path) -> None:
    labels, steps = _labels(stacks), _steps(stacks)
    for frame in range(FRAMES):
        plane = torch.from_numpy(np.moveaxis(steps[frame, :2], -1, 0).copy()).float()  # (Z, 2, X, Y)
        growth = np.moveaxis(jacobian_determinant(plane)[:, 0].numpy(), 0, -1)
        for label in IDS:
            here = labels[..., 0] == label
            expected = np.median(growth[here]) * here.sum()  # a tissue grows evenly; differences blur its border
            assert (labels[..., frame] == label).sum() == pytest.approx(expected, rel=0.02)


@both_dims
def test_ejection_and_wall_volume_are_the_hearts_own(dims: int) -> None:
    size = {2: (96, 96), 3: (48, 48, 40)}[dims]
    for index in range(2):
        subject = make_subject(3, index, size, 2)
        traits = subject.motion.traits
        volume = {label: (subject.labels == label).sum((0, 1, 2)) for label in IDS}
        assert subject.motion.systole == 0.5
        assert 1 - volume[3][1] / volume[3][0] == pytest.approx(traits.ejection, abs=0.02)
        assert 1 - volume[1][1] / volume[1][0] == pytest.approx(traits.right_ejection, abs=0.02)
        shortening = traits.shortening if dims == 2 else 0
        assert volume[2][1] * (1 - shortening) == pytest.approx(volume[2][0], rel=0.03)


def test_blood_is_bright_the_wall_dark_and_lung_darker(stacks: Path) -> None:
    image, labels = _values(stacks / "heart001_4d.nii.gz"), _labels(stacks, "heart001")
    for frame in range(FRAMES):
        right, wall, left = (float(np.median(image[..., frame][labels[..., frame] == label])) for label in IDS)
        assert 0 < np.quantile(image[..., frame], 0.1) < wall < 0.7 * min(left, right)
    outside = labels.max(-1) == 0
    assert image[outside].max() > np.median(image[labels == 3])  # fat and vessels: not the heart alone is bright


# ------------------------------------------------------------------------------------------------ determinism


@both_dims
def test_a_heart_depends_on_seed_and_number_alone(tmp_path: Path, dims: int) -> None:
    few, many = (_files(write_hearts(tmp_path / f"{count}", count, SIZES[dims], 2, 5)) for count in (1, 2))
    assert few == {name: many[name] for name in few}
    other = _files(write_hearts(tmp_path / "other", 1, SIZES[dims], 2, 6))
    for name, content in few.items():
        assert content not in (other[name], many[name.replace("heart000", "heart001")])


def test_breathing_is_an_option(tmp_path: Path) -> None:
    still, strong = (make_subject(0, 0, SIZES[2], 3, breathing) for breathing in (0.0, 3.0))
    assert (still.labels[..., 0] == strong.labels[..., 0]).all()
    assert 0.1 < np.abs(still.displacement - strong.displacement).max() <= 3


# ------------------------------------------------------------------------------------------------ folders


def test_a_complete_cohort_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_hearts(tmp_path / "hearts", 1, SIZES[2], 2)
    monkeypatch.setattr(write, "make_subject", lambda *_: pytest.fail("generated again"))
    assert write_hearts(folder, 1, list(SIZES[2]), 2, 0) == folder
    with pytest.raises(InputError, match="of another num_frames and breathing_mm"):
        write_hearts(folder, 1, SIZES[2], 3, breathing=1)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((1, (32,), 4), "size"), ((1, (32, 31), 4), "size"), ((0, (32, 32), 4), "0 subjects"),
     ((1, (32, 32), 1), "1 frames.*from 2 on"), ((1, (32, 32), 2, -1), "the seed -1"),
     ((1, (32, 32), 2, 0, -1.0), "breathe"), ((1, (32, 32), 2, 0, float("nan")), "breathe")],
)  # fmt: skip
def test_impossible_arguments_are_refused(tmp_path: Path, arguments: tuple, word: str) -> None:
    with pytest.raises(InputError, match=word):
        write_hearts(tmp_path / "hearts", *arguments)
    assert not any(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------------ the real ones


def test_contrast_and_size_are_those_of_real_hearts(real_data: Path) -> None:
    real = real_data / "acdc_cine"
    if not real.is_dir():
        pytest.skip(f"{real} is not there")
    theirs = []
    for path in sorted(real.glob("*_4d.nii.gz"))[::5]:
        label = _values(path.with_name(path.name.replace("_4d", "_frame01_gt")))
        theirs.append(_contrast(_values(path)[..., 0], label))
    ours = []
    for index in range(6):
        subject = make_subject(0, index, (96, 96), 2)
        ours.append(_contrast(subject.images[..., 0], subject.labels[..., 0]))
    for real_value, own in zip(np.mean(theirs, 0), np.mean(ours, 0), strict=True):
        assert own == pytest.approx(real_value, rel=0.3)


def _contrast(image: np.ndarray, label: np.ndarray) -> list[float]:
    """The wall's and the right cavity's brightness relative to the left cavity's, and how uneven the latter is."""
    right, wall, left = (image[label == k] for k in IDS)
    return [wall.mean() / left.mean(), right.mean() / left.mean(), left.std() / left.mean()]
