"""Sequences registered end to end: a small beating heart of which the motion is known, and what is no sequence."""

from __future__ import annotations

import json
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from scripts.data.hearts import write_hearts
from scripts.errors import InputError
from scripts.registration import ConfiguredMethods, register_sequence_files
from scripts.registration.sequence_result import SequenceResult

FRAMES = 6
REFINED = {"refinement_steps": 5}


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


@pytest.fixture(scope="module")
def heart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one heart: its sequence, its motion, the labels of its frames and all of them in one file."""
    folder = write_hearts(tmp_path_factory.mktemp("hearts") / "cohort", 1, (48, 48), FRAMES)
    drawn = [nib.load(folder / f"heart000_frame{t:02}_gt.nii.gz") for t in range(1, FRAMES + 1)]
    series = np.stack([np.asarray(label.dataobj) for label in drawn], axis=-1)
    nib.save(nib.Nifti1Image(series, drawn[0].affine), folder / "all_gt.nii.gz")
    return folder


@pytest.fixture(scope="module")
def registered(heart: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[SequenceResult, Path]:
    """What the shipped network makes of it, and the folder with its files."""
    out = tmp_path_factory.mktemp("registered") / "out"
    sequence, label = str(heart / "heart000_4d.nii.gz"), str(heart / "all_gt.nii.gz")
    methods = ConfiguredMethods("sequence")
    return register_sequence_files(methods, sequence, str(out), label=label, transforms=True, device="cpu"), out


def of(out: Path, ending: str) -> Path:
    (found,) = out.glob(f"*{ending}")
    return found


def test_labels_among_the_frames_are_refused(heart: Path, tmp_path: Path) -> None:
    series = nib.load(heart / "heart000_4d.nii.gz")
    for index in range(2):
        nib.save(series.slicer[..., index], tmp_path / f"frame{index}.nii.gz")
    label = tmp_path / "label.nii.gz"
    label.write_bytes((heart / "heart000_frame01_gt.nii.gz").read_bytes())
    methods = ConfiguredMethods("sequence", use_network=False, refinement_steps=0)
    with pytest.raises(InputError, match="lies among the frames of"):
        register_sequence_files(methods, str(tmp_path), str(tmp_path / "out"), label=str(label), device="cpu")
    assert not (tmp_path / "out").exists()


def test_aligned_frames_are_closer_to_the_reference(heart: Path, registered: tuple[SequenceResult, Path]) -> None:
    stored, aligned = voxels(heart / "heart000_4d.nii.gz"), voxels(of(registered[1], "_aligned.nii.gz"))
    assert aligned.shape == stored.shape
    np.testing.assert_allclose(aligned[..., 0], stored[..., 0], atol=1e-3)
    before, after = (np.abs(each - stored[..., :1]).mean((0, 1, 2))[1:] for each in (stored, aligned))
    assert (after < before).all()


def test_motion_is_near_the_true_one(heart: Path, registered: tuple[SequenceResult, Path]) -> None:
    found, true = voxels(of(registered[1], "_motion.nii.gz")), voxels(heart / "heart000_motion.nii.gz")
    assert found.shape == true.shape
    assert not found[..., 0, :].any()
    inside = voxels(heart / "heart000_frame01_gt.nii.gz") > 0
    error, motion = (np.linalg.norm(each, axis=-1)[inside].mean() for each in (found - true, true))
    assert error < 0.6 * motion


def test_itk_reads_motion_and_transforms_alike(registered: tuple[SequenceResult, Path]) -> None:
    out = registered[1]
    (transform,) = itk.transformread(str(of(out, "_frame003_transform.h5")))
    affine = nib.load(of(out, "_motion.nii.gz")).affine
    motion = voxels(of(out, "_motion.nii.gz"))
    for index in ((20, 24, 0), (30, 20, 1), (24, 28, 2)):
        point = (affine @ [*index, 1])[:3] * (-1, -1, 1)
        moved = np.array(transform.TransformPoint([float(x) for x in point]))
        np.testing.assert_allclose(moved - point, motion[(*index, 3)], atol=1e-3)


def test_labels_volumes_and_report(registered: tuple[SequenceResult, Path]) -> None:
    result, out = registered
    report = json.loads(of(out, "_report.json").read_text(encoding="utf-8"))
    dice = report["dice"]
    assert set(dice) == {str(t) for t in range(1, FRAMES)}
    before, after = (
        np.mean([v for frame in dice.values() for v in frame[stage].values()])
        for stage in ("unregistered", "registered")
    )
    assert after > before + 0.02
    assert report["frames"] == FRAMES and report["reference"] == 0 and report["registered"] == "slice by slice"
    volume = result.volumes[3]
    true = [(label == 3).sum() for _, label in sorted(result.labels.items())]
    assert volume.argmin() == np.argmin(true)
    true_fraction = 1 - min(true) / max(true)
    assert abs(report["ejection_fraction"]["left ventricle"] - true_fraction) < 0.5 * true_fraction
    with Image.open(of(out, "_movie.gif")) as movie:
        assert movie.n_frames == FRAMES


def quickly(sequence: Path, out: Path, **options: object) -> SequenceResult:
    """By refinement alone."""
    methods = ConfiguredMethods("sequence", False, **REFINED)
    return register_sequence_files(methods, str(sequence), str(out), device="cpu", **options)  # type: ignore[arg-type]


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared here is in memory; pictures take longer than the registration."""
    monkeypatch.setattr("scripts.registration.sequence_files.save_sequence_result", lambda *args: None)


