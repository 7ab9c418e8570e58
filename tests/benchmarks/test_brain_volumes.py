"""Heads cut to their brains: what is kept, and where it lies."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from benchmarks import brain_volumes

AFFINE = np.array([[0, 0, 4, -60], [-4, 0, 0, 80], [0, 4, 0, -50], [0, 0, 0, 1.0]])  # axes P, S, R; 4 mm
SIZE = (44, 34, 36)


def head(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A head whose brain, a box with a hole in its parcellation, touches the front of the image."""
    image = np.full(SIZE, 7, dtype=np.uint8)
    image[:22, 8:24, 5:30] = 100
    label = np.zeros(SIZE, dtype=np.uint8)
    label[:22, 8:24, 5:30] = 3
    label[10:12, 12:14, 10:12] = 0
    for kind, values in (("images", image), ("labels", label)):
        (folder / kind).mkdir(parents=True)
        nib.save(nib.Nifti1Image(values, AFFINE), folder / kind / "one.nii.gz")
    (folder / "split.json").write_text(json.dumps({"training": ["one"]}))
    return image, label


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    head(tmp_path / "ixi")
    brain_volumes.prepare(tmp_path / "ixi", tmp_path / "out")
    return tmp_path / "out"


def test_boxes_have_one_size_and_voxels_keep_their_places(prepared: Path, tmp_path: Path) -> None:
    whole = nib.load(tmp_path / "ixi" / "images" / "one.nii.gz")
    cut = nib.load(prepared / "heads" / "images" / "one.nii.gz")
    assert cut.shape == (48, 40, 40)  # 192 mm back to front, 160 mm along the others, in voxels of 4 mm
    to_whole = np.linalg.inv(whole.affine) @ cut.affine
    values = np.asanyarray(cut.dataobj)
    for index in np.argwhere(values == 100)[::97]:
        there = np.rint((to_whole @ [*index, 1])[:3]).astype(int)
        assert np.asanyarray(whole.dataobj)[tuple(there)] == 100
    assert (values == 100).sum() == 22 * 16 * 25


def test_brains_are_what_the_labels_cover_without_holes(prepared: Path) -> None:
    brain = np.asanyarray(nib.load(prepared / "brains" / "images" / "one.nii.gz").dataobj)
    label = np.asanyarray(nib.load(prepared / "brains" / "labels" / "one.nii.gz").dataobj)
    assert (brain == 100).sum() == 22 * 16 * 25  # the hole too
    rim = (brain == 7).sum()
    assert 0 < rim < 2 * (22 * 16 + 16 * 25 + 25 * 22)  # one voxel around
    assert label.shape == brain.shape
    assert (label == 3).sum() == 22 * 16 * 25 - 8


def test_both_are_data_sets(prepared: Path) -> None:
    for part in brain_volumes.PARTS:
        assert (prepared / part / "split.json").is_file()
