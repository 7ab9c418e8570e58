"""The package's model trained on volumes for so long: what it sees, and that it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks import BUNDLE
from benchmarks.setting import volume_pairs
from benchmarks.voxelmorph_volumes import Training, trained, training_in_words
from scripts.data import PairDataset

pytestmark = pytest.mark.usefixtures("stand_in_package")
CPU = torch.device("cpu")


@pytest.fixture
def pairs(cohort_3d: Path, tmp_path: Path) -> PairDataset:
    return volume_pairs("hippocampus", dataset_dir=str(cohort_3d), cache_dir=str(tmp_path), spatial_size=[32, 32, 32])


def learnt(training: Training, pairs: PairDataset, steps: int) -> list[torch.Tensor]:
    """Weights after so many more steps."""
    for _ in range(steps):
        training._learn(pairs)
    return [each.detach().clone() for each in training.network.parameters()]


def test_interrupted_it_ends_with_the_same_weights(pairs: PairDataset, tmp_path: Path) -> None:
    steps = 2 * len(pairs) + 1
    whole = learnt(Training(tmp_path / "whole.pt", CPU), pairs, steps)
    stopped = Training(tmp_path / "stopped.pt", CPU)
    before = [each.detach().clone() for each in stopped.network.parameters()]
    learnt(stopped, pairs, steps - 2)
    stopped.save()
    again = Training(tmp_path / "stopped.pt", CPU)
    assert again.step == steps - 2
    assert all(torch.equal(*each) for each in zip(whole, learnt(again, pairs, 2), strict=True))
    assert not any(torch.equal(*each) for each in zip(whole, before, strict=True))


def test_pairs_change_with_the_epoch(pairs: PairDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(PairDataset, "__getitem__", watched(PairDataset.__getitem__, seen))
    learnt(Training(tmp_path / "t.pt", CPU), pairs, 3 * len(pairs))
    epochs = [tuple(seen[k : k + len(pairs)]) for k in range(0, len(seen), len(pairs))]
    assert len(set(epochs)) == 3


def watched(original, seen):  # type: ignore[no-untyped-def]
    def get(self: PairDataset, index: int) -> dict[str, object]:
        pair: dict[str, object] = original(self, index)
        seen.append((pair["moving_id"], pair["fixed_id"]))
        return pair

    return get


def test_it_is_trained_as_long_as_is_missing(cohort_3d: Path, tmp_path: Path) -> None:
    method = tmp_path / "small.yaml"
    text = (BUNDLE / "configs" / "methods" / "hippocampus.yaml").read_text(encoding="utf-8")
    method.write_text(text.replace("spatial_size: [48, 64, 48]", "spatial_size: [32, 32, 32]"), encoding="utf-8")
    path = trained(str(cohort_3d), str(method), 0.001, tmp_path)
    first = torch.load(path, weights_only=True)
    assert first["step"] >= 1 and first["seconds"] >= 0.06
    assert training_in_words(tmp_path).endswith(f" 0 min, {first['step']} steps.")
    trained(str(tmp_path / "nowhere"), str(method), 0.001, tmp_path)  # nothing is missing: no data are read
    assert torch.load(path, weights_only=True)["step"] == first["step"]
    trained(str(cohort_3d), str(method), first["seconds"] / 60 + 0.001, tmp_path)
    assert torch.load(path, weights_only=True)["step"] > first["step"]
