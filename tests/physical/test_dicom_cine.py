"""A cine as a scanner stores it, file by file: put in order, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import pytest

from scripts.errors import InputError
from scripts.physical import read_sequence
from support import assert_one_sentence

COUNT, LEVELS = 11, 3
UID = "1.2.826.0.1.3680043.2.1125.7"
TRIGGER, CLOCK, INSTANCE, SERIES, TYPE = "0018|1060", "0008|0032", "0020|0013", "0020|000e", "0008|0008"
POSITION = "0020|0032"
# RAS, right-handed as a stack of DICOM slices is: to the scanner, slices go back to front and lean a little.
LEAN = np.deg2rad(10)
MATRIX = np.array(
    [[0, -np.sin(LEAN), -np.cos(LEAN)], [-1, 0, 0], [0, np.cos(LEAN), -np.sin(LEAN)]],
)
SPACING, ORIGIN = np.array([1.5, 1.25, 8]), np.array([5.0, 3, -7])
AFFINE = np.block([[MATRIX * SPACING, ORIGIN[:, None]], [np.zeros(3), 1]])

Tags = Callable[[int, int], dict[str, str]]


def frames(levels: int = LEVELS, count: int = COUNT) -> np.ndarray:
    """Whole numbers, no two slices alike, ``(X, Y, Z, T)``."""
    return np.random.default_rng(0).integers(0, 1000, (12, 14, levels, count)).astype(np.int16)


def triggered(level: int, time: int) -> dict[str, str]:
    """Times since the R wave, and numbers that run the other way."""
    return {TRIGGER: f"{17 + 40.5 * time}", INSTANCE: str(1000 - 20 * level - time), CLOCK: "101112.25"}


def clocked(level: int, time: int) -> dict[str, str]:
    """Times of the clock alone, one slice minutes after the other; the hour ends during the first."""
    minutes, seconds = divmod(9 * 3600 - 2 + 0.5 * time + 120 * level, 60)
    return {TRIGGER: "0", CLOCK: f"{int(minutes) // 60:02d}{int(minutes) % 60:02d}{seconds:05.2f}"}


def numbered(level: int, time: int) -> dict[str, str]:
    """Numbers of images alone."""
    return {INSTANCE: str(level * 100 + time), CLOCK: "101112"}


def save_cine(folder: Path, values: np.ndarray, tags: Tags = triggered) -> str:
    """A DICOM file for every slice at every time, in no order of names."""
    folder.mkdir()
    names = np.random.default_rng(1).permutation(values.shape[2] * values.shape[3]).reshape(values.shape[2:])
    for level, time in np.ndindex(*names.shape):
        save_slice(folder / f"IM{names[level, time]}", values[:, :, level, time], level, tags(level, time))
    return str(folder)


def save_slice(path: Path, values: np.ndarray, level: int, tags: dict[str, str]) -> None:
    """One slice of the stack, with tags beside its place."""
    plane = itk.image_from_array(np.ascontiguousarray(values.T[None]))
    lps = np.diag([-1, -1, 1])
    origin = lps @ (ORIGIN + level * SPACING[2] * MATRIX[:, 2])
    plane.SetSpacing(SPACING.tolist())
    plane.SetDirection(itk.matrix_from_array(lps @ MATRIX))
    plane.SetOrigin(origin.tolist())
    entries = plane.GetMetaDataDictionary()
    common = {"0008|0060": "MR", TYPE: "ORIGINAL\\PRIMARY\\M", "0020|000d": UID, SERIES: f"{UID}.1"}
    common |= {"0018|0088": str(SPACING[2]), POSITION: "\\".join(f"{x:.6f}" for x in origin)}
    for tag, value in (common | tags).items():
        entries[tag] = value
    io = itk.GDCMImageIO.New()
    io.KeepOriginalUIDOn()
    writer = itk.ImageFileWriter[itk.Image[itk.SS, 3]].New(Input=plane, FileName=str(path))
    writer.SetImageIO(io)
    writer.Update()


@pytest.mark.parametrize("levels", [1, LEVELS])
@pytest.mark.parametrize(("tags", "step"), [(triggered, 0.0405), (clocked, 0.5), (numbered, 0)])
def test_agrees_with_nifti(tmp_path: Path, levels: int, tags: Tags, step: float) -> None:
    """The voxels, the place and, where it is told, the time are those of the same cine as one NIfTI file."""
    image = nib.Nifti1Image(frames(levels), AFFINE)
    image.header.set_xyzt_units("mm", "sec" if step else "unknown")
    image.header["pixdim"][4] = step or 1
    nib.save(image, tmp_path / "cine.nii.gz")
    expected = read_sequence(str(tmp_path / "cine.nii.gz"))
    found = read_sequence(save_cine(tmp_path / "cine", frames(levels), tags))
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.geometry.same_as(expected.geometry)
    np.testing.assert_allclose(found.geometry.matrix, expected.geometry.matrix, atol=1e-5)
    np.testing.assert_allclose(found.times, expected.times, rtol=1e-5)
    assert found.unit == expected.unit
    assert ("no time" in found.note) == (not step)


def test_slices_of_several_series(tmp_path: Path) -> None:
    """Scanners store every slice as a series of its own; the medium's list of files is passed over."""

    def tags(level: int, time: int) -> dict[str, str]:
        return {**triggered(level, time), SERIES: f"{UID}.{level}"}

    folder = save_cine(tmp_path / "cine", frames(), tags)
    (Path(folder) / "DICOMDIR").touch()
    np.testing.assert_array_equal(read_sequence(folder).values, frames())


