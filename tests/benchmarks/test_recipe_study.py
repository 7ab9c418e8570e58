"""The recipe's study: rows that change what they say, a study that goes on, and its table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import recipe_rows, recipe_study
from benchmarks.recipe_rows import RECIPE
from benchmarks.setting import KEYS, loss_terms, training
from benchmarks.setting import RECIPE as METHOD
from scripts.errors import InputError
from scripts.losses import FastLNCC, FoldingPenalty, ForwardDiffusion
from scripts.spatial import warp

SMALL = ["--epochs", "1", "--num_pairs", "1", "--batch_size", "1", "--size", "32", "48", "--rounds", "1"]


def options(cohort: Path, folder: Path, *rows: str) -> list[str]:
    return ["--dataset_dir", str(cohort), "--output_dir", str(folder), *SMALL, "--rows", *rows]


def test_a_study_goes_on_where_it_stopped(cohort_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[str] = []

    def fake(config: Any) -> dict[str, float]:
        trained.append(str(config["output_dir"]))
        if len(trained) == 2:
            raise KeyboardInterrupt
        return {"dice": 0.5 + 0.1 * len(trained), "folding": 0.0, "unused": 1.0}

    monkeypatch.setattr(recipe_study, "run_training", fake)
    command = options(cohort_2d, tmp_path, "two passes")
    with pytest.raises(KeyboardInterrupt):
        recipe_study.main(command)
    recipe_study.main(command)
    assert [Path(folder).name for folder in trained] == ["the_recipe", "two_passes", "two_passes"]
    recipe_study.main(command)
    assert len(trained) == 3
    with pytest.raises(InputError, match="other settings"):
        recipe_study.main([*command, "--epochs", "2"])


def test_one_row_from_data_to_result(cohort_2d: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe_study.main(options(cohort_2d, tmp_path, "symmetric loss"))
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| symmetric loss")]
    found = json.loads((tmp_path / "symmetric_loss" / "result.json").read_text())
    assert 0 < found["dice"] < 1 and found["folding"] == 0
    assert f"{found['dice']:.4f}" in shown[0]


def test_differences_and_times_stand_beside_the_recipes() -> None:
    results = {RECIPE: {"dice": 0.7, "folding": 0.0}, "worse": {"dice": 0.65, "folding": 0.001}}
    table = recipe_study.table_of(results, {RECIPE: 0.2, "worse": 0.3})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[2][1:] == ["0.7000", "+0.0000", "0.0000", "0.200", "1.00"]
    assert rows[3] == ["worse", "0.6500", "-0.0500", "0.1000", "0.300", "1.50"]


@pytest.mark.parametrize("name", list(recipe_rows.rows()))
def test_every_row_is_built_and_is_not_the_recipe(name: str, tmp_path: Path) -> None:
    """Network, loss and what draws and trains exist with the row's values; each row but the first changes something."""
    arguments = recipe_study.parse_arguments(["--output_dir", str(tmp_path), "--rows", name])
    config, plain = recipe_study.row_config(name, arguments), recipe_study.row_config(RECIPE, arguments)
    network, loss = config.get_parsed_content("network_def"), config.get_parsed_content("loss")
    pair = torch.rand(1, 2, 32, 48)
    ddf = network(pair)
    assert ddf.shape == (1, 2, 32, 48)
    pred = {"ddf": ddf, "warped": warp(pair[:, :1], ddf)}
    loss(pred, {"moving": pair[:, :1], "fixed": pair[:, 1:]}).backward()
    for part in (KEYS["schedule"], "augment"):
        config.get_parsed_content(part)
    assert {"output_dir"} < differing(config.get(), plain.get()) or name == RECIPE


def differing(first: dict[str, Any], second: dict[str, Any]) -> set[str]:
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def test_weights_of_the_loss_are_those_asked_for() -> None:
    """Of a pair whose terms are known, the recipe's loss and one with other weights."""
    generator = torch.Generator().manual_seed(0)
    moving, fixed = torch.rand(2, 1, 1, 32, 48, generator=generator)
    pred = {"ddf": 3 * torch.rand(1, 2, 32, 48, generator=generator), "warped": moving}
    window = {"window": 17, "stride": 3}
    lncc, mse = FastLNCC(**window)(moving, fixed), (moving - fixed).square().mean()
    diffusion, folding = ForwardDiffusion()(pred["ddf"]), FoldingPenalty()(pred["ddf"])
    assert folding > 0
    cases = {
        lncc + 10 * mse + 1.5 * diffusion + 150 * folding: {},
        lncc + 10 * mse + 0.75 * diffusion + 150 * folding: {"diffusion": 0.75},
        lncc + 10 * mse + 1.5 * diffusion: {"folding": None},
        mse + 0.04 * diffusion + 100 * folding: {"lncc": None, "mse": 1, "diffusion": 0.04, "folding": 100},
    }
    for expected, weights in cases.items():
        loss = training(METHOD, **loss_terms(**weights)).get_parsed_content("loss")
        torch.testing.assert_close(loss(pred, {"fixed": fixed}), expected)
    torch.testing.assert_close(training(METHOD).get_parsed_content("loss")(pred, {"fixed": fixed}), next(iter(cases)))
