"""Label maps written on the grid of the file they belong to, slices of any orientation included."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from scripts.transforms import SaveLabelMapd

CORONAL = np.array([[-1.0, 0, 0, 32], [0, 0, 1.5, -0.5], [0, -1.0, 0, 36], [0, 0, 0, 1]])
SHAPES = [(12, 14, 1), (12, 1, 14), (9, 10, 11)]


def image_like(array: np.ndarray) -> nib.Nifti1Image:
    """What was segmented."""
    return nib.Nifti1Image(array.astype(np.float32), CORONAL)


def save(folder: Path, array: np.ndarray, image: nib.Nifti1Image | None = None) -> Path:
    source = folder.parent / "subject.nii.gz"
    (image or image_like(array)).to_filename(source)
    label = MetaTensor(torch.from_numpy(array)[None], affine=CORONAL, meta={"filename_or_obj": str(source)})
    write = SaveLabelMapd(
        "pred", output_dir=str(folder), output_postfix="seg", output_dtype=np.int32, separate_folder=False
    )
    write({"pred": label})
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shape_affine_and_ids_are_kept(shape: tuple[int, ...], tmp_path: Path) -> None:
    ids = np.random.default_rng(0).choice([0, 7, 1002, 2035], shape).astype(np.int32)
    path = save(tmp_path / "out", ids)
    assert path.name == "subject_seg.nii.gz"
    file = nib.Nifti1Image.from_filename(path)
    assert file.shape == shape and file.get_data_dtype() == np.int32
    np.testing.assert_allclose(file.affine, CORONAL)
    np.testing.assert_array_equal(np.asarray(file.dataobj), ids)


def test_where_it_lies_is_said_as_the_image_says_it(tmp_path: Path) -> None:
    """ITK takes the qform of such a file, nibabel the sform; both should find the labels on the image."""
    ids = np.arange(9 * 10 * 11, dtype=np.int32).reshape(9, 10, 11)
    image = image_like(ids)
    image.set_qform(np.diag([-1.0, 1, 1.5, 1]), 1)
    image.set_sform(CORONAL, 4)
    stored = nib.load(save(tmp_path / "out", ids, image))
    for form in ("qform", "sform"):
        affine, code = getattr(stored, f"get_{form}")(coded=True)
        expected, expected_code = getattr(image, f"get_{form}")(coded=True)
        assert code == expected_code
        np.testing.assert_allclose(affine, expected, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(stored.dataobj), ids)


def test_failing_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(image: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(nib, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "out", np.zeros((9, 10, 11), np.int32))
    assert not (tmp_path / "out").exists()
