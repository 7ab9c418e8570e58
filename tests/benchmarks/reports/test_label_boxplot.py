"""The box plot: a picture, also of a label that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reports.label_boxplot import save_label_boxplot
from made_up_results import scattered
from scripts.errors import InputError
from support import Picture

LABELS = {2: "Cerebral cortex", 1002: "Thalamus", 5: "nobody has it"}


def test_label_boxplot_is_a_picture(tmp_path: Path, picture: Picture) -> None:
    save_label_boxplot(tmp_path / "boxes.png", scattered(), LABELS)
    picture(tmp_path / "boxes.png")
    with pytest.raises(InputError, match="3 Dice values a pair, but 1 labels"):
        save_label_boxplot(tmp_path / "no.png", scattered(), {2: "one"})
