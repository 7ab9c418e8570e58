"""The study of the network for volumes: rows that change what they say, trainings that end in time, and the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from ignite.engine import Engine

from benchmarks import volume_study
from benchmarks.equal_time import TimeLimit
from benchmarks.volume_study import WHOLE, row_config, rows


def command(cohort: Path, folder: Path, *shown: str) -> list[str]:
    few = ["--minutes", "0.001", "--num_pairs", "2", "--rows", *shown]
    return ["--dataset_dir", str(cohort), "--output_dir", str(folder), *few]


def test_every_row_but_the_first_changes_something(cohort_3d: Path, tmp_path: Path) -> None:
    options = volume_study.parse_arguments(command(cohort_3d, tmp_path, WHOLE))
    whole = row_config(WHOLE, options).config
    for name, overrides in rows().items():
        config = row_config(name, options).config
        different = {key for key in whole if config[key] != whole[key]} - {"output_dir"}
        assert bool(different) == bool(overrides) == (name != WHOLE), name
    config = row_config("coarse looks alone", options)
    network = config.get_parsed_content("network_def")
    assert {reduction for _, reduction in network.backbone.looks} == {2} and len(network.backbone.looks) == 11
    assert (
        float(
            row_config("steps along the force start at 0", options)
            .get_parsed_content("network_def")
            .backbone.steps.abs()
            .sum()
        )
        == 0
    )


def test_trains_measures_and_goes_on(cohort_3d: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untrained = next(name for name in rows() if name.startswith("untrained"))
    volume_study.main(command(cohort_3d, tmp_path, untrained))
    found = [
        json.loads((path / "result.json").read_text())
        for path in sorted(tmp_path.iterdir())
        if (path / "result.json").is_file()
    ]
    assert sorted(each["steps"] > 0 for each in found) == [False, True]
    assert all(len(each["dice"]) == len(each["folding"]) == 2 and 0 < each["dice"][0] <= 1 for each in found)
    first = capsys.readouterr().out
    for path in tmp_path.glob("*/result.json"):
        path.write_text(json.dumps({"steps": 77, "dice": [0.5, 0.6], "folding": [0.0, 0.01]}))
    volume_study.main(command(cohort_3d, tmp_path, untrained))
    second = capsys.readouterr().out
    assert " 77 |" in second and " 77 |" not in first and "0.5500" in second and "0.5000" in second


def test_a_training_ends_with_the_epoch_in_which_its_time_is_over() -> None:
    def work(engine: Engine, _: object) -> None:
        torch.rand(500, 500) @ torch.rand(500, 500)

    epochs = []
    for seconds in (0.0, 0.5):
        engine = Engine(work)
        TimeLimit(seconds).attach(engine)
        engine.run([None], max_epochs=10_000)
        epochs.append(engine.state.epoch)
    assert epochs[0] == 1 < epochs[1] < 10_000
