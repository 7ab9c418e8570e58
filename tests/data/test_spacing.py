"""The size of the fixed image's voxels reaches the measures that need it."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scripts.data.pairs import PairDataset
from scripts.transforms import ReadSubjectd


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
    dims = sum(n > 1 for n in size)
    rng = np.random.default_rng(0)
    records = []
    for name, zooms in (("moving", (1.0, 1.0, 1.0)), ("fixed", spacing)):
        image = nib.Nifti1Image(rng.random(size, dtype=np.float32), np.diag([*zooms, 1.0]))
        nib.save(image, tmp_path / f"{name}.nii.gz")
        records.append({"subject": name, "image": str(tmp_path / f"{name}.nii.gz")})
    read = ReadSubjectd(["image", "label"], dims, allow_missing_keys=True)
    pair = PairDataset(records[:1], read, records[1])[0]
    assert pair["spacing"].tolist() == expected
