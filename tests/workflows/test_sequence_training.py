"""Sequences as a user trains them: on hearts, evaluated where they are labelled, stopped and gone on with."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch

from support import BUNDLE, Run, bundle_command, run_command

TRAIN = ("train.yaml", "methods/sequence.yaml", "schedules/sequence.yaml")
EVALUATE = (*TRAIN, "evaluate.yaml")


@pytest.fixture(scope="module")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six small hearts; of each two frames are labelled, as in ACDC."""
    from scripts.data.hearts import write_hearts

    folder = write_hearts(tmp_path_factory.mktemp("hearts") / "beating", 6, (32, 32), 5)
    for frame in (2, 4, 5):
        for path in folder.glob(f"*_frame0{frame}_gt.nii.gz"):
            path.unlink()
    return folder


def small(hearts: Path, output_dir: Path, **options: object) -> dict[str, object]:
    folders = {"dataset_dir": hearts, "output_dir": output_dir, "cache_dir": output_dir / "cache"}
    few = {"channels": "[4,4,4,4]", "max_epochs": 2, "val_interval": 1, "refinement_steps": 2, "device": "cpu"}
    return {**few, **folders, **options}


def test_train_then_evaluate(hearts: Path, run_bundle: Run, tmp_path: Path) -> None:
    options = small(hearts, tmp_path / "out")
    trained = run_bundle(TRAIN, "training", **options)
    assert trained.returncode == 0, trained.stderr
    assert "temporal" in trained.stdout
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"checkpoint.pt", "model.pt", "model_last.pt", "tensorboard"} <= files
    evaluated = run_bundle(EVALUATE, **options, num_figures=1)
    assert evaluated.returncode == 0, evaluated.stderr
    report = tmp_path / "out" / "evaluation_random"
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert list(summary["stages"]) == ["unregistered", "network", "refined"]
    assert summary["pairs"] == 3  # of the one test heart every slice, from its first labelled frame to the other
    rows = list(csv.DictReader((report / "dice.csv").open(encoding="utf-8")))
    assert {row["label"] for row in rows} == {"1", "2", "3"}
    (figure,) = report.glob("pair_*.png")
    assert "_slice1_frame03_to_" in figure.name and "_frame01" in figure.name


def test_a_stopped_training_ends_as_one_that_was_left_alone(hearts: Path, run_bundle: Run, tmp_path: Path) -> None:
    rate = {"final_learning_rate": "@learning_rate"}  # constant: then two epochs and one more are one training
    for name, epochs in (("whole", 3), ("stopped", 2), ("stopped", 3)):
        said = run_bundle(TRAIN, "training", **small(hearts, tmp_path / name, max_epochs=epochs, **rate))
        assert said.returncode == 0, said.stderr
    assert "resumed from" in said.stdout
    weights = [torch.load(tmp_path / name / "model_last.pt", weights_only=True) for name in ("whole", "stopped")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"train#dataloader#batch_size": 2}, "batch_size is 2, but a step takes the frames of one sequence"),
        ({"affine": True}, "affine is for pairs of subjects"),
        ({"atlas": "heart001"}, "atlas is for pairs of subjects"),
        ({"spatial_dims": 3}, "3"),
    ],
)
def test_what_sequences_cannot_have(
    hearts: Path, run_bundle: Run, tmp_path: Path, options: dict[str, object], words: str
) -> None:
    said = run_bundle(TRAIN, "training", **{**small(hearts, tmp_path / "out"), **options})
    assert said.returncode != 0
    assert words in said.stdout + said.stderr


def test_two_processes_share_sequences(hearts: Path, tmp_path: Path) -> None:
    """They train one network, and their table is that of one process with its weights."""
    out, alone = tmp_path / "two", tmp_path / "one"
    trained = in_two_processes([*TRAIN, "multi_gpu_train.yaml"], "training", **small(hearts, out))
    assert trained.returncode == 0, trained.stderr[-3000:]
    weights = {"ckpt_path": out / "model_last.pt", "num_figures": 0, "split_file": split_of(hearts, tmp_path)}
    shared = in_two_processes([*EVALUATE, "multi_gpu_evaluate.yaml"], None, **small(hearts, out, **weights))
    assert shared.returncode == 0, shared.stderr[-3000:]
    said = run_command(bundle_command(EVALUATE, None, **small(hearts, alone, **weights)), BUNDLE)
    assert said.returncode == 0, said.stderr
    tables = [(folder / "evaluation_random" / "dice.csv").read_text(encoding="utf-8") for folder in (out, alone)]
    rows = [[line.split(",") for line in table.splitlines()] for table in tables]
    assert len(rows[0]) == len(rows[1]) == 1 + 2 * 3 * 3  # two hearts of three slices, three labels
    assert [row[:2] for row in rows[0]] == [row[:2] for row in rows[1]]


def in_two_processes(configs: Sequence[str], run_id: str | None, **options: object) -> CompletedProcess[str]:
    command = bundle_command(configs, run_id, **options)
    command[1:3] = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "monai.bundle"]
    return run_command(command, BUNDLE)


def split_of(hearts: Path, folder: Path) -> Path:
    names = sorted(path.name.removesuffix("_4d.nii.gz") for path in hearts.glob("*_4d.nii.gz"))
    path = folder / "split.json"
    path.write_text(json.dumps({"training": names[:3], "validation": names[3:4], "test": names[4:]}))
    return path
