"""Table 1 by budget: trainings side by side, ended where the last budget is reached, compared seed by seed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks import budgets
from benchmarks.budgets import Row, draw, parse_arguments, plan, table_of
from benchmarks.setting import OURS, row_files
from benchmarks.table1_runs import EVALUATED, Job, Run, run_side_by_side
from made_up_results import cells
from scripts.errors import InputError
from scripts.reports import PairResult, dice_csv, pairs_csv
from scripts.reports.style import stage_colour
from support import Picture, coloured

BUDGETS = {30: 900, 100: 3000}
GAINS = {"vxm2": 0.10, OURS: 0.13}


def job(folder: Path, code: str, target: Path | None = None) -> Job:
    return Job("a row", "training", [sys.executable, "-c", code], folder / "training.log", target)


def test_jobs_run_beside_one_another(tmp_path: Path) -> None:
    """Each waits for the other's file: one after the other, they would never end."""
    meet = "import pathlib, time; pathlib.Path({0!r}).touch()\nwhile not pathlib.Path({1!r}).exists(): time.sleep(0.02)"
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    run_side_by_side([job(tmp_path, meet.format(first, second)), job(tmp_path, meet.format(second, first))], 2)


def test_a_job_ends_with_its_target(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    start = time.monotonic()
    run_side_by_side(
        [job(tmp_path, f"import pathlib, time; pathlib.Path({str(target)!r}).touch(); time.sleep(600)", target)], 1
    )
    assert target.is_file() and time.monotonic() - start < 300


def test_where_one_fails_the_others_are_stopped(tmp_path: Path) -> None:
    started = tmp_path / "started"
    long = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(started)!r}).exists(): time.sleep(0.02)\n"
    fails = f"{wait}raise SystemExit('the reason')"
    start = time.monotonic()
    with pytest.raises(InputError, match="the reason"):
        run_side_by_side([job(tmp_path, long), job(tmp_path, fails)], 2)
    assert time.monotonic() - start < 300


def options(tmp_path: Path, *more: str) -> argparse.Namespace:
    return parse_arguments(["--dataset_dir", "synthetic", "--output_dir", str(tmp_path), *more])


def test_other_sigmas_are_trained_with_the_first_seed(tmp_path: Path) -> None:
    rows = plan(options(tmp_path, "--rows", "vxm2", OURS, "--sigmas", "0.03", "--seeds", "4", "5"), tmp_path)
    assert [(row.network, row.sigma, [run.seed for run in row.runs]) for row in rows] == [
        ("vxm2", 0.01, [4, 5]),
        (OURS, 0.01, [4, 5]),
        ("vxm2", 0.03, [4]),
        (OURS, 0.03, [4]),
    ]
    assert len({run.folder for row in rows for run in row.runs}) == 6
    assert rows[2].runs[0].options["smoothness"] == 0.03


def finished(folder: Path, network: str, seeds: Sequence[int], epochs: Sequence[int], sigma: float = 0.01) -> Row:
    """A row whose evaluations are there, with a Dice that is known."""
    runs = []
    for seed in seeds:
        runs.append(Run(network, seed, folder / f"{network}_{sigma}_{seed}", row_files(network, []), {}))
        for epoch in epochs:
            report = runs[-1].report_after(epoch)
            report.mkdir(parents=True)
            results = []
            for n in range(7):
                before = np.array([0.5, 0.6]) + 0.01 * n
                gain = GAINS[network] + 0.0001 * epoch + 0.001 * seed - sigma + 0.0001 * n
                measures = {"folding": 0.01 - sigma / 10, "ndv": 0.0, "sdlogj": 0.3, "hd95": 2.0}
                dice = {"unregistered": before, "network": before + gain}
                results.append(PairResult(f"s{n}", "a", dice, {"unregistered": dict(measures), "network": measures}))
            (report / "dice.csv").write_text(dice_csv(results, {1: "disc", 2: "ring"}))
            (report / "pairs.csv").write_text(pairs_csv(results))
            (report / EVALUATED).touch()
    return Row(network, sigma, runs)


def test_networks_are_compared_by_the_seeds_that_both_have(tmp_path: Path) -> None:
    """Ours has one training of the larger budget: its difference is to Vxm-2 of that seed, not to the mean of all."""
    ours = finished(tmp_path, OURS, [0, 1], [30])
    late = finished(tmp_path / "late", OURS, [1], [100]).runs[0]
    rows = [finished(tmp_path, "vxm2", [0, 1], [30, 100]), Row(OURS, 0.01, [ours.runs[0], late])]
    table = {(row[0], row[3]): row for row in cells(table_of(rows, BUDGETS))[2:]}
    assert table["Vxm-2", "900"][4:7] == ["2", "0.6738", "0.6733, 0.6743"]
    assert table["ours", "3,000"][4:6] == ["1", "0.7113"]
    assert table["ours", "3,000"][7].startswith("+0.0300")
    assert table["Vxm-2", "900"][7] == ""


def test_a_row_that_came_nowhere_is_left_out(tmp_path: Path) -> None:
    rows = [finished(tmp_path, "vxm2", [0], [30]), finished(tmp_path, OURS, [0], [])]
    assert [row[0] for row in cells(table_of(rows, BUDGETS))[2:]] == ["Vxm-2"]


def test_figure_of_budgets_and_of_folding(tmp_path: Path, picture: Picture) -> None:
    networks = ("vxm2", OURS)
    rows = [finished(tmp_path, name, [0, 1], [30, 100]) for name in networks]
    draw(tmp_path / "one.png", rows, BUDGETS)
    rows += [finished(tmp_path, name, [0], [30], 0.03) for name in networks]
    draw(tmp_path / "two.png", rows, BUDGETS)
    one, two = (picture(tmp_path / f"{name}.png") for name in ("one", "two"))
    assert two.shape[1] > 1.5 * one.shape[1]
    for pixels in (one, two):
        assert all(coloured(pixels, stage_colour(k)).any() for k in (1, 2))


def test_what_was_trained_is_evaluated_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Job] = []
    monkeypatch.setattr(budgets, "run_side_by_side", lambda jobs, count: asked.extend(jobs))
    rows = plan(options(tmp_path, "--rows", "vxm2", OURS, "--seeds", "0"), tmp_path)
    rows[0].runs[0].folder.mkdir()
    (rows[0].runs[0].folder / "model_epoch30.pt").touch()
    budgets.execute(rows, [30, 100], 1, as_is=True)
    assert [(each.verb, each.what) for each in asked] == [("evaluation", "vxm2 with seed 0")]
    budgets.execute(rows, [30, 100], 1)
    assert [each.verb for each in asked[1:]] == ["training", "training", "evaluation"]
    assert asked[1].target == rows[0].runs[0].folder / "model_epoch100.pt"
