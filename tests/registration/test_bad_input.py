"""Whatever a user gets wrong is one sentence, and leaves no file behind."""

from __future__ import annotations

import gzip
import os
import pickle
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch

from phantom import HEADERS, draw, with_field, write
from scripts.data.subjects import read_data_list
from scripts.errors import InputError
from scripts.networks import DenseUNet, RegistrationModel
from scripts.physical.headers import read_geometry
from scripts.physical.itk_transforms import affine_transform
from scripts.registration import carry_points, jacobian, register_files, warp
from scripts.registration.api import configured
from scripts.registration.batch import read_pairs
from support import Harm, assert_one_sentence

UNIT = np.eye(4)
SIZE = (12, 14, 10)

Spoil = Callable[[Path], str]


def array(*size: int) -> np.ndarray:
    return np.random.default_rng(0).random(size or SIZE).astype(np.float32)


def missing(folder: Path) -> str:
    return str(folder / "nowhere.nii.gz")


def too_long_a_name(folder: Path) -> str:
    return str(folder / f"{'x' * 300}.nii.gz")


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "moving.nii.gz")
    return str(folder / "moving.nii.gz")


def no_image(folder: Path) -> str:
    (folder / "moving.nii.gz").write_text("this is text")
    return str(folder / "moving.nii.gz")


def truncated_gzip(folder: Path) -> str:
    path = write(folder / "moving.nii.gz", array(30, 30, 30), UNIT)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return str(path)


