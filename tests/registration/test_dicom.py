"""DICOM series through every verb that takes an image: the place known by construction, or one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from dicom import Series, broken_jpeg, packed, write_slices
from phantom import affine_of, brain, points_of, rotation, with_field
from phantom import write as write_nifti
from scripts.commands import main
from scripts.data.images import find_images
from scripts.data.subjects import find_subjects, read_data_list
from scripts.errors import InputError
from scripts.physical import read_image
from scripts.registration import register_files
from scripts.transforms import ReadSubjectd
from support import BUNDLE, assert_one_sentence

sitk: Any = pytest.importorskip("SimpleITK")

RAS = np.diag([-1.0, -1, 1, 1])
MATRIX = rotation(8, -5, 12) * [3.0, 4.0, 5.0]  # RAS

pytestmark = pytest.mark.usefixtures("no_picture")


def oblique() -> Series:
    """The made-up brain, oblique, as a scanner stores it."""
    affine, size = affine_of(MATRIX)
    values = np.round(brain(points_of(affine, size))).astype(np.int16)
    lps = RAS @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    return Series(values, lps[:3, :3] / spacing, spacing, lps[:3, 3])


SERIES = oblique()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_slices(tmp_path_factory.mktemp("dicom") / "series", SERIES.slices())


@pytest.fixture(scope="module")
def nifti(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same volume as NIfTI."""
    return str(write_nifti(tmp_path_factory.mktemp("nifti") / "volume.nii.gz", SERIES.values, RAS @ SERIES.affine))


@pytest.mark.parametrize("pack", [lambda slices: slices, packed], ids=["plain", "run lengths"])
def test_a_series_lies_where_its_slices_say(tmp_path: Path, pack: Callable[..., Any]) -> None:
    image = read_image(write_slices(tmp_path / "series", pack(SERIES.slices())))
    np.testing.assert_array_equal(image.values, SERIES.values)
    np.testing.assert_allclose(image.geometry.matrix, SERIES.affine[:3, :3], atol=1e-6)
    np.testing.assert_allclose(image.geometry.origin, SERIES.affine[:3, 3], atol=1e-6)


def test_slices_that_go_down(tmp_path: Path) -> None:
    """ITK reads along the normal of the slices, whatever their numbers say."""
    down = Series(SERIES.values, SERIES.direction * [1, 1, -1], SERIES.spacing, SERIES.origin)
    image = read_image(write_slices(tmp_path / "series", down.slices()))
    np.testing.assert_array_equal(image.values, SERIES.values[..., ::-1])
    last = down.affine @ [0, 0, SERIES.values.shape[2] - 1, 1]
    np.testing.assert_allclose(image.geometry.origin, last[:3], atol=1e-6)


def test_what_is_stored_beside_does_not_matter(tmp_path: Path) -> None:
    slices = SERIES.slices()
    for data in slices:
        data.RescaleSlope, data.RescaleIntercept = "2", "-100"
    path = write_slices(tmp_path / "series", slices)
    (tmp_path / "series" / "notes.txt").write_text("of the scan")
    np.testing.assert_array_equal(read_image(path).values, SERIES.values * 2.0 - 100)


def gap(slices: list[Any]) -> list[Any]:
    return slices[:5] + slices[6:]


def twice(slices: list[Any]) -> list[Any]:
    again = SERIES.slices()[3]
    again.SeriesInstanceUID = slices[0].SeriesInstanceUID
    return [*slices, again]


def without_places(slices: list[Any]) -> list[Any]:
    for data in slices:
        del data.ImagePositionPatient
    return slices


def tilted(slices: list[Any]) -> list[Any]:
    for k, data in enumerate(slices):
        data.ImagePositionPatient = [f"{x:.9g}" for x in (SERIES.affine @ [0, 0.6 * k, k, 1])[:3]]
    return slices


def of_two_sizes(slices: list[Any]) -> list[Any]:
    small = Series(SERIES.values[:16], SERIES.direction, SERIES.spacing, SERIES.origin).slices()
    for data in small:
        data.SeriesInstanceUID = slices[0].SeriesInstanceUID
    return slices[:6] + small[6:]


def of_two_spacings(slices: list[Any]) -> list[Any]:
    for data in slices[6:]:
        data.PixelSpacing = ["2", "2"]
    return slices


def of_two_directions(slices: list[Any]) -> list[Any]:
    for data in slices[6:]:
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    return slices


