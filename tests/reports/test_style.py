"""What all figures share."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from scripts.reports.style import DPI, STAGE_COLOURS, save_figure, stage_colour


def test_there_is_a_colour_for_any_number_of_stages() -> None:
    count = len(STAGE_COLOURS)
    first = [stage_colour(k) for k in range(count)]
    assert first == list(STAGE_COLOURS) and len(set(first)) == count > 1
    assert [stage_colour(k) for k in range(count, 2 * count)] == first


@pytest.mark.parametrize("name", ["$x$", "$1_$", "a$\\frac$"])
def test_names_hold_no_formulas(name: str, tmp_path: Path) -> None:
    """Which would not be drawn as they are, or stop the drawing."""
    figure = Figure(figsize=(2, 1))
    figure.text(0, 0, name)
    axes = figure.add_axes((0.2, 0.2, 0.6, 0.6))
    axes.set_yticks([0, 1], [name, "b"])
    save_figure(tmp_path / "a.png", figure)
    drawn = [text for text in figure.findobj(Text) if text.get_text() == name]
    assert len(drawn) >= 2 and not any(text.get_parse_math() for text in drawn)


def test_a_figure_is_complete_or_absent(tmp_path: Path) -> None:
    save_figure(tmp_path / "new" / "a.png", Figure(figsize=(2, 1)))
    content = (tmp_path / "new" / "a.png").read_bytes()
    assert [int.from_bytes(content[k : k + 4], "big") for k in (16, 20)] == [2 * DPI, DPI]
    with pytest.raises(ValueError, match="no_format"):
        save_figure(tmp_path / "b.no_format", Figure())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
