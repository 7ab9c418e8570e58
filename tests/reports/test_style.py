"""What all figures share."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from scripts.reports.style import DPI, STAGE_COLOURS, save_figure, stage_colour


def test_there_is_a_colour_for_any_number_of_stages() -> None:
    assert [stage_colour(k) for k in range(7)] == list(STAGE_COLOURS)
    assert stage_colour(7) == STAGE_COLOURS[0]


def test_a_figure_is_complete_or_absent(tmp_path: Path) -> None:
    save_figure(tmp_path / "new" / "a.png", Figure(figsize=(2, 1)))
    content = (tmp_path / "new" / "a.png").read_bytes()
    assert [int.from_bytes(content[k : k + 4], "big") for k in (16, 20)] == [2 * DPI, DPI]
    with pytest.raises(ValueError, match="no_format"):
        save_figure(tmp_path / "b.no_format", Figure())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
