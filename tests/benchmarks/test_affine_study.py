"""The study of heads for affine maps: every row is trained and measured, and a table says what was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.affine_study import ROWS, measure, parse_arguments, points_apart, row_config, table_of
from scripts.networks import AffineModel
from scripts.spatial import affine_field


def options(cohort: Path, folder: Path) -> list[str]:
    return ["--dataset_dir", str(cohort), "--output_dir", str(folder), "--minutes", "0.001", "--num_pairs", "2"]


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_an_affine_model(name: str, cohort_2d: Path, tmp_path: Path) -> None:
    config = row_config(name, parse_arguments(options(cohort_2d, tmp_path)))
    network = config.get_parsed_content("network_def")
    assert isinstance(network, AffineModel)
    assert type(network.head).__name__ == ("RegressionHead" if "ResNet" in name else "KeyPointHead")
    depth = sum(isinstance(part, torch.nn.Conv2d) for part in network.modules())
    assert depth == {"regression, ResNet-18": 20, "regression, ResNet-50": 53}.get(name, depth)


def test_a_row_is_trained_once_and_its_numbers_stand_in_the_table(cohort_2d: Path, tmp_path: Path) -> None:
    given = parse_arguments([*options(cohort_2d, tmp_path), "--rows", "key points, rigid"])
    found = measure("key points, rigid", given)
    assert measure("key points, rigid", given) == found  # read, not trained
    assert found["steps"] >= 1 and len(found["points"]) == len(found["dice"]) == len(found["ncc"]) == 2
    made_up = {**found, "points": [1.0, 7.0, 2.0], "dice": [0.5, 0.6, 0.7], "steps": 1200, "parameters": 3456}
    (line,) = [line for line in table_of({"mine": made_up}).splitlines() if "mine" in line]
    assert [cell.strip() for cell in line.split("|")[2:7]] == ["3,456", "1,200", "2.00", "2 of 3", "0.6000"]


def test_the_known_map_is_no_distance_away() -> None:
    affine = torch.tensor([[[0.9, 0.1, 2.0], [-0.1, 1.1, -1.0]]])
    target = {"affine": affine, "fixed": torch.ones(1, 1, 12, 14)}
    assert points_apart(affine_field(affine, (12, 14)), target) < 2e-3
    assert points_apart(affine_field(affine, (12, 14)) + 3, target) == pytest.approx(18**0.5, rel=1e-3)
