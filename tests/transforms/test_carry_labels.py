"""One image against the atlas: the pair that the network sees, the labels that come back to the file's own grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, Invertd, ResizeWithPadOrCropd

from scripts.errors import InputError
from scripts.transforms import Atlas, CarryAtlasLabelsd, PairWithAtlasd, ReadSubjectd
from support import both_dims

SIZES = {2: (32, 28), 3: (20, 22, 24)}
IDS = [0, 7, 1002, 2035]


def blocks(dims: int) -> np.ndarray:
    """A label map of rectangles with wide margins: a shift of two voxels loses nothing."""
    label = np.zeros(SIZES[dims], np.int16)
    for k, label_id in enumerate(IDS[1:]):
        label[(slice(5 + 3 * k, 9 + 3 * k), *(slice(6, 15),) * (dims - 1))] = label_id
    return label


def write(path: Path, values: np.ndarray) -> str:
    affine = np.array([[-1.5, 0, 0, 10], [0, 0, 2.0, -4], [0, -0.75, 0, 3], [0, 0, 0, 1]])  # left, down, front
    nib.save(nib.Nifti1Image(values[..., None] if values.ndim == 2 else values, affine), path)
    return str(path)


def preparation(dims: int, size: tuple[int, ...] = ()) -> Compose:
    keys = ["image", "label"]
    read = ReadSubjectd(keys, dims, ["label"], allow_missing_keys=True)
    return Compose([read, ResizeWithPadOrCropd(keys, size or SIZES[dims], allow_missing_keys=True)])


@pytest.fixture
def atlas_files(tmp_path: Path) -> dict[int, tuple[str, str]]:
    files = {}
    for dims in (2, 3):
        image = np.random.default_rng(0).random(SIZES[dims], dtype=np.float32) + blocks(dims) / 1000
        files[dims] = write(tmp_path / f"i{dims}.nii.gz", image), write(tmp_path / f"l{dims}.nii.gz", blocks(dims))
    return files


@both_dims
def test_atlas_is_read_once_and_late(dims: int, atlas_files: dict, tmp_path: Path) -> None:
    calls = []

    def prepare(paths: Any) -> Any:
        calls.append(paths)
        return preparation(dims)(paths)

    atlas = Atlas(*atlas_files[dims], prepare)
    assert calls == []
    np.testing.assert_array_equal(atlas["label"][0].numpy(), blocks(dims))
    assert atlas["image"].shape == (1, *SIZES[dims]) and len(calls) == 1


def test_missing_atlas_is_one_sentence(atlas_files: dict) -> None:
    atlas = Atlas(atlas_files[2][0], "nowhere/label.nii.gz", preparation(2))
    with pytest.raises(InputError, match=r"^the atlas file nowhere/label.nii.gz does not exist; .*--atlas_image"):
        atlas["image"]


@both_dims
def test_pair_is_image_then_atlas_with_the_image_s_metadata(dims: int, atlas_files: dict, tmp_path: Path) -> None:
    atlas = Atlas(*atlas_files[dims], preparation(dims))
    path = write(tmp_path / "subject.nii.gz", np.random.default_rng(5).random(SIZES[dims], dtype=np.float32))
    record = preparation(dims)({"image": path})
    pair = PairWithAtlasd("image", atlas)(record)["image"]
    assert isinstance(pair, MetaTensor) and pair.shape == (2, *SIZES[dims])
    assert torch.equal(pair[0].as_tensor(), record["image"][0].as_tensor())
    assert torch.equal(pair[1].as_tensor(), atlas["image"][0].as_tensor())
    assert pair.meta["filename_or_obj"] == path
    assert pair.applied_operations == record["image"].applied_operations


@both_dims
@pytest.mark.parametrize("as_mapping", [True, False])
def test_identity_gives_the_atlas_s_labels(dims: int, as_mapping: bool, atlas_files: dict) -> None:
    atlas = Atlas(*atlas_files[dims], preparation(dims))
    ddf = torch.zeros(dims, *SIZES[dims])
    record = {"image": atlas["image"], "pred": {"ddf": ddf, "warped": ddf} if as_mapping else ddf}
    label = CarryAtlasLabelsd("pred", atlas)(record)["pred"]
    assert label.dtype == torch.int32
    np.testing.assert_array_equal(label[0].numpy(), blocks(dims))


@both_dims
def test_known_shift_carries_labels_back(dims: int, atlas_files: dict) -> None:
    """An image whose brain lies 2 voxels further along an axis: image(x + 2) = atlas(x), so the labels go by +2."""
    atlas = Atlas(*atlas_files[dims], preparation(dims))
    for axis in range(dims):
        ddf = torch.zeros(dims, *SIZES[dims])
        ddf[axis] = 2.0
        label = CarryAtlasLabelsd("pred", atlas)({"image": atlas["image"], "pred": ddf})["pred"]
        np.testing.assert_array_equal(label[0].numpy(), np.roll(blocks(dims), 2, axis=axis))


@both_dims
def test_no_id_is_invented(dims: int, atlas_files: dict) -> None:
    atlas = Atlas(*atlas_files[dims], preparation(dims))
    ddf = torch.randn(dims, *SIZES[dims], generator=torch.Generator().manual_seed(0))
    label = CarryAtlasLabelsd("pred", atlas)({"image": atlas["image"], "pred": ddf})["pred"]
    assert set(label.unique().tolist()) <= set(IDS)


@both_dims
def test_labels_return_to_the_file_s_own_grid(dims: int, atlas_files: dict, tmp_path: Path) -> None:
    """Cropped to the working grid and back: the file's shape, with the third axis of a slice, and its affine."""
    working = tuple(n - 4 + (i == 0) for i, n in enumerate(SIZES[dims]))
    prepare = preparation(dims, working)
    atlas = Atlas(*atlas_files[dims], prepare)
    record = PairWithAtlasd("image", atlas)(prepare({"image": atlas_files[dims][0]}))
    record["pred"] = torch.zeros(dims, *working)
    back = Compose(
        [
            CarryAtlasLabelsd("pred", atlas),
            Invertd("pred", prepare, orig_keys="image", nearest_interp=True, to_tensor=True),
        ]
    )(record)["pred"]
    file = nib.Nifti1Image.from_filename(atlas_files[dims][0])
    assert tuple(back.shape) == (1, *file.shape)
    np.testing.assert_allclose(back.affine, file.affine)
    np.testing.assert_array_equal(back[0].numpy().reshape(SIZES[dims]), blocks(dims))
