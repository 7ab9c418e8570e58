"""Reading: what comes out, and one sentence for everything that cannot be registered."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from scripts.errors import InputError
from scripts.transforms import ReadSubjectd
from support import assert_one_sentence, both_dims

SIZES = {2: (12, 14), 3: (9, 11, 13)}
CANONICAL = np.array([[-1.0, 0, 0, 32], [0, 0, 1.0, -0.5], [0, -1.0, 0, 36], [0, 0, 0, 1]])  # left, down, front

Save = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(array: np.ndarray, name: str = "image.nii.gz", affine: np.ndarray | None = None) -> str:
        usual = np.diag([-1.0, -1, 1, 1]) if array.ndim == 2 else CANONICAL
        nib.save(nib.Nifti1Image(array, usual if affine is None else affine), tmp_path / name)
        return str(tmp_path / name)

    return write


def image_of(dims: int) -> np.ndarray:
    return np.random.default_rng(0).random(SIZES[dims], dtype=np.float32)


def label_of(dims: int) -> np.ndarray:
    return np.random.default_rng(1).choice([0, 3, 1002, 2**24], SIZES[dims]).astype(np.int32)


def reader(dims: int, keys: tuple[str, ...] = ("image", "label")) -> ReadSubjectd:
    return ReadSubjectd(list(keys), dims)


@both_dims
def test_image_and_label_come_out_channel_first(dims: int, save: Save) -> None:
    record = {"subject": "a", "image": save(image_of(dims)), "label": save(label_of(dims), "label.nii.gz")}
    read = reader(dims)(record)
    assert list(read) == ["subject", "image", "label"] and read["subject"] == "a"
    for key, kind, values in [("image", torch.float32, image_of(dims)), ("label", torch.int32, label_of(dims))]:
        assert isinstance(read[key], MetaTensor)
        assert read[key].dtype == kind and read[key].shape == (1, *SIZES[dims])
        np.testing.assert_array_equal(read[key][0].numpy(), values)
    assert record["image"].endswith("image.nii.gz")  # the record itself is untouched


def test_slice_stored_as_a_volume_loses_its_axis(save: Save) -> None:
    read = reader(2, ("image",))({"image": save(image_of(2)[..., None])})["image"]
    np.testing.assert_array_equal(read[0].numpy(), image_of(2))
    assert list(read.meta["spatial_shape"]) == [*SIZES[2], 1]
    np.testing.assert_allclose(read.affine.numpy(), CANONICAL)


def stored_otherwise(values: np.ndarray, order: tuple[int, ...], flips: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """A volume with its axes reordered and some turned round, and the affine that says so."""
    turn = np.eye(4)[:, [*order, 3]]
    for axis in flips:
        turn[:3, 3] += turn[:3, axis] * (values.shape[order[axis]] - 1)
        turn[:3, axis] *= -1
    return np.flip(values.transpose(order), flips), CANONICAL @ np.diag([1.5, 0.75, 2.0, 1.0]) @ turn


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)], ids=str)
@both_dims
def test_how_a_file_is_stored_does_not_matter(
    dims: int, order: tuple[int, ...], flips: tuple[int, ...], save: Save
) -> None:
    """Image and label come out as they do in canonical order, in the same place, and go back to their files' grids."""
    image, label = (each if dims == 3 else each[..., None] for each in (image_of(dims), label_of(dims)))
    read, files, records = reader(dims), {}, {}
    for name, turn in (("plain", ((0, 1, 2), ())), ("turned", (order, flips))):
        files[name] = [stored_otherwise(values, *turn) for values in (image, label)]
        paths = [save(array, f"{name}_{k}.nii.gz", affine) for k, (array, affine) in enumerate(files[name])]
        records[name] = read(dict(zip(("image", "label"), paths, strict=True)))
    for key in ("image", "label"):
        first, second = (records[name][key] for name in ("plain", "turned"))
        assert torch.equal(first.as_tensor(), second.as_tensor())
        columns = [*range(dims), 3]  # which way a slice's normal points is the file's own
        np.testing.assert_allclose(first.affine[:, columns], second.affine[:, columns], atol=1e-5)
        np.testing.assert_allclose(first.affine[:3, :3].norm(dim=0), [1.5, 0.75, 2.0], rtol=1e-6)
    back = read.inverse(records["turned"])
    for key, (array, affine) in zip(("image", "label"), files["turned"], strict=True):
        np.testing.assert_array_equal(back[key][0].numpy(), array)
        np.testing.assert_allclose(back[key].affine, affine, atol=1e-5)
        assert back[key].applied_operations == []