def two_series(slices: list[Any]) -> list[Any]:
    return slices + SERIES.slices()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (gap, "unequal distances"),
        (twice, "unequal distances"),
        (without_places, "without a position"),
        (tilted, "sheared direction"),
        (of_two_sizes, "slices of several sizes"),
        (of_two_spacings, "differs from"),
        (of_two_directions, "differs from"),
        (two_series, "several DICOM series"),
        (broken_jpeg, "cannot be read as an image"),
        (lambda slices: [], "without DICOM files"),
    ],
)
def test_what_makes_no_volume_is_refused(
    tmp_path: Path, spoil: Callable[[list[Any]], Sequence[Any]], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_image(write_slices(tmp_path / "series", spoil(SERIES.slices())))
    assert_one_sentence(str(caught.value))


def test_a_slice_that_is_cut_is_not_left_out(tmp_path: Path) -> None:
    path = Path(write_slices(tmp_path / "series", SERIES.slices()))
    file = sorted(path.iterdir())[3]
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(InputError, match="cannot be read as a slice") as caught:
        read_image(str(path))
    assert_one_sentence(str(caught.value), str(file))


def test_one_slice(tmp_path: Path) -> None:
    """As a folder and as its file."""
    one = Series(SERIES.values[..., 8:9], SERIES.direction, SERIES.spacing, (SERIES.affine @ [0, 0, 8, 1])[:3])
    path = write_slices(tmp_path / "series", one.slices())
    for image in (read_image(path), read_image(str(next(Path(path).iterdir())))):
        np.testing.assert_array_equal(image.array, one.values[..., 0])
        np.testing.assert_allclose(image.geometry.plane, one.affine[:3, [0, 1, 3]], atol=1e-6)


@pytest.mark.parametrize("side", ["fixed", "moving"])
def test_other_software_registers_the_series_as_its_volume(tmp_path: Path, folder: str, nifti: str, side: str) -> None:
    other, _ = affine_of(MATRIX * 1.2)
    partner = str(
        write_nifti(tmp_path / "partner.nii.gz", brain(points_of(other, (30, 24, 18))).astype(np.float32), other)
    )
    files = {"fixed": partner, "moving": partner, side: folder}
    register_files(with_field(spacing=4.0), str(tmp_path / "out"), **files)
    plain = {"fixed": partner, "moving": partner, side: nifti}
    reference, source = (sitk.ReadImage(plain[key], sitk.sitkFloat32) for key in ("fixed", "moving"))
    (path,) = (tmp_path / "out").glob("*_transform.h5")
    theirs = sitk.GetArrayFromImage(sitk.Resample(source, reference, sitk.ReadTransform(str(path)))).T
    (warped,) = (tmp_path / "out").glob("*_warped.nii.gz")
    ours = nib.load(warped)
    assert (np.abs(ours.get_fdata() - theirs) > 0.5).mean() < 1e-3 and np.ptp(theirs) > 300
    np.testing.assert_allclose(ours.affine, nib.load(plain["fixed"]).affine, atol=1e-4)


def test_a_series_is_the_grid_of_warp_and_jacobian(tmp_path: Path, folder: str, nifti: str) -> None:
    transform = tmp_path / "shift.tfm"
    lines = ["#Insight Transform File V1.0", "Transform: TranslationTransform_double_3_3", "Parameters: 3 -2 4"]
    transform.write_text("\n".join([*lines, "FixedParameters:"]) + "\n")
    found: dict[str, list[np.ndarray]] = {}
    for name, path in (("dicom", folder), ("nifti", nifti)):
        out = str(tmp_path / name)
        assert main(["warp", str(transform), path, "--moving", path, "-o", out]) == 0
        assert main(["jacobian", str(transform), "--fixed", path, "-o", out]) == 0
        files = [next(Path(out).glob(f"*_{kind}.nii.gz")) for kind in ("warped", "jacobian")]
        found[name] = [nib.load(each).get_fdata() for each in files]
    for first, second in zip(found["dicom"], found["nifti"], strict=True):
        np.testing.assert_allclose(first, second, atol=0.05)


def test_a_slice_is_segmented(tmp_path: Path) -> None:
    """The atlas as DICOM gets the atlas's labels; where it lies does not matter."""
    atlas = nib.load(BUNDLE / "models" / "atlas_image.nii.gz")
    lps = RAS @ atlas.affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    values = np.round(np.asarray(atlas.dataobj) * (1000 / np.asarray(atlas.dataobj).max()))
    path = write_slices(tmp_path / "brain", Series(values, lps[:3, :3] / spacing, spacing, lps[:3, 3]).slices())
    assert find_images(path, None) == find_images(str(tmp_path), None) == [path]
    out = tmp_path / "out"
    assert main(["segment", path, "-o", str(out), "--refinement_steps", "0", "--device", "cpu"]) == 0
    found = nib.load(out / "brain_seg.nii.gz")
    known = np.asarray(nib.load(BUNDLE / "models" / "atlas_label.nii.gz").dataobj)
    plane = [0, 1, 3]  # across it, DICOM knows but the normal
    np.testing.assert_allclose(found.affine[:, plane], atlas.affine[:, plane], atol=1e-4)
    assert (np.asarray(found.dataobj).reshape(known.shape) == known).mean() > 0.95


def test_series_are_subjects(tmp_path: Path, folder: str) -> None:
    """In a folder of images and in a data list, read as what they are."""
    label = (SERIES.values > 400).astype(np.uint8)
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    (tmp_path / "images" / "a").symlink_to(folder)
    write_nifti(tmp_path / "labels" / "a.nii.gz", label, RAS @ SERIES.affine)
    (record,) = find_subjects(tmp_path, 3)
    assert record["subject"] == "a"
    listed = tmp_path / "data.json"
    listed.write_text(json.dumps({"training": [{"image": "images/a", "label": "labels/a.nii.gz"}]}))
    assert read_data_list(listed)["training"] == [record]
    read = ReadSubjectd(["image", "label"], 3)(record)
    assert ((read["image"] > 400) == (read["label"] == 1)).all() and read["label"].any()
