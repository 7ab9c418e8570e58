"""The adversarial method as a user trains it: killed and resumed, by two processes, evaluated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from support import BUNDLE, Run, bundle_command, kill_after_first_checkpoint, run_command

METHOD = ("train.yaml", "methods/adversarial.yaml")
SMALL: dict[str, object] = {
    "channels": "[4,4,4]",
    "spatial_size": "[48,64]",
    "val_interval": 5,
    "device": "cpu",
    "precision": "float32",
}
SMALL |= {"batch_size": 2, "refinement_steps": 0, "companions#adversary#discriminator#channels": 4}
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


def small(cohort: Path, out: Path, **options: object) -> dict[str, object]:
    folders = {"dataset_dir": cohort, "output_dir": out, "cache_dir": out / "cache"}
    return {**SMALL, **folders, **options}


def assert_same(first: Any, second: Any, tolerance: float) -> None:
    """Every number and tensor of two checkpoints' parts."""
    if isinstance(first, torch.Tensor):
        torch.testing.assert_close(first, second, rtol=tolerance, atol=tolerance)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert_same(value, second[key], tolerance)
    else:
        assert first == second or abs(first - second) <= tolerance


def test_killed_resumed_evaluated(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    """Ends as one that was left alone: both networks, both optimisers. The evaluation asks for no discriminator."""
    whole, killed = (small(cohort_2d, tmp_path / name, max_epochs=10) for name in ("whole", "killed"))
    said = run_bundle(METHOD, "training", **whole)
    assert said.returncode == 0, said.stderr
    assert "discriminator 0." in said.stdout and "accuracy 0." in said.stdout and "adversarial 0." in said.stdout
    kill_after_first_checkpoint(bundle_command(METHOD, "training", **killed), tmp_path / "killed")
    resumed = run_bundle(METHOD, "training", **killed)
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed from" in resumed.stdout
    left, right = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("whole", "killed"))
    for part in ("network", "optimizer", "adversary"):
        assert_same(left[part], right[part], 0)

    (tmp_path / "whole" / "checkpoint.pt").unlink()
    evaluated = run_bundle((*METHOD, "evaluate.yaml"), **whole, num_figures=0)
    assert evaluated.returncode == 0, evaluated.stderr
    summary = json.loads((tmp_path / "whole" / "evaluation_random" / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "network"]


def test_another_discriminator_is_another_training(cohort_2d: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(cohort_2d, tmp_path / "out", max_epochs=1)
    assert run_bundle(METHOD, "training", **options).returncode == 0
    said = run_bundle(METHOD, "training", **options, **{"companions#adversary#blend": 0.5})
    assert said.returncode != 0
    assert "belongs to a training with companions#adversary#blend 0.2, not 0.5" in said.stdout + said.stderr


def test_two_processes_learn_what_one_learns(cohort_2d: Path, tmp_path: Path) -> None:
    for count, overlay in ((1, []), (2, ["multi_gpu_train.yaml"])):
        options = small(cohort_2d, tmp_path / str(count), max_epochs=2, pairing="atlas")
        command = bundle_command([*METHOD, *overlay], "training", **{**options, "batch_size": 4 // count})
        if count == 2:
            command[1:3] = [*TORCHRUN, "-m", "monai.bundle"]
        said = run_command(command, BUNDLE)
        assert said.returncode == 0, said.stderr[-3000:]
    one, two = (torch.load(tmp_path / str(n) / "checkpoint.pt", weights_only=True)["adversary"] for n in (1, 2))
    assert_same(one["discriminator"], two["discriminator"], 1e-3)
    assert abs(one["running"] - two["running"]) < 0.05