def test_label_stored_in_another_order_than_its_image(save: Save) -> None:
    """Its own header is believed where it puts the label on the image's voxels."""
    turned, affine = stored_otherwise(label_of(3), (2, 0, 1), (1,))
    upright = stored_otherwise(image_of(3), (0, 1, 2), ())
    read = reader(3)({"image": save(*upright[:1], "i.nii.gz", upright[1]), "label": save(turned, "l.nii.gz", affine)})
    np.testing.assert_array_equal(read["label"][0].numpy(), label_of(3))


def test_volume_stored_as_a_series_of_one_is_read(save: Save) -> None:
    read = reader(3, ("image",))({"image": save(image_of(3)[..., None])})["image"]
    np.testing.assert_array_equal(read[0].numpy(), image_of(3))


@both_dims
def test_nifti_2_is_read_as_nifti_1(dims: int, tmp_path: Path) -> None:
    """ITK, which says where images lie, does not know it."""
    cos, sin = np.cos(0.3), np.sin(0.3)
    oblique = CANONICAL @ np.array([[cos, -sin, 0, 1], [sin, cos, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])
    read = []
    for kind in (nib.Nifti1Image, nib.Nifti2Image):
        path = tmp_path / f"{kind.__name__}.nii.gz"
        nib.save(kind(image_of(dims), oblique if dims == 3 else np.diag([-1.5, -2, 1, 1])), path)
        read.append(reader(dims, ("image",))({"image": str(path)})["image"])
    assert torch.equal(read[0].as_tensor(), read[1].as_tensor())
    np.testing.assert_allclose(read[0].affine, read[1].affine, atol=1e-5)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.float64])
def test_stored_type_and_scaling_do_not_matter(kind: type, save: Save) -> None:
    values = (200 * image_of(2)).astype(kind)
    read = reader(2, ("image",))({"image": save(values)})["image"]
    np.testing.assert_allclose(read[0].numpy(), values.astype(np.float32))


def test_missing_keys_are_passed_over_only_where_allowed(save: Save) -> None:
    record = {"image": save(image_of(2))}
    assert set(ReadSubjectd(["image", "label"], 2, allow_missing_keys=True)(record)) == {"image"}
    with pytest.raises(KeyError, match="label"):
        reader(2)(record)


def test_labels_without_an_image_are_read(save: Save) -> None:
    assert reader(2, ("label",))({"label": save(label_of(2))})["label"].dtype == torch.int32


