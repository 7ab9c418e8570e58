"""What the fixed image's header alone knows, size of voxels and where axes point, reaches measures and figures."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scripts.data.pairs import PairDataset
from scripts.transforms import ReadSubjectd

RAS, LIA = np.eye(4), np.array([[-1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def opened(folder: Path, size: tuple[int, ...], **affines: np.ndarray) -> PairDataset:
    """The one pair of two files, ``moving`` and ``fixed``, with affines of their own."""
    dims, rng = sum(n > 1 for n in size), np.random.default_rng(0)
    records = []
    for name in ("moving", "fixed"):
        path = folder / f"{name}.nii.gz"
        nib.save(nib.Nifti1Image(rng.random(size, dtype=np.float32), affines[name]), path)
        records.append({"subject": name, "image": str(path)})
    return PairDataset(records[:1], ReadSubjectd(["image", "label"], dims, allow_missing_keys=True), records[1])


@pytest.mark.parametrize("size, spacing", [((12, 10, 1), (0.5, 2.0, 3.0)), ((12, 10, 9), (0.5, 2.0, 1.25))])
def test_spacing_is_the_fixed_images_by_its_header(
    size: tuple[int, ...], spacing: tuple[float, ...], tmp_path: Path
) -> None:
    pair = opened(tmp_path, size, moving=RAS, fixed=np.diag([*spacing, 1.0]))[0]
    assert pair["spacing"].tolist() == list(spacing[: sum(n > 1 for n in size)])


@pytest.mark.parametrize(("affine", "letters"), [(RAS, "RAS"), (LIA, "LIA"), (LIA @ np.diag([1, -1, 1, 1]), "LSA")])
def test_orientation_of_a_volume_is_the_fixed_images(affine: np.ndarray, letters: str, tmp_path: Path) -> None:
    other = RAS if letters != "RAS" else LIA
    assert opened(tmp_path, (12, 10, 9), moving=other, fixed=affine)[0]["orientation"] == letters


def test_the_header_of_a_slice_tells_no_orientation(tmp_path: Path) -> None:
    assert opened(tmp_path, (12, 10, 1), moving=RAS, fixed=LIA)[0]["orientation"] == ""
