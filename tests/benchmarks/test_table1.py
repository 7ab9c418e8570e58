"""Table 1: what is run, what is not run again, and what comes of finished runs."""

from __future__ import annotations

import ast
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

from benchmarks import table1, table1_runs
from benchmarks.setting import OURS, ROWS, row_files
from benchmarks.table1_report import collect, docs_tables, draw, write_tables
from benchmarks.table1_runs import EVALUATED, TRAINED, Run
from scripts.errors import InputError
from scripts.reports import PairResult, dice_csv, labels_csv, pairs_csv
from scripts.reports.panels import FIXED_COLOUR, GRID_COLOUR, OWN_COLOUR
from scripts.reports.style import stage_colour
from support import Picture, coloured, run_command

SIZE, LABELS = (32, 36), {1: "disc", 2: "ring"}
SUBJECTS = [f"s{n}" for n in range(7)]
GAINS = {"vxm1": 0.1, "vxm2": 0.15, "unet": 0.12, OURS: 0.2}


def make_run(folder: Path, row: str, seed: int, **options: Any) -> Run:
    configs = row_files(row, ["configs/schedules/quick.yaml"])
    return Run(row, seed, folder / f"{row}_{seed}", configs, {"max_epochs": 40, **options}, SUBJECTS[:5])


class FakeBundle:
    """Stands in for the subprocess: notes the command, writes what the bundle would."""

    def __init__(self, fail: str = "") -> None:
        self.commands: list[list[str]] = []
        self.fail = fail

    def __call__(self, command: list[str], **kwargs: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        options = dict(pairwise(command))
        verb = "training" if "training" in command else "evaluation"
        if verb == self.fail:
            kwargs["stdout"].write("error: the reason\n")
            return subprocess.CompletedProcess(command, 1)
        path = (
            Path(options["--output_dir"]) / TRAINED if verb == "training" else Path(options["--report_dir"]) / EVALUATED
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return subprocess.CompletedProcess(command, 0)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBundle:
    bundle = FakeBundle()
    monkeypatch.setattr(table1_runs.subprocess, "run", bundle)
    return bundle


def test_every_row_and_seed_is_trained_and_evaluated_once(tmp_path: Path, fake: FakeBundle) -> None:
    runs = [make_run(tmp_path, row, seed) for row in ("vxm1", OURS) for seed in (0, 1)]
    table1.execute(runs)
    assert len(fake.commands) == 8
    table1.execute(runs)
    assert len(fake.commands) == 8
    (runs[1].report / EVALUATED).unlink()
    table1.execute(runs)
    assert len(fake.commands) == 9
    assert "evaluation" in fake.commands[-1][fake.commands[-1].index("--report_dir") + 1]


def test_rows_differ_in_their_overlay_alone(tmp_path: Path, fake: FakeBundle) -> None:
    runs = [make_run(tmp_path, row, 3) for row in ("vxm1", "vxm2", OURS)]
    shared = []
    for run in runs:
        run.folder.mkdir()
        run.train()
        command = fake.commands[-1]
        configs = ast.literal_eval(command.pop(command.index("--config_file") + 1))
        command.remove(str(run.folder))
        own = [] if run.row == OURS else [str(ROWS / f"{run.row}.yaml")]
        assert configs == [*row_files(OURS, []), "configs/schedules/quick.yaml", *own]
        shared.append(command)
    assert shared[0] == shared[1] == shared[2]
    assert shared[0][shared[0].index("--seed") + 1] == "3"


def test_an_interrupted_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [make_run(tmp_path, row, 0) for row in ("vxm1", OURS)]
    broken, whole = FakeBundle(fail="evaluation"), FakeBundle()
    monkeypatch.setattr(table1_runs.subprocess, "run", broken)
    with pytest.raises(InputError, match="the reason"):
        table1.execute(runs)
    monkeypatch.setattr(table1_runs.subprocess, "run", whole)
    table1.execute(runs)
    assert len(whole.commands) == 3  # the first training was finished


def test_another_budget_in_the_same_folder_is_refused(tmp_path: Path, fake: FakeBundle) -> None:
    table1.execute([make_run(tmp_path, OURS, 0)])
    with pytest.raises(InputError, match="other settings"):
        table1.execute([make_run(tmp_path, OURS, 0, max_epochs=80)])


def test_an_unknown_row_is_named() -> None:
    with pytest.raises(InputError, match="vxm9"):
        row_files("vxm9", [])


def test_the_papers_five_images_are_drawn_once_and_for_all() -> None:
    subjects = [f"s{n:02}" for n in range(30)]
    chosen = table1.choose_test_images(subjects)
    assert len(set(chosen)) == 5 and set(chosen) <= set(subjects)
    assert chosen == table1.choose_test_images(subjects[::-1])
    assert table1.choose_test_images(subjects[:3]) == subjects[:3]


def finished(run: Run) -> Run:
    """Write what a training and an evaluation leave, with a Dice that is known."""
    rng = np.random.default_rng(run.seed)
    run.report.mkdir(parents=True)
    results = []
    for n, subject in enumerate(SUBJECTS):
        before = np.array([0.5, 0.6]) + 0.01 * n
        dice = {"unregistered": before, "network": before + GAINS[run.row] + 0.001 * run.seed}
        measures = {"unregistered": {"mse": 0.04}, "network": {"mse": 0.02 + rng.random() / 1000, "seconds": 0.1}}
        for values, folds in zip(measures.values(), (0.0, 0.01), strict=True):
            values.update({"folding": folds, "sdlogj": 10 * folds})
        by_label = {stage: {"hd95": np.array([2.0, 3.0])} for stage in dice}
        results.append(PairResult(subject, "atlas", dice, measures, by_label))
        if subject in run.saved_pairs:
            write_pair(run.report / f"pair_{subject}_to_atlas.npz", left=1 if run.row == OURS else 2)
    (run.report / "dice.csv").write_text(dice_csv(results, LABELS))
    (run.report / "labels.csv").write_text(labels_csv(results, LABELS))
    (run.report / "pairs.csv").write_text(pairs_csv(results))
    with SummaryWriter(str(run.folder / "tensorboard")) as writer:
        for epoch in range(1, 5):
            writer.add_scalar("loss", 1 / epoch, epoch)
            writer.add_scalar("dice", 0.1 * epoch, epoch)
    return run


def write_pair(path: Path, left: int) -> None:
    grid = np.indices(SIZE)
    labels = [((grid[0] - 14 - shift) ** 2 + (grid[1] - 16) ** 2 < 40).astype(np.int32) for shift in (0, 4, left)]
    images = [label * 0.8 + 0.1 for label in labels]
    names = ("fixed", "moving", "warped")
    arrays = dict(zip(names, images, strict=True)) | {f"{n}_label": x for n, x in zip(names, labels, strict=True)}
    np.savez_compressed(path, ddf=np.zeros((2, *SIZE), np.float32), **arrays)


def test_tables_and_figures_of_finished_runs(tmp_path: Path, picture: Picture) -> None:
    runs = [finished(make_run(tmp_path, row, seed)) for row in ("vxm1", "vxm2", OURS, "unet") for seed in (0, 1)]
    comparison = collect(runs, SUBJECTS[:5])
    text = write_tables(comparison, tmp_path, "The protocol.")
    draw(comparison, tmp_path)
    assert "The protocol." in text
    paper = text.split("## As in the paper")[1].split("##")[0]
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in paper.splitlines() if line.startswith("|")]
    assert rows[0] == ["test", "Affine", "Vxm-1", "Vxm-2", "ours"]
    assert rows[2] == ["1", "0.5500 ± 0.0500", "0.6505 ± 0.0500", "0.7005 ± 0.0500", "0.7505 ± 0.0500"]
    assert [row[0] for row in rows[2:]] == ["1", "2", "3", "4", "5", "mean"]
    assert rows[-1][-1] == "0.7705 ± 0.0500"
    ablation = text.split("## Ablation")[1]
    assert "U-Net" in ablation and "Vxm" not in ablation
    assert "95,298" in ablation  # parameters of the plain U-Net
    tested = docs_tables(comparison).split("**Ours against")[1].split("**Ablation")[0]
    assert "Dice" in tested and "MSE" not in tested and "MSE" in text.split("## Ours against")[1]
    for name in ("table1.csv", "extended.csv", "tests.csv", "ablation.csv"):
        assert (tmp_path / name).read_text(encoding="utf-8").count("\n") > 3, name
    stages = [stage_colour(k) for k in range(5)]  # the affine stage, three networks, and one for which there is none
    shown = {
        "labels": stages[:4],
        "curves": stages[1:4],
        "figure5": [FIXED_COLOUR, OWN_COLOUR],
        "fields": [GRID_COLOUR],
    }
    for name, colours in shown.items():
        pixels = picture(tmp_path / f"{name}.png")
        assert [colour for colour in colours if not coloured(pixels, colour).any()] == [], name
        assert not coloured(pixels, stages[4]).any(), name  # the ablation's network is in none of them


def forked(command: list[str], cwd: Path, stdout: TextIO, **_: Any) -> subprocess.CompletedProcess[str]:
    """``subprocess.run``, in a process that has imported the libraries already."""
    done = run_command(command, cwd)
    stdout.write(done.stdout + done.stderr)
    return done


def test_one_command_from_data_to_table(
    cohort_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table1_runs.subprocess, "run", forked)
    arguments = ["--dataset_dir", str(cohort_2d), "--steps", "1", "--seeds", "0", "--rows", OURS]
    arguments += ["--output_dir", str(tmp_path)]
    table1.main(arguments)
    assert "| mean |" in capsys.readouterr().out
    settings = json.loads((tmp_path / "ours_seed0" / "settings.json").read_text(encoding="utf-8"))
    assert int(settings["max_epochs"]) == 1
    written = (tmp_path / "ours_seed0" / TRAINED).stat().st_mtime_ns
    table1.main(arguments)
    assert (tmp_path / "ours_seed0" / TRAINED).stat().st_mtime_ns == written