def bad_images(dims: int) -> dict[str, tuple[np.ndarray, str]]:
    """What is stored, and the words that say what is wrong with it."""
    holes, infinite = image_of(dims), image_of(dims)
    holes[(3,) * dims], infinite[(3,) * dims] = np.nan, -np.inf
    many = np.random.default_rng(0).random((*(SIZES[dims] if dims == 3 else (*SIZES[2], 1)), 3), dtype=np.float32)
    other = np.random.default_rng(0).random(SIZES[5 - dims], dtype=np.float32)
    rgb = np.zeros(SIZES[dims] if dims == 3 else (*SIZES[2], 1), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    return {
        "nan": (holes, "NaN or infinite"),
        "infinity": (infinite, "NaN or infinite"),
        "constant": (np.full(SIZES[dims], 3.5, np.float32), r"constant \(3.5 everywhere\)"),
        "channels": (many, "give a 2-D or 3-D image, one time point of a series"),
        "other dimension": (other, rf"{5 - dims}-D image of \({SIZES[5 - dims][0]}, .*takes one-channel {dims}-D"),
        "colours": (rgb, "3 values a voxel"),
        "too small": (image_of(dims)[:7], r"measures \(7, .*every axis needs 8"),
    }


@both_dims
@pytest.mark.parametrize("case", bad_images(2))
def test_bad_image_is_one_sentence(case: str, dims: int, save: Save) -> None:
    values, words = bad_images(dims)[case]
    path = save(values)
    with pytest.raises(InputError, match=words) as caught:
        reader(dims, ("image",))({"image": path})
    assert_one_sentence(str(caught.value), path)


def bad_labels(dims: int) -> dict[str, tuple[np.ndarray, str]]:
    halves, holes, huge = (label_of(dims).astype(np.float64) for _ in range(3))
    halves[(2,) * dims], holes[(2,) * dims], huge[(2,) * dims] = 0.5, np.nan, 614454277.0
    return {
        "halves": (halves, "no label map: it holds values that are not whole"),
        "nan": (holes, "no label map"),
        "an id that 32-bit floats round": (huge, "renumber ids above 16777216"),
        "an id that 64-bit floats round": (np.where(label_of(dims) == 3, 2.0**53, 0), "renumber ids from 2\\*\\*53 on"),
        "size": (label_of(dims)[:-1], rf"measures {SIZES[dims][0] - 1} x .* but its image {SIZES[dims][0]} x "),
    }


@both_dims
@pytest.mark.parametrize("case", bad_labels(2))
def test_bad_label_is_one_sentence(case: str, dims: int, save: Save) -> None:
    values, words = bad_labels(dims)[case]
    record = {"image": save(image_of(dims)), "label": save(values, "label.nii.gz")}
    with pytest.raises(InputError, match=words) as caught:
        reader(dims)(record)
    assert_one_sentence(str(caught.value), record["label"])


def broken_files() -> dict[str, Callable[[Path, bytes], None]]:
    return {
        "missing": lambda path, whole: path.unlink(),
        "truncated": lambda path, whole: path.write_bytes(whole[: len(whole) // 2]) and None,
        "cut near the end": lambda path, whole: path.write_bytes(whole[:-60]) and None,
        "text": lambda path, whole: path.write_text("no image") and None,
        "empty": lambda path, whole: path.write_bytes(b"") and None,
    }


@pytest.mark.parametrize("key", ["image", "label"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("case", broken_files())
def test_broken_file_is_one_sentence(case: str, suffix: str, key: str, save: Save) -> None:
    large = np.random.default_rng(0).random((60, 70), dtype=np.float32)
    record = {"image": save(large), "label": save((9 * large).astype(np.int16), "label.nii.gz")}
    path = Path(save(large, f"broken{suffix}"))
    broken_files()[case](path, path.read_bytes())
    with pytest.raises(InputError, match=r"does not exist|cannot be read as an image") as caught:
        reader(2)({**record, key: str(path)})
    assert_one_sentence(str(caught.value), str(path))


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder without DICOM files"):
        reader(2, ("image",))({"image": str(tmp_path)})


@pytest.mark.parametrize(
    ("dims", "image", "label", "size"),
    [
        (2, "neurite_oasis_2d/*/slice_norm.nii.gz", "neurite_oasis_2d/*/slice_seg24.nii.gz", (160, 192)),
        (2, "oasis_trt20/images/*-1.nii.gz", "oasis_trt20/labels/*-1.nii.gz", (216, 291)),
        (3, "neurite_oasis_3d/*/aligned_norm.nii.gz", "neurite_oasis_3d/*/aligned_seg35.nii.gz", (160, 192, 224)),
    ],
    ids=lambda value: str(value).split("/")[0],
)
def test_real_subjects_are_read(dims: int, image: str, label: str, size: tuple[int, ...], real_data: Path) -> None:
    found = [next(iter(sorted(real_data.glob(pattern))), None) for pattern in (image, label)]
    if None in found:
        pytest.skip(f"real data: {real_data / image} is absent")
    read = reader(dims)({"image": str(found[0]), "label": str(found[1])})
    assert read["image"].shape == read["label"].shape == (1, *size)
    assert read["image"].min() == 0 and len(read["label"].unique()) > 20
