"""What the fixed image's header alone knows, size of voxels and where axes point, reaches measures and figures."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scripts.data.pairs import PairDataset
from scripts.physical import ORIENTATION
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


@pytest.mark.parametrize(
    "size, spacing, expected",
    [
        ((12, 10, 1), (0.5, 2.0, 3.0), [0.5, 2.0]),
        ((12, 1, 10), (0.5, 3.0, 2.0), [0.5, 2.0]),
        ((12, 10, 9), (0.5, 2.0, 1.25), [0.5, 1.25, 2.0]),  # left, down, front
    ],
)
def test_spacing_is_the_fixed_images_by_its_header(
    size: tuple[int, ...], spacing: tuple[float, ...], expected: list[float], tmp_path: Path
) -> None:
    fixed = np.diag([*spacing, 1.0])
    pair = opened(tmp_path, size, moving=fixed @ np.diag([1.01, 1.01, 1.01, 1]), fixed=fixed)[0]
    assert pair["spacing"].tolist() == expected


@pytest.mark.parametrize("affine", [RAS, LIA, LIA @ np.diag([1, -1, 1, 1])])
def test_a_volume_is_read_in_the_canonical_orientation(affine: np.ndarray, tmp_path: Path) -> None:
    assert opened(tmp_path, (10, 10, 10), moving=RAS, fixed=affine)[0]["orientation"] == ORIENTATION[3]


def test_the_header_of_a_slice_tells_no_orientation(tmp_path: Path) -> None:
    assert opened(tmp_path, (12, 10, 1), moving=RAS, fixed=LIA)[0]["orientation"] == ""