def truncated_inside(folder: Path) -> str:
    path = write(folder / "moving.nii.gz", array(30, 30, 30), UNIT)
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[: len(whole) // 2]))
    return str(path)


def wrong_checksum(folder: Path) -> str:
    """A bit that has flipped where nothing but the checksum tells."""
    path = write(folder / "moving.nii", array(), UNIT)
    content = bytearray(gzip.compress(path.read_bytes(), 0))
    content[-1000] ^= 64
    (folder / "moving.nii.gz").write_bytes(content)
    return str(folder / "moving.nii.gz")


def name_of_bytes(folder: Path) -> str:
    path = folder / os.fsdecode(b"Gr\xf6\xdfe.nii.gz")
    return str(write(path, array(), UNIT))


def truncated_nrrd(folder: Path) -> str:
    import itk

    path = folder / "moving.nrrd"
    itk.imwrite(itk.image_from_array(array()), str(path))
    path.write_bytes(path.read_bytes()[:2000])
    return str(path)


def empty(folder: Path) -> str:
    (folder / "moving.nii.gz").touch()
    return str(folder / "moving.nii.gz")


def folder_without_dicom(folder: Path) -> str:
    (folder / "moving").mkdir()
    return str(folder / "moving")


def four_dimensions(folder: Path) -> str:
    return str(write(folder / "moving.nii.gz", array(12, 14, 10, 3), UNIT))


def colour(folder: Path) -> str:
    values = np.zeros(SIZE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(values, UNIT), folder / "moving.nii.gz")
    return str(folder / "moving.nii.gz")


def complex_numbers(folder: Path) -> str:
    return str(write(folder / "moving.nii.gz", array().astype(np.complex64), UNIT))


def slice_for_volume(folder: Path) -> str:
    return str(write(folder / "moving.nii.gz", array(12, 14, 1), UNIT))


def too_thin(folder: Path) -> str:
    return str(write(folder / "moving.nii.gz", array(12, 14, 2), UNIT))


def not_a_number(folder: Path) -> str:
    values = array()
    values[3, 4, 5] = np.nan
    return str(write(folder / "moving.nii.gz", values, UNIT))


def infinite(folder: Path) -> str:
    values = array()
    values[3, 4, 5] = np.inf
    return str(write(folder / "moving.nii.gz", values, UNIT))


def too_large(folder: Path) -> str:
    values = array().astype(np.float64)
    values[3, 4, 5] = 1e300
    return str(write(folder / "moving.nii.gz", values, UNIT))


def constant(folder: Path) -> str:
    return str(write(folder / "moving.nii.gz", np.full(SIZE, 7.0, np.float32), UNIT))


def header(folder: Path, **fields: Any) -> str:
    """A NIfTI file whose header holds these very values."""
    image = nib.Nifti1Image(array(), UNIT)
    block = image.header.copy()
    block["vox_offset"], block["sform_code"] = 352, 1
    block["srow_x"], block["srow_y"], block["srow_z"] = UNIT[:3]
    for name, value in fields.items():
        block[name] = value
    (folder / "moving.nii").write_bytes(block.binaryblock + bytes(4) + array().tobytes(order="F"))
    return str(folder / "moving.nii")


def test_a_grid_whose_voxels_begin_nowhere(tmp_path: Path) -> None:
    """Its header alone is asked for, by the Jacobian's."""
    with pytest.raises(InputError, match="cannot be read as an image"):
        read_geometry(header(tmp_path, vox_offset=np.nan))


def zero_spacing(folder: Path) -> str:
    return header(folder, pixdim=[1, 1, 0, 1, 1, 1, 1, 1])


def negative_spacing(folder: Path) -> str:
    return header(folder, pixdim=[1, 1, -2, 1, 1, 1, 1, 1])


def singular(folder: Path) -> str:
    return header(folder, srow_y=[0, 0, 0, 0])


def two_equal_axes(folder: Path) -> str:
    return header(folder, srow_y=[1, 0, 0, 0])


def nan_in_affine(folder: Path) -> str:
    return header(folder, srow_x=[1, 0, 0, np.nan])


def meta(folder: Path, old: bytes, new: bytes) -> str:
    """A MetaImage file in whose header one line is another."""
    import itk

    path = folder / "moving.mha"
    itk.imwrite(itk.image_from_array(array()), str(path))
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return str(path)


def meta_zero_spacing(folder: Path) -> str:
    return meta(folder, b"ElementSpacing = 1 1 1", b"ElementSpacing = 1 0 1")


def meta_negative_spacing(folder: Path) -> str:
    return meta(folder, b"ElementSpacing = 1 1 1", b"ElementSpacing = 1 -2 1")


def meta_singular(folder: Path) -> str:
    return meta(folder, b"TransformMatrix = 1 0 0 0 1 0 0 0 1", b"TransformMatrix = 1 0 0 1 0 0 0 0 1")


def meta_sheared(folder: Path) -> str:
    return meta(folder, b"TransformMatrix = 1 0 0 0 1 0 0 0 1", b"TransformMatrix = 1 0 0 .3 1 0 0 0 1")


def elsewhere(folder: Path) -> str:
    far = UNIT.copy()
    far[0, 3] = 5000
    return str(write(folder / "moving.nii.gz", array(), far))


CASES: list[tuple[Spoil, str]] = [
    (missing, "does not exist"),
    (too_long_a_name, "does not exist"),
    (pipe, "is a pipe or a device"),
    (no_image, "cannot be read as an image"),
    (truncated_gzip, "cannot be read as an image"),
    (truncated_inside, "cannot be read as an image"),
    (wrong_checksum, "cannot be read as an image"),
    (name_of_bytes, "bytes that are no UTF-8"),
    (truncated_nrrd, "cannot be read as an image"),
    (empty, "cannot be read as an image"),
    (folder_without_dicom, "without DICOM files"),
    (four_dimensions, "to choose a frame, counted from 0: register_sequence"),
    (colour, "3 values a voxel"),
    (complex_numbers, "2 values a voxel"),
    (slice_for_volume, "give two slices or two volumes"),
    (too_thin, "every axis needs"),
    (not_a_number, "NaN or infinite"),
    (infinite, "NaN or infinite"),
    (too_large, "holds the intensity 1e+300"),
    (constant, "is constant"),
    (zero_spacing, "voxel spacing of 1 x 0 x 1"),
    (negative_spacing, "voxel spacing of 1 x -2 x 1"),
    (singular, "singular"),
    (two_equal_axes, "singular"),
    (nan_in_affine, "not finite"),
    (meta_zero_spacing, "voxel spacing of 1 x 0 x 1"),
    (meta_negative_spacing, "voxel spacing of 1 x -2 x 1"),
    (meta_singular, "singular or sheared direction"),
    (meta_sheared, "singular or sheared direction"),
    (elsewhere, "do not overlap in space"),
]


def refused(act: Callable[[], object], words: str, output: Path) -> None:
    """``act`` ends in one sentence with ``words``, and there is no output folder after it."""
    with pytest.raises(InputError) as caught:
        act()
    assert words in str(caught.value)
    assert_one_sentence(str(caught.value))
    assert not output.exists()


@pytest.mark.parametrize("side", ["fixed", "moving"])
@pytest.mark.parametrize(("spoil", "words"), CASES, ids=[spoil.__name__ for spoil, _ in CASES])
def test_spoilt_image(tmp_path: Path, spoil: Spoil, words: str, side: str) -> None:
    files = {"fixed": str(write(tmp_path / "good.nii.gz", array(), UNIT)), "moving": ""}
    files["moving"] = files["fixed"]
    files[side] = spoil(tmp_path)
    refused(lambda: register_files(with_field(), str(tmp_path / "out"), **files), words, tmp_path / "out")


def fractions(folder: Path) -> str:
    return str(write(folder / "label.nii.gz", array(), UNIT))


def other_size(folder: Path) -> str:
    return str(write(folder / "label.nii.gz", np.ones((5, 6, 7), np.uint8), UNIT))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(fractions, "no label map"), (other_size, "must have its image's size"), (missing, "does not exist")],
)
@pytest.mark.parametrize("side", ["fixed_label", "moving_label"])
def test_spoilt_label(tmp_path: Path, spoil: Spoil, words: str, side: str) -> None:
    good = str(write(tmp_path / "good.nii.gz", array(), UNIT))
    files = {"fixed": good, "moving": good, side: spoil(tmp_path)}
    refused(lambda: register_files(with_field(), str(tmp_path / "out"), **files), words, tmp_path / "out")


