"""Images at several times: read from every format, written for ITK, refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import itk
import nibabel as nib
import numpy as np
import pytest

from scripts.errors import InputError
from scripts.physical import (
    ImageSequence,
    check_frame,
    read_label_frame,
    read_label_series,
    read_sequence,
    write_field_series,
    write_sequence,
)  # fmt: skip
from support import assert_one_sentence

SIZE, COUNT, STEP = (12, 14, 3), 11, 0.04  # more than ten frames: natural order differs from that of letters
AFFINE = np.array([[0.0, 0, 5, 5], [-1.5, 0, 0, 3], [0, 1.25, 0, -7], [0, 0, 0, 1]])


def frames(*size: int) -> np.ndarray:
    """Whole numbers, no two frames alike."""
    return np.random.default_rng(0).integers(0, 1000, size or (*SIZE, COUNT)).astype(np.int16)


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE, unit: str = "msec", step: float = 40) -> str:
    """A NIfTI file of these very voxels."""
    image = nib.Nifti1Image(values, affine, dtype=values.dtype)
    image.set_qform(affine, 1)
    image.header.set_xyzt_units("mm", unit)
    if values.ndim > 3:
        image.header["pixdim"][4] = step
    nib.save(image, path)
    return str(path)


def save_frames(folder: Path, values: np.ndarray, suffix: str = ".nii.gz", affine: np.ndarray = AFFINE) -> str:
    """A folder with a file a frame, numbered without leading zeros."""
    folder.mkdir()
    for index in range(values.shape[-1]):
        path = save(folder / "written.nii.gz", values[..., index], affine)
        if suffix != ".nii.gz":
            itk.imwrite(itk.imread(path), str(folder / f"frame{index + 1}{suffix}"))
        else:
            Path(path).rename(folder / f"frame{index + 1}{suffix}")
        Path(path).unlink(missing_ok=True)
    return str(folder)


@pytest.fixture
def cine(tmp_path: Path) -> ImageSequence:
    return read_sequence(save(tmp_path / "cine.nii.gz", frames()))


def test_nifti_file(cine: ImageSequence) -> None:
    np.testing.assert_array_equal(cine.values, frames())
    assert cine.values.dtype == np.float32
    assert cine.geometry.size == SIZE
    np.testing.assert_allclose(cine.geometry.affine_ras, AFFINE)
    np.testing.assert_allclose(cine.times, np.arange(COUNT) * STEP, rtol=1e-6)
    assert (cine.unit, cine.note) == ("s", "")


def test_frame_is_the_image_of_its_time(cine: ImageSequence) -> None:
    image = cine.frame(3)
    np.testing.assert_array_equal(image.values, frames()[..., 3])
    np.testing.assert_allclose(image.affine_ras, AFFINE)
    assert image.geometry.same_as(cine.geometry)


@pytest.mark.parametrize(
    ("unit", "step", "seconds"), [("sec", 0.5, 0.5), ("msec", 25, 0.025), ("usec", 3e4, 0.03), ("unknown", 1, 0),
                                  ("unknown", 30, 0), ("hz", 3, 0), ("sec", 0, 0)],
)  # fmt: skip
def test_units_of_time(tmp_path: Path, unit: str, step: float, seconds: float) -> None:
    found = read_sequence(save(tmp_path / "cine.nii.gz", frames(), unit=unit, step=step))
    np.testing.assert_allclose(found.times, np.arange(COUNT) * (seconds or 1), rtol=1e-6)
    assert found.unit == ("s" if seconds else "frame")
    assert ("no time" in found.note) == (not seconds)


def test_a_header_without_spacing_is_noted(tmp_path: Path) -> None:
    image = nib.Nifti1Image(frames(), None)
    image.header.set_xyzt_units("unknown", "sec")
    nib.save(image, tmp_path / "cine.nii.gz")
    found = read_sequence(str(tmp_path / "cine.nii.gz"))
    assert "gives no spacing" in found.note and "no time" not in found.note


@pytest.mark.parametrize("suffix", [".nii", ".nrrd", ".mha", ".mhd"])
def test_files_agree(tmp_path: Path, cine: ImageSequence, suffix: str) -> None:
    """The same sequence in another format lies in the same place and time."""
    other = f"{tmp_path}/other{suffix}"
    itk.imwrite(itk.imread(cine.path), other)
    found = read_sequence(other)
    np.testing.assert_array_equal(found.values, cine.values)
    assert found.geometry.same_as(cine.geometry)
    np.testing.assert_allclose(found.times, cine.times, rtol=1e-6)
    assert found.unit == "s"
    assert ("no unit of time" in found.note) == (suffix != ".nii")


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mhd"])
def test_folders_agree(tmp_path: Path, cine: ImageSequence, suffix: str) -> None:
    """A file a frame: the order is that of the numbers in the names, time is not known."""
    folder = save_frames(tmp_path / "frames.nii.gz", frames(), suffix)  # a folder, whatever its name
    (Path(folder) / ".DS_Store").touch()
    found = read_sequence(folder)
    np.testing.assert_array_equal(found.values, cine.values)
    assert found.geometry.same_as(cine.geometry)
    np.testing.assert_array_equal(found.times, np.arange(COUNT))
    assert found.unit == "frame" and "no time" in found.note
    np.testing.assert_allclose(found.frame(0).affine_ras, AFFINE)


@pytest.mark.parametrize("squeeze", [False, True])
def test_slices(tmp_path: Path, squeeze: bool) -> None:
    """A slice at several times has a third axis of one voxel, as a file and as a folder of 2-D files."""
    values = frames(12, 14, 1, 4)
    if squeeze:
        path = save_frames(tmp_path / "frames", values[:, :, 0], affine=np.diag([-1.5, -1.25, 1, 1]))
    else:
        path = save(tmp_path / "cine.nii.gz", values)
    found = read_sequence(path)
    np.testing.assert_array_equal(found.values, values)
    assert found.geometry.size == (12, 14, 1)
    label = save(tmp_path / "label.nii.gz", values[..., :1].squeeze((2, 3)), affine=np.diag([-1.5, -1.25, 1, 1]))
    found_label = read_label_frame(label, found)
    assert found_label.values.shape == (12, 14, 1)
    assert bool(found_label.note) != squeeze


@pytest.mark.parametrize("kind", [np.float32, np.uint8, np.int16])
@pytest.mark.parametrize("source", ["nifti", "nrrd", "folder"])
def test_written_sequence(tmp_path: Path, cine: ImageSequence, kind: Any, source: str) -> None:
    """ITK reads what was written where and when the sequence is, whatever it came from; ids stay whole numbers."""
    if source == "nrrd":
        itk.imwrite(itk.imread(cine.path), f"{tmp_path}/cine.nrrd")
        cine = read_sequence(f"{tmp_path}/cine.nrrd")
    elif source == "folder":
        cine = read_sequence(save_frames(tmp_path / "frames", frames()))
    values = (frames() % 250).astype(kind)
    write_sequence(tmp_path / "out.nii.gz", values, cine)
    image = itk.imread(str(tmp_path / "out.nii.gz"))
    found = itk.array_from_image(image).T
    np.testing.assert_array_equal(found, values)
    assert found.dtype == kind
    spacing, origin = list(image.GetSpacing()), list(image.GetOrigin())
    np.testing.assert_allclose(spacing[:3], cine.geometry.spacing, rtol=1e-6)
    np.testing.assert_allclose(origin[:3], cine.geometry.origin, rtol=1e-6)
    direction = itk.array_from_matrix(image.GetDirection())[:3, :3]
    np.testing.assert_allclose(direction, cine.geometry.direction, atol=1e-6)
    assert spacing[3] == pytest.approx(1 if source == "folder" else STEP)
    again = read_sequence(str(tmp_path / "out.nii.gz"))
    np.testing.assert_allclose(again.times, cine.times, rtol=1e-6)
    assert again.unit == cine.unit


def test_written_sequence_keeps_its_header(tmp_path: Path, cine: ImageSequence) -> None:
    write_sequence(tmp_path / "out.nii.gz", frames(), cine)
    first, second = (nib.load(path).header for path in (cine.path, tmp_path / "out.nii.gz"))
    np.testing.assert_array_equal(first["pixdim"], second["pixdim"])
    assert first.get_xyzt_units() == second.get_xyzt_units() == ("mm", "msec")
    np.testing.assert_array_equal(first.get_sform(), second.get_sform())


@pytest.mark.parametrize("size", [SIZE, (12, 14, 1)])
def test_written_fields(tmp_path: Path, size: tuple[int, ...]) -> None:
    """To ITK they are a 4-D image of vectors as they were given, not turned, where and when the sequence is."""
    cine = read_sequence(save(tmp_path / "cine.nii.gz", frames(*size, 4)))
    vectors = np.random.default_rng(1).normal(size=(4, 3, *size)).astype(np.float32)
    write_field_series(tmp_path / "field.nii.gz", vectors, cine.geometry, cine.times)
    image = itk.imread(str(tmp_path / "field.nii.gz"))
    assert isinstance(image, itk.Image[itk.Vector[itk.F, 3], 4])
    np.testing.assert_array_equal(itk.array_from_image(image).transpose(0, 4, 3, 2, 1), vectors)
    np.testing.assert_allclose(list(image.GetSpacing()), [*cine.geometry.spacing, STEP], rtol=1e-6)
    np.testing.assert_allclose(list(image.GetOrigin()), [*cine.geometry.origin, 0], rtol=1e-6)
    np.testing.assert_allclose(itk.array_from_matrix(image.GetDirection())[:3, :3], cine.geometry.direction, atol=1e-6)
    assert nib.load(tmp_path / "field.nii.gz").header.get_intent()[0] == "vector"


def reordered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same points with the first two axes swapped, and the affine that says so."""
    return values.swapaxes(0, 1), AFFINE[:, [1, 0, 2, 3]]