def test_times_that_differ_between_slices(tmp_path: Path) -> None:
    """Every slice has its own heart beats: the mean time of a frame is taken, and that is said."""

    def tags(level: int, time: int) -> dict[str, str]:
        return {TRIGGER: str(10 * level + (40 + 10 * level) * time)}

    found = read_sequence(save_cine(tmp_path / "cine", frames(), tags))
    np.testing.assert_allclose(found.times, 0.05 * np.arange(COUNT))
    assert "differ by up to 0.2 s" in found.note


# Bad input: the cine that is spoilt, how, and what the sentence says.
def with_tags(change: Tags) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        return save_cine(
            folder / "cine", frames(2, 3), lambda level, time: triggered(level, time) | change(level, time)
        )

    return write


def with_file(spoil: Callable[[Path], object]) -> Callable[[Path], str]:
    """A cine in whose folder something is changed."""

    def write(folder: Path) -> str:
        path = save_cine(folder / "cine", frames(2, 3))
        spoil(Path(path))
        return path

    return write


def truncate(folder: Path) -> None:
    file = folder / "IM2"
    file.write_bytes(file.read_bytes()[:-200])


def moved(millimetres: np.ndarray) -> Tags:
    """The second slice elsewhere."""
    origin = np.diag([-1, -1, 1]) @ (ORIGIN + SPACING[2] * MATRIX[:, 2]) + millimetres
    return lambda level, time: {POSITION: "\\".join(f"{x:.6f}" for x in origin)} if level else {}


def three_levels(folder: Path) -> str:
    """Three slices, the third one 2 mm too high."""
    path = save_cine(folder / "cine", frames(2, 3))
    for time in range(3):
        origin = np.diag([-1, -1, 1]) @ (ORIGIN + (2 * SPACING[2] + 2) * MATRIX[:, 2])
        place = {POSITION: "\\".join(f"{x:.6f}" for x in origin)}
        save_slice(folder / "cine" / f"top{time}", frames()[:, :, 2, time], 2, triggered(2, time) | place)
    return path


BAD: dict[str, tuple[Callable[[Path], str], str]] = {
    "one frame": (lambda folder: save_cine(folder / "cine", frames(3, 1)), "holds one frame"),
    "a missing file": (with_file(lambda folder: (folder / "IM2").unlink()), "every slice needs the same number"),
    "another size": (
        with_file(lambda folder: save_slice(folder / "IM2", frames()[:8, :, 0, 0], 0, triggered(0, 0))), "another size",
    ),
    "two series of a slice": (with_tags(lambda level, time: {SERIES: f"{UID}.{time}"}), "several series or kinds"),
    "magnitude and phase": (
        with_tags(lambda level, time: {TYPE: f"ORIGINAL\\PRIMARY\\{'MP'[time % 2]}"}), "several series or kinds",
    ),
    "nothing tells": (
        with_tags(lambda level, time: {TRIGGER: "0", INSTANCE: "1"}), "neither time nor number tells apart",
    ),
    "a sheared stack": (with_tags(moved(np.array([0, 3.0, 0]))), "no even stack of slices"),
    "an uneven stack": (three_levels, "no even stack of slices"),
    "a truncated file": (with_file(truncate), "IM2 cannot be read"),
    "text beside slices": (with_file(lambda folder: (folder / "notes.txt").touch()), r"holds notes\.txt, no frame"),
    "a list alone": (with_file(lambda folder: [
        (file.unlink(), (folder / "DICOMDIR").touch()) for file in list(folder.iterdir())
    ]), "holds DICOMDIR, no frame"),
    "a constant frame": (
        lambda folder: save_cine(folder / "cine", frames(2, 3) * np.int16([1, 0, 1])), r"\(frame 1, .* is constant",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_cines(tmp_path: Path, name: str) -> None:
    spoil, reason = BAD[name]
    path = spoil(tmp_path)
    with pytest.raises(InputError, match=reason) as caught:
        read_sequence(path)
    assert str(caught.value).startswith(path)
    assert_one_sentence(str(caught.value))


@pytest.mark.parametrize("inside", [False, True])
def test_files_of_several_frames(tmp_path: Path, inside: bool) -> None:
    """A multi-frame file, named itself or in a folder, tells ITK neither places nor times of its frames."""
    (tmp_path / "cine").mkdir()
    path = tmp_path / "cine" / "enhanced.dcm"
    image = itk.image_from_array(frames()[:, :, 0].T.astype(np.uint8))
    writer = itk.ImageFileWriter[itk.Image[itk.UC, 3]].New(Input=image, FileName=str(path))
    writer.SetImageIO(itk.GDCMImageIO.New())
    writer.Update()
    with pytest.raises(InputError, match="several frames") as caught:
        read_sequence(str(path.parent if inside else path))
    assert_one_sentence(str(caught.value), str(path))