@pytest.mark.usefixtures("no_files")
def test_a_folder_of_frames_is_the_same_sequence(heart: Path, tmp_path: Path) -> None:
    stored = nib.load(heart / "heart000_4d.nii.gz")
    frames = tmp_path / "frames"
    frames.mkdir()
    for t in range(FRAMES):
        nib.save(nib.Nifti1Image(np.asarray(stored.dataobj)[..., t], stored.affine), frames / f"frame{t}.nii.gz")
    one, other = (quickly(path, tmp_path / "out") for path in (heart / "heart000_4d.nii.gz", frames))
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-4)
    assert np.abs(one.vectors).max() > 0.1


@pytest.mark.usefixtures("no_files")
def test_a_frame_beyond_the_end(heart: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--reference is 6, but .* has 6 frames; choose one from 0 to 5"):
        quickly(heart / "heart000_4d.nii.gz", tmp_path / "out", reference=FRAMES)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_files")
def test_a_volume_is_no_sequence(heart: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="heart000_frame01_gt"):
        quickly(heart / "heart000_frame01_gt.nii.gz", tmp_path / "out")


@pytest.mark.usefixtures("no_files")
def test_labels_without_the_reference(heart: Path, tmp_path: Path) -> None:
    stored = nib.load(heart / "all_gt.nii.gz")
    values = np.asarray(stored.dataobj).copy()
    values[..., 0] = 0
    nib.save(nib.Nifti1Image(values, stored.affine), tmp_path / "some.nii.gz")
    with pytest.raises(InputError, match="labels no voxel of the reference, frame 0; labelled are: 1, 2, 3, 4, 5"):
        quickly(heart / "heart000_4d.nii.gz", tmp_path / "out", label=str(tmp_path / "some.nii.gz"))


def test_nothing_is_left_of_what_failed(heart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("scripts.registration.sequence_writers._write_movie", full)
    with pytest.raises((OSError, InputError), match="no space left"):
        quickly(heart / "heart000_4d.nii.gz", tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_files")
def test_labels_of_another_grid(heart: Path, tmp_path: Path) -> None:
    stored = nib.load(heart / "heart000_frame01_gt.nii.gz")
    nib.save(nib.Nifti1Image(np.asarray(stored.dataobj)[:40], stored.affine), tmp_path / "small.nii.gz")
    with pytest.raises(InputError, match="measures 40 x 48 x 3 but its image 48 x 48 x 3"):
        quickly(heart / "heart000_4d.nii.gz", tmp_path / "out", label=str(tmp_path / "small.nii.gz"))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_files")
def test_single_slices_are_no_volumes(heart: Path, tmp_path: Path) -> None:
    stored = nib.load(heart / "heart000_4d.nii.gz")
    nib.save(nib.Nifti1Image(np.asarray(stored.dataobj)[:, :, :1], stored.affine), tmp_path / "slice.nii.gz")
    with pytest.raises(InputError, match="holds single slices; take a method whose spatial_dims is 2"):
        quickly(tmp_path / "slice.nii.gz", tmp_path / "out", spatial_dims=3)


@pytest.mark.usefixtures("no_files")
def test_volumes_over_time(tmp_path: Path) -> None:
    folder = write_hearts(tmp_path / "volumes", 1, (32, 32, 32), 3)
    result = quickly(folder / "heart000_4d.nii.gz", tmp_path / "out", spatial_dims=3)
    report = result.report
    assert report["registered"] == "as volumes" and result.vectors.shape == (3, 3, 32, 32, 32)
    before, after = (np.mean(report["correlation_with_reference"][s]) for s in ("unregistered", "registered"))
    assert after > before


@pytest.mark.usefixtures("no_files")
def test_parts_are_nearly_the_whole(heart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = quickly(heart / "heart000_4d.nii.gz", tmp_path / "out", periodic=False).vectors
    monkeypatch.setattr("scripts.registration.sequence.MOST_VOXELS", 4 * 48 * 48)
    parts = quickly(heart / "heart000_4d.nii.gz", tmp_path / "out", periodic=False).vectors
    assert np.linalg.norm(parts - whole, axis=1).mean() < 0.2 * np.linalg.norm(whole, axis=1).mean()


@pytest.mark.usefixtures("no_files")
def test_pairs_method_on_a_sequence(heart: Path, tmp_path: Path) -> None:
    """A method of pairs works frame by frame."""
    methods = ConfiguredMethods("brain_2d", **REFINED)
    result = register_sequence_files(methods, str(heart / "heart000_4d.nii.gz"), str(tmp_path / "out"), device="cpu")
    likeness = result.report["correlation_with_reference"]
    assert np.mean(likeness["registered"]) > np.mean(likeness["unregistered"])
