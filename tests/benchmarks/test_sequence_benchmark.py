"""The benchmark of sequences on small hearts: what stands still, what is trained first, what is known of the truth."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from benchmarks import sequences
from benchmarks.sequence_measures import carry, endpoint_error, measure
from benchmarks.sequence_rows import ROWS, is_ours, is_peer, is_trained
from scripts.data.hearts import write_hearts
from scripts.data.sequences import find_sequences


@pytest.fixture(scope="module")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hearts(tmp_path_factory.mktemp("hearts") / "beating", 5, (32, 32), 4)


def test_what_stands_still_has_the_overlap_of_the_labels_themselves(hearts: Path) -> None:
    record = find_sequences(hearts)[0]
    row = measure(lambda scaled, reference: torch.zeros(len(scaled), 2, *scaled.shape[1:]), record)
    first, *others = (np.asarray(nib.load(path).dataobj) for path in record["labels"].values())
    expected = [
        2 * ((a == i) & (first == i)).sum() / ((a == i).sum() + (first == i).sum()) for a in others for i in (1, 2, 3)
    ]
    assert row["dice"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert row["roughness"] == row["folded"] == 0
    assert row["ef_error"] == pytest.approx(-row["ef"])
    truth = np.asarray(nib.load(hearts / "heart000_motion.nii.gz").dataobj)[first > 0]
    assert row["endpoint"] == pytest.approx(np.linalg.norm(truth, axis=-1).mean(), rel=1e-5)


def test_the_true_motion_has_no_endpoint_error(hearts: Path) -> None:
    path = hearts / "heart000_motion.nii.gz"
    nifti = nib.load(path)
    steps = np.asarray(nifti.dataobj) * (-1, -1, 1) @ np.linalg.inv(nifti.affine[:3, :3]).T
    ddf = torch.from_numpy(np.moveaxis(steps[..., :2], (3, 4), (0, 1)).copy())
    assert endpoint_error(ddf, path, torch.ones(ddf.shape[2:], dtype=torch.bool)) == pytest.approx(0, abs=1e-6)


def test_labels_are_carried_by_the_inverse() -> None:
    label = torch.zeros(16, 16, dtype=torch.int32)
    label[4:8, 4:8] = 3
    ddf = torch.zeros(2, 2, 16, 16)
    ddf[1, 0] = 3  # every point moves by three voxels
    assert torch.equal(carry(label, ddf)[1], label.roll(3, 0))


def test_every_row_is_ours_or_a_peer_s() -> None:
    assert [name for name in ROWS if not (is_ours(name) or is_peer(name))] == ["unregistered"]
    assert all(is_ours(name) for name in ROWS if is_trained(name))


def test_the_command(hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It trains what is missing, measures every subject once, and shows both tables."""
    words = ["--dataset_dir", str(hearts), "--output_dir", str(tmp_path), "--max_epochs", "1"]
    words += ["--rows", "unregistered", "frame by frame", "consecutive, composed", "shipped weights"]
    sequences.main(words)
    said = capsys.readouterr().out
    assert "| frame by frame - shipped weights" in said and "endpoint error, mm" in said and "Closing error" in said
    (path,) = (tmp_path / "shipped_weights" / "seed0").glob("*.json")
    assert json.loads(path.read_text(encoding="utf-8"))["dice"] > 0.6
    written = path.stat().st_mtime_ns
    sequences.main(words)
    assert path.stat().st_mtime_ns == written
