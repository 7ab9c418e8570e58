"""The box plot: a picture, also of a label that nobody has."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reports.label_boxplot import save_label_boxplot
from scripts.errors import InputError
from scripts.reports import PairResult
from support import Picture

LABELS = {2: "Cerebral cortex", 1002: "Thalamus", 5: "nobody has it"}


def results() -> list[PairResult]:
    random = np.random.default_rng(0)
    dice = [np.append(random.uniform(0.3, 0.9, 2), math.nan) for _ in range(8)]
    return [PairResult(f"s{n}", "a", {"before": dice[n] / 2, "after": dice[n]}, {}) for n in range(8)]


def test_label_boxplot_is_a_picture(tmp_path: Path, picture: Picture) -> None:
    save_label_boxplot(tmp_path / "boxes.png", results(), LABELS)
    picture(tmp_path / "boxes.png")
    with pytest.raises(InputError, match="3 Dice values a pair, but 1 labels"):
        save_label_boxplot(tmp_path / "no.png", results(), {2: "one"})