def test_label_header_that_differs_is_resolved_and_said(tmp_path: Path) -> None:
    """The label takes its image's header: it lands where the image lands, and the report says so."""
    matrix = HEADERS["identity"]
    fixed = draw(tmp_path / "fixed.nii.gz", matrix)
    bright = (np.asarray(nib.load(fixed).dataobj) > 400).astype(np.uint8)
    wrong = np.diag([1.5, 2, 2, 1.0])
    label = write(tmp_path / "label.nii.gz", bright, wrong)
    right = write(tmp_path / "right.nii.gz", bright, nib.load(fixed).affine)
    results = [with_field()(str(fixed), str(fixed), str(path), None) for path in (label, right)]
    assert "does not match" in results[0].report["notes"][0]
    assert results[1].report["notes"] == []
    first, second = (result.warped_label for result in results)
    assert first is not None and second is not None
    np.testing.assert_array_equal(first.values, second.values)
    assert first.values.any()


def good_pair(folder: Path) -> dict[str, str]:
    path = str(draw(folder / "image.nii.gz", HEADERS["identity"]))
    return {"fixed": path, "moving": path}


def test_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="file/out is a file or lies in one; give a folder with --output_dir"):
        register_files(with_field(), str(tmp_path / "file" / "out"), **good_pair(tmp_path))
    with pytest.raises(
        InputError, match=r"xxx cannot be written \(File name too long\); .* choose another --output_dir"
    ):
        register_files(with_field(), str(tmp_path / ("x" * 300)), **good_pair(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "image.nii.gz"]


@pytest.mark.parametrize("room", [300, 30_000, 150_000, 700_000])
def test_full_disk(tmp_path: Path, room: int) -> None:
    """No file may grow beyond ``room`` bytes: each writer meets the wall in its turn, NIfTI, HDF5, PNG and JSON."""
    import itk

    files = good_pair(tmp_path)
    itk.transformread  # noqa: B018 - libraries are loaded before the wall stands
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        refused(
            lambda: register_files(with_field(), str(tmp_path / "out"), **files), "cannot be written", tmp_path / "out"
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def with_weights(path: Path) -> Any:
    registration = configured(ckpt_path=str(path), channels=[4, 4, 4, 4, 4], refinement_steps=0)
    return registration


def test_weights(tmp_path: Path, slices: dict[str, str]) -> None:
    """Absent, of another network, and harmful weights: one sentence each, and nothing is run."""
    files = {key: slices[key] for key in ("fixed", "moving")}
    network = RegistrationModel(DenseUNet(2, 2, channels=[8, 4, 4, 4, 4]))
    torch.save(network.state_dict(), tmp_path / "other.pt")
    (tmp_path / "harm.pt").write_bytes(pickle.dumps({"weight": Harm(tmp_path / "harmed")}))
    words = {"absent.pt": "does not exist", "other.pt": "another network", "harm.pt": "no file of network weights"}
    for name, sentence in words.items():
        registration = with_weights(tmp_path / name)
        refused(lambda r=registration: register_files(r, str(tmp_path / "out"), **files), sentence, tmp_path / "out")
    assert not (tmp_path / "harmed").exists()
    pickle.loads((tmp_path / "harm.pt").read_bytes())
    assert (tmp_path / "harmed").exists()  # the pickle is harmful indeed


def test_volumes_need_a_network_of_their_kind(tmp_path: Path) -> None:
    registration = configured(method="brain_2d")
    refused(
        lambda: register_files(registration, str(tmp_path / "out"), **good_pair(tmp_path)),
        "--use_network false",
        tmp_path / "out",
    )


@pytest.mark.parametrize("options", [{}, {"fixed": "a.nii.gz"}, {"fixed": "a", "moving": "b", "pairs": "c.csv"}])
def test_nothing_or_too_much_is_named(tmp_path: Path, options: dict[str, str]) -> None:
    refused(lambda: register_files(with_field(), str(tmp_path / "out"), **options), "--pairs", tmp_path / "out")


@pytest.mark.parametrize("read", [read_pairs, read_data_list])
def test_a_list_from_a_pipe_is_not_waited_for(tmp_path: Path, read: Callable[[str], object]) -> None:
    os.mkfifo(tmp_path / "list.json")
    refused(lambda: read(str(tmp_path / "list.json")), "is a pipe or a device", tmp_path / "out")


@pytest.mark.parametrize("spacing", [0, -1.0, 1e-4])
def test_spacing_of_the_working_grid(tmp_path: Path, spacing: float) -> None:
    registration = with_field(spacing=spacing)
    refused(
        lambda: register_files(registration, str(tmp_path / "out"), **good_pair(tmp_path)),
        "--spacing",
        tmp_path / "out",
    )


def test_flag_that_is_neither_true_nor_false() -> None:
    registration = configured(use_network="false", affine="False")
    assert registration.stages == ["refined"] and registration.method_of(2).network is None
    with pytest.raises(InputError, match="--affine is 'maybe'; it must be true or false"):
        configured(affine="maybe")


def test_warp_and_jacobian_of_bad_transforms(tmp_path: Path) -> None:
    image = good_pair(tmp_path)["fixed"]
    (tmp_path / "bad.h5").write_bytes(b"nothing")
    flat = str(write(tmp_path / "flat.nii.gz", array(20, 24), UNIT))
    wide = np.zeros((8, 9, 1, 1, 2), np.float32)
    vectors = nib.Nifti1Image(wide, UNIT)
    vectors.header.set_intent("vector")
    nib.save(vectors, tmp_path / "wide.nii.gz")
    out = str(tmp_path / "out")
    cases: dict[str, Callable[[], object]] = {
        "does not exist": lambda: warp(missing(tmp_path), image, out, moving=image),
        "is a folder": lambda: warp(str(tmp_path), image, out, moving=image),
        "cannot be read as an ITK transform": lambda: jacobian(str(tmp_path / "bad.h5"), out),
        "no displacement field": lambda: jacobian(image, out),
        "stored in 3 dimensions": lambda: warp(str(tmp_path / "wide.nii.gz"), image, out, moving=image),
        "nothing to warp": lambda: warp(str(tmp_path / "wide.nii.gz"), flat, out),
        "--fixed is ''": lambda: warp(str(tmp_path / "wide.nii.gz"), "", out, moving=flat),
    }
    for words, act in cases.items():
        refused(act, words, tmp_path / "out")


@pytest.mark.parametrize(("number", "words"), [(np.nan, "holds NaN or infinite numbers"), (1e300, "beyond 1e+09")])
def test_numbers_that_no_transform_has(tmp_path: Path, number: float, words: str) -> None:
    """ITK resamples an image at NaN, and all of it is 0."""
    import itk

    image, out = str(write(tmp_path / "moving.nii.gz", array(), UNIT)), str(tmp_path / "out")
    path, marks = str(tmp_path / "bad.h5"), tmp_path / "marks.csv"
    itk.transformwrite([affine_transform(np.diag([number, 1, 1, 1]))], path)
    marks.write_text("x,y,z\n1,2,3\n")
    refused(lambda: carry_points(path, str(marks), out), words, tmp_path / "out")
    if np.isnan(number):
        refused(lambda: warp(path, image, out, image), words, tmp_path / "out")
        refused(lambda: jacobian(path, out, image), words, tmp_path / "out")
