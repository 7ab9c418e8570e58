"""What a registration of volumes is worth: known shifts, and maps that fold."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from benchmarks.volume_measures import in_voxels, measured, regularity
from scripts.data.subjects import Record
from scripts.metrics import non_diffeomorphic_volume
from scripts.physical import read_image

SIZE = (20, 18, 16)
SPACING = (1.0, 2.0, 3.0)


def written(folder: Path, name: str, first: int) -> Record:
    """A box of 6 voxels along every axis that begins at so many voxels of the first, under a header that mirrors it."""
    label = np.zeros(SIZE, np.int16)
    label[first : first + 6, 5:11, 5:11] = 3
    affine = np.diag([-SPACING[0], SPACING[1], SPACING[2], 1.0])
    for what, values in (("image", label.astype(np.float32) + 1), ("label", label)):
        nib.save(nib.Nifti1Image(values, affine), folder / f"{name}_{what}.nii.gz")
    return {"subject": name, **{what: str(folder / f"{name}_{what}.nii.gz") for what in ("image", "label")}}


def test_a_known_shift_is_undone_by_its_vectors(tmp_path: Path) -> None:
    fixed, moving = written(tmp_path, "fixed", 5), written(tmp_path, "moving", 9)
    still = np.zeros((3, *SIZE), np.float32)
    before = measured(still, fixed, moving)
    assert before["dice"] == pytest.approx(2 / 6) and before["hd95"] == pytest.approx(4.0)  # 4 voxels of 1 mm
    assert before["folded"] == before["ndv"] == before["sdlogj"] == 0
    right = still.copy()
    right[0] = 4  # the first axis, mirrored in RAS, grows as LPS does
    found = measured(right, fixed, moving)
    assert found["dice"] == 1 and found["hd95"] == 0
    assert measured(-right, fixed, moving)["dice"] == 0
    assert np.isnan(measured(-4 * right, fixed, moving)["hd95"])  # the label left the image


def test_vectors_become_displacements_along_the_files_axes(tmp_path: Path) -> None:
    geometry = read_image(written(tmp_path, "fixed", 5)["image"]).geometry
    vectors = np.ones((3, *SIZE), np.float32) * np.array([2.0, 3.0, 6.0], np.float32).reshape(3, 1, 1, 1)
    found = in_voxels(vectors, geometry)[0, :, 3, 4, 5]
    np.testing.assert_allclose(found, [2.0, -1.5, 2.0], atol=1e-6)  # LPS: right is negative, so is front


def test_regularity_is_that_of_the_inside() -> None:
    """Along the first axis the map stretches to the twofold below the middle and folds above it."""
    ddf = torch.zeros(1, 3, *SIZE, dtype=torch.float64)
    ddf[0, 0, :10] = torch.arange(10.0)[:, None, None]
    ddf[0, 0, 10:] = 10 - 2 * torch.arange(10.0)[:, None, None]
    below, above, everywhere = (torch.zeros(SIZE, dtype=torch.bool) for _ in range(3))
    below[:8], above[12:], everywhere[:] = True, True, True
    found = regularity(ddf, below)
    assert found["folded"] == found["ndv"] == 0 and found["sdlogj"] == pytest.approx(0, abs=1e-6)
    found = regularity(ddf, above)
    assert found["folded"] == 1 and found["ndv"] == pytest.approx(1) and np.isnan(found["sdlogj"])
    cells = np.prod([n - 1 for n in SIZE])
    assert regularity(ddf, everywhere)["ndv"] == pytest.approx(float(non_diffeomorphic_volume(ddf)) / cells)


def test_the_deviation_leaves_folded_voxels_out_of_the_logarithm() -> None:
    ddf = torch.zeros(1, 3, *SIZE, dtype=torch.float64)
    ddf[0, 0] = torch.cat([torch.arange(10.0), 9 - 3 * torch.arange(10.0)])[:, None, None]
    inside = torch.zeros(SIZE, dtype=torch.bool)
    inside[[2, 3, 15]] = True
    found = regularity(ddf, inside)
    assert found["folded"] == pytest.approx(1 / 3) and found["sdlogj"] == pytest.approx(0, abs=1e-6)
