"""Charts of Dice: written, of sensible size, also with one stage or no value."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from made_up_results import scattered
from scripts.reports import PairResult, save_mean_dice_plot, summarise
from support import Picture

LABELS = {2: "Cerebral cortex", 1002: "Thalamus", 5: "nobody has it"}


def test_mean_dice_plot_is_a_picture(tmp_path: Path, picture: Picture) -> None:
    save_mean_dice_plot(tmp_path / "dice.png", summarise(scattered(), LABELS))
    picture(tmp_path / "dice.png", least=100)  # a row a label


def test_plot_of_one_stage_and_of_no_value(tmp_path: Path) -> None:
    one = [PairResult("s", "a", {"network": np.array([0.5, math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "one.png", summarise(one, {1: "a", 2: "b"}))
    none = [PairResult("s", "a", {"network": np.array([math.nan])}, {})]
    save_mean_dice_plot(tmp_path / "none.png", summarise(none, {1: "a"}))
    for name in ("one.png", "none.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