def test_label_of_a_frame(tmp_path: Path, cine: ImageSequence) -> None:
    ids = (frames()[..., 0] % 4).astype(np.uint8)
    for index, (values, affine) in enumerate([(ids, AFFINE), reordered(ids)]):
        label = read_label_frame(save(tmp_path / f"{index}.nii.gz", values, affine), cine)
        np.testing.assert_array_equal(label.values, ids)
        assert label.note == "" and label.values.dtype == np.uint8
    elsewhere = read_label_frame(save(tmp_path / "elsewhere.nii.gz", ids, np.eye(4)), cine)
    np.testing.assert_array_equal(elsewhere.values, ids)
    assert "does not match" in elsewhere.note and elsewhere.geometry.same_as(cine.geometry)


def test_labels_of_all_frames(tmp_path: Path, cine: ImageSequence) -> None:
    ids = frames() % 4
    ids[..., 2:] = 0
    for index, (values, affine) in enumerate([(ids, AFFINE), reordered(ids)]):
        labels = read_label_series(save(tmp_path / f"{index}.nii.gz", values, affine), cine)
        np.testing.assert_array_equal(labels, ids)
        assert labels.dtype == np.uint8


def test_frame_numbers(cine: ImageSequence) -> None:
    check_frame(0, cine, "--fixed_frame")
    check_frame(COUNT - 1, cine, "--fixed_frame")
    for index in (-1, COUNT):
        with pytest.raises(InputError, match=f"{COUNT} frames; choose one from 0 to {COUNT - 1}") as caught:
            check_frame(index, cine, "--fixed_frame")
        assert_one_sentence(str(caught.value), "--fixed_frame")


