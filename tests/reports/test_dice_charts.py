"""Charts of Dice: written, of sensible size, also with one stage or no value."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from scripts.reports import PairResult, save_mean_dice_plot, summarise
from support import Picture

LABELS = {2: "Cerebral cortex", 1002: "Thalamus", 5: "nobody has it"}


def results() -> list[PairResult]:
    random = np.random.default_rng(0)
    dice = [np.append(random.uniform(0.3, 0.9, 2), math.nan) for _ in range(8)]
    return [PairResult(f"s{n}", "a", {"before": dice[n] / 2, "after": dice[n]}, {}) for n in range(8)]


def test_mean_dice_plot_is_a_picture(tmp_path: Path, picture: Picture) -> None:
    save_mean_dice_plot(tmp_path / "dice.png", summarise(results(), LABELS))
    picture(tmp_path / "dice.png", least=100)  # a row a label


def test_plot_of_one_stage_and_of_no_value(tmp_path: Path) -> None:
    one = [PairResult("s", "a", {"network": np.array([0.5, math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "one.png", summarise(one, {1: "a", 2: "b"}))
    none = [PairResult("s", "a", {"network": np.array([math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "none.png", summarise(none, {1: "a"}))
    for name in ("one.png", "none.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
