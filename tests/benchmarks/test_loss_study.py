"""The study of losses: what its rows are made of, and what it finds on a pair whose answer is known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks import loss_study
from benchmarks.setting import RECIPE, training
from scripts.losses import ForwardDiffusion


def shifted_blob() -> dict[str, Tensor]:
    """Two pairs in 2-D: a blob, and the same 2 voxels further along the first axis, with their labels."""
    grid = torch.stack(torch.meshgrid(torch.arange(32.0), torch.arange(40.0), indexing="ij"))
    centre = torch.tensor([15.0, 20.0]).reshape(2, 1, 1)
    fixed = torch.exp(-((grid - centre) ** 2).sum(0) / 40)
    moving = fixed.roll(2, 0)
    images = {"moving": moving, "fixed": fixed}
    labels = {f"{name}_label": (image > 0.5).int() for name, image in images.items()}
    return {name: value.expand(2, 1, 32, 40).clone() for name, value in {**images, **labels}.items()}


def test_the_recipes_row_is_the_loss_that_is_trained() -> None:
    row = loss_study.candidates()["LNCC 17/3 + 10 MSE (the recipe)"]
    own = training(RECIPE).get_parsed_content("loss")
    generator = torch.Generator().manual_seed(0)
    moving, fixed = torch.rand(2, 2, 1, 32, 40, generator=generator)
    pred = {"ddf": 3 * torch.rand(2, 2, 32, 40, generator=generator), "warped": moving}
    torch.testing.assert_close(row(pred, {"fixed": fixed}), own(pred, {"fixed": fixed}))


def test_optimising_finds_the_shift_and_measures_it() -> None:
    batch = shifted_blob()
    first = torch.zeros(2, 2, 32, 40)
    before = loss_study.measure(batch, [1], first, None, 20)
    after = loss_study.measure(batch, [1], first, loss_study.loss(mse=10, diffusion=0.01, folding=0), 20)
    assert before["dice"] < 0.85 and before["folded"] == 0
    assert after["dice"] > before["dice"] + 0.1
    assert after["seconds"] > before["seconds"]
    known = first.clone()
    known[:, 0] = 2
    assert loss_study.measure(batch, [1], known, None, 0)["dice"] == pytest.approx(1, abs=0.02)


def test_weights_of_zero_leave_a_term_out() -> None:
    """Mean squared error alone, and half the diffusion."""
    moving, fixed = torch.rand(2, 1, 1, 16, 16)
    pred = {"ddf": torch.rand(1, 2, 16, 16), "warped": moving}
    found = loss_study.loss(mse=2, diffusion=0.5, folding=0)(pred, {"fixed": fixed})
    torch.testing.assert_close(found, 2 * nn.MSELoss()(moving, fixed) + 0.5 * ForwardDiffusion()(pred["ddf"]))


def test_one_command_from_data_to_table(cohort_2d: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--dataset_dir", str(cohort_2d), "--num_pairs", "2", "--steps", "1"]
    loss_study.main(command)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    names = ["Loss", "---", "unregistered", *loss_study.candidates()]
    assert [line.split("|")[1].strip(" -") or "---" for line in lines] == names


def test_row_of_the_table() -> None:
    found = {"dice": 0.51237, "folded": 0.00012, "seconds": 0.123}
    assert loss_study.row_of("a", found) == ["a", "0.5124", "0.0120", "0.12"]
