"""The study of a learned similarity: what its rows differ by, and what its tables count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.adversarial import rows_of
from benchmarks.adversarial_rows import BOTH, GIVEN, LEARNED, ONE, SHAPE, TASKS, TWO, training_of
from benchmarks.belief import SHIFTS, belief, belief_table, shifted
from benchmarks.reports.belief import save_beliefs
from scripts.reports import PairResult

TERMS = {
    GIVEN: {"lncc": 1, "mse": 10},
    LEARNED: {"adversarial": 1, "lncc": 0, "mse": 0},
    BOTH: {"adversarial": 1, "lncc": 1, "mse": 10},
    SHAPE: {"mind": 10},
}


@pytest.mark.parametrize(("task", "similarity"), [(task, each) for task, rows in TASKS.items() for each in rows])
def test_rows_differ_by_their_similarity_alone(task: str, similarity: str, cohort_2d: Path) -> None:
    config = training_of(task, similarity, dataset_dir=str(cohort_2d), device="cpu", spatial_size=-1)
    terms = config.get_parsed_content("loss").terms
    weights = {name: term["weight"] for name, term in terms.items()}
    assert weights == {**TERMS[similarity], "diffusion": 1.5, "folding": 150}
    assert bool(config.get_parsed_content("companions")) == (similarity in (LEARNED, BOTH))
    if similarity in (LEARNED, BOTH):
        aligned = config.get_parsed_content("companions")["adversary"].aligned
        assert aligned == ("fixed" if task == ONE else "fixed_anatomy")


def test_the_second_task_shows_the_fixed_image_in_another_contrast(cohort_2d: Path) -> None:
    def pair(part: str, task: str) -> dict[str, torch.Tensor]:
        config = training_of(task, GIVEN, dataset_dir=str(cohort_2d), device="cpu", spatial_size=-1)
        found: dict[str, torch.Tensor] = config.get_parsed_content(f"{part}#dataset")[0]
        return found

    for recoloured in (pair("train", TWO), pair("validate", TWO)):
        anatomy = recoloured["fixed_anatomy"]
        torch.testing.assert_close(recoloured["fixed"], 4 * anatomy * (1 - anatomy))
    plain = pair("validate", ONE)  # what is drawn for a training differs
    torch.testing.assert_close(recoloured["moving"], plain["moving"])
    torch.testing.assert_close(recoloured["fixed_anatomy"], plain["fixed"])


def result(dice: float, **measures: float) -> PairResult:
    values = {"hd95": 3.0, "folding": 0.001, "sdlogj": 0.5, "ssim": 0.9, **measures}
    both = {"unregistered": np.array([0.3, 0.5]), "network": np.array([dice - 0.1, dice + 0.1])}
    return PairResult("a", "b", both, {"unregistered": values, "network": values})


def test_differences_are_of_pairs_each_the_mean_of_its_seeds() -> None:
    first = [[result(0.5), result(0.6), result(0.7)], [result(0.5), result(0.6), result(0.7)]]
    second = [[result(0.6), result(0.7), result(0.8)], [result(0.58), result(0.68), result(0.78, hd95=9.0)]]
    before, *rows = rows_of(ONE, {GIVEN: first, LEARNED: second})
    assert before[1:3] == ["unregistered", "0.4000"]
    assert rows[0][2:6] == ["0.6000", "0.6000, 0.6000", "", ""]
    assert rows[1][2:4] == ["0.6900", "0.7000, 0.6800"]
    assert rows[1][4] == "+0.0900 (+0.0900 to +0.0900)"
    assert rows[1][6:] == ["4.00", "0.1000", "0.500", "0.9000"]
    assert rows_of(TWO, {GIVEN: first})[0][-1] == ""


def test_an_image_is_moved_by_whole_voxels() -> None:
    image = torch.rand(1, 1, 6, 20)
    torch.testing.assert_close(shifted(image, 4)[..., :-4], image[..., 4:])
    torch.testing.assert_close(shifted(image, 0), image)


class Agreement(nn.Module):
    """Sure of pairs of equal images, and of no other."""

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        return 50 * (0.1 - (pair[:, :1] - pair[:, 1:]).abs())


def test_belief_is_the_chance_of_being_aligned(tmp_path: Path) -> None:
    image = torch.zeros(1, 1, 8, 8)
    assert belief(Agreement(), image, image) > 0.99
    assert belief(Agreement(), image + 1, image) < 0.01
    found = {"shifts": [0.9 - 0.1 * k for k in range(len(SHIFTS))], "shown": 0.95, "warped": 0.2, "moving": 0.1}
    table = belief_table({(ONE, LEARNED): [found, {**found, "shown": 0.85}]})
    assert [cell.strip() for cell in table.splitlines()[2].split("|")[3:6]] == ["0.900", "0.800", "0.700"]
    save_beliefs(tmp_path / "belief.png", {"one": [found]})
    assert (tmp_path / "belief.png").stat().st_size > 1000