# Bad input: what is written to disk, and what the sentence says. Frames are named by number in a file, by file else.
Spoil = Callable[[Path], str]


def file_of(*size: int, kind: Any = np.int16) -> Spoil:
    return lambda folder: save(folder / "cine.nii.gz", frames(*size).astype(kind))


def spoilt(value: float, where: Any) -> Spoil:
    """A file with a frame that holds a bad value, where it says."""

    def write(folder: Path) -> str:
        values = frames().astype(np.float32)
        values[where] = value
        return save(folder / "cine.nii.gz", values)

    return write


def truncated(folder: Path) -> str:
    path = Path(save(folder / "cine.nii", frames()))
    path.write_bytes(path.read_bytes()[:-100])
    return str(path)


def colour(folder: Path) -> str:
    values = np.zeros((*SIZE, COUNT), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(values, AFFINE), folder / "cine.nii.gz")
    return str(folder / "cine.nii.gz")


def nrrd(sizes: str, directions: str, kinds: str) -> Spoil:
    """A NRRD file of three axes in space and one that is not, as NRRD's own tools and 3D Slicer write it."""

    def write(folder: Path) -> str:
        header = (
            f"NRRD0004\ntype: short\ndimension: 4\nspace: left-posterior-superior\nsizes: {sizes}\nspace directions: "
            f"{directions}\nkinds: {kinds}\nendian: little\nencoding: raw\nspace origin: (0,0,0)\n\n"
        )
        (folder / "cine.nrrd").write_bytes(header.encode() + frames().tobytes())
        return str(folder / "cine.nrrd")

    return write


def empty(folder: Path) -> str:
    (folder / "frames").mkdir()
    return str(folder / "frames")


def folder_with(change: Callable[[Path], object], count: int = 3) -> Spoil:
    """A folder of frames with something more in it."""

    def write(folder: Path) -> str:
        path = save_frames(folder / "frames", frames(*SIZE, count))
        change(Path(path))
        return path

    return write


def swap_frame(values: np.ndarray, affine: np.ndarray = AFFINE) -> Callable[[Path], object]:
    return lambda folder: save(folder / "frame2.nii.gz", values, affine)


SHIFTED = AFFINE + np.pad([[0.0], [0], [1], [0]], ((0, 0), (3, 0)))
FILES: dict[str, tuple[Spoil, str]] = {
    "missing": (lambda folder: str(folder / "cine.nii.gz"), "does not exist"),
    "a volume": (file_of(*SIZE), "X x Y x 1 x T"),
    "one frame": (file_of(*SIZE, 1), "no sequence"),
    "five axes": (file_of(*SIZE, 3, 2), "has four axes"),
    "colours": (colour, "values a voxel|coloured"),
    "complex": (file_of(*SIZE, 3, kind=np.complex64), "complex"),
    "narrow": (file_of(12, 3, 1, 5), "4 or more along two axes"),
    "a line": (file_of(12, 1, 1, 5), "4 or more along two axes"),
    "a list of volumes": (
        nrrd("11 12 14 3", "none (1,0,0) (0,1,0) (0,0,1)", "list domain domain domain"), "time as the fourth axis",
    ),
    "time outside space": (
        nrrd("12 14 3 11", "(1,0,0) (0,1,0) (0,0,1) none", "domain domain domain time"), "time as the fourth axis",
    ),
    "truncated": (truncated, "cannot be read"),
    "NaN": (spoilt(np.nan, (0, 0, 0, 7)), r"\(frame 7, counted from 0\) holds NaN or infinite"),
    "infinite": (spoilt(np.inf, (3, 0, 0, 0)), r"\(frame 0, counted from 0\) holds NaN or infinite"),
    "constant": (spoilt(5, np.s_[..., 4]), r"\(frame 4, counted from 0\) is constant \(5 everywhere"),
    "empty folder": (empty, "is an empty folder"),
    "one file": (folder_with(lambda folder: None, count=1), "one frame"),
    "text beside frames": (folder_with(lambda folder: (folder / "notes.txt").touch()), r"holds notes\.txt, no frame"),
    "labels beside frames": (
        folder_with(lambda folder: save(folder / "frame2_gt.nii.gz", frames(*SIZE))), "holds frame2_gt beside",
    ),
    "folder beside frames": (folder_with(lambda folder: (folder / "more").mkdir()), "holds more, no frame"),
}  # fmt: skip
FRAMES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no image": (lambda folder: (folder / "frame2.nii.gz").write_text("text"), "cannot be read"),
    "another size": (swap_frame(frames(12, 14, 4)), "12 x 14 x 4 but the first frame 12 x 14 x 3"),
    "another grid": (swap_frame(frames(*SIZE), SHIFTED), "lies elsewhere than"),
    "NaN": (swap_frame(np.full(SIZE, np.nan, np.float32)), "holds NaN"),
    "constant": (swap_frame(np.full(SIZE, 3, np.float32)), "is constant"),
    "a sequence": (swap_frame(frames(*SIZE, 2)), "one time point"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_bad_sequences(tmp_path: Path, name: str) -> None:
    spoil, reason = FILES[name]
    path = spoil(tmp_path)
    with pytest.raises(InputError, match=reason) as caught:
        read_sequence(path)
    assert_one_sentence(str(caught.value), path)


@pytest.mark.parametrize("name", FRAMES)
def test_bad_frames(tmp_path: Path, name: str) -> None:
    change, reason = FRAMES[name]
    folder = save_frames(tmp_path / "frames", frames(*SIZE, 3))
    change(Path(folder))
    with pytest.raises(InputError, match=reason) as caught:
        read_sequence(folder)
    assert_one_sentence(str(caught.value), f"{folder}/frame2.nii.gz")


LABELS: dict[str, tuple[Callable[..., Any], np.ndarray, np.ndarray, str]] = {
    "a frame's size": (read_label_frame, frames(12, 14, 4), AFFINE, "must have its image's size"),
    "fractions": (read_label_frame, frames(*SIZE) / np.float32(7), AFFINE, "not whole numbers"),
    "a series for a frame": (read_label_frame, frames(), AFFINE, "one time point"),
    "a frame for a series": (read_label_series, frames(*SIZE), AFFINE, "no sequence"),
    "a series' size": (read_label_series, frames(12, 14, 4, COUNT), AFFINE, "must have its image's size"),
    "a series' frames": (read_label_series, frames(*SIZE, 5), AFFINE, f"has 5 frames but .* {COUNT};"),
    "a series' grid": (read_label_series, frames(), SHIFTED, "lies on another grid"),
    "a series' fractions": (read_label_series, frames() / np.float32(7), AFFINE, "not whole numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_bad_labels(tmp_path: Path, cine: ImageSequence, name: str) -> None:
    read, values, affine, reason = LABELS[name]
    path = save(tmp_path / "label.nii.gz", values, affine)
    with pytest.raises(InputError, match=reason) as caught:
        read(path, cine)
    assert_one_sentence(str(caught.value), path)


def test_labels_in_a_folder(tmp_path: Path, cine: ImageSequence) -> None:
    with pytest.raises(InputError, match="is a folder") as caught:
        read_label_series(str(tmp_path), cine)
    assert_one_sentence(str(caught.value), str(tmp_path))


def test_real_hearts(real_data: Path, tmp_path: Path) -> None:
    """What a public data set stores: a header of whose spacing and time nothing is sure, labels of single frames."""
    folder = real_data / "acdc_cine"
    cine = read_sequence(str(folder / "patient009_4d.nii.gz"))
    assert cine.values.shape == (100, 95, 7, 35)
    assert cine.unit == "frame" and "no spacing" in cine.note
    label = read_label_frame(str(folder / "patient009_frame13_gt.nii.gz"), cine)
    assert label.note == "" and set(np.unique(label.values)) == {0, 1, 2, 3}
    write_sequence(tmp_path / "out.nii.gz", cine.values, cine)
    np.testing.assert_array_equal(itk.array_from_image(itk.imread(str(tmp_path / "out.nii.gz"))).T, cine.values)
