"""Agreement of measurements and estimates: its numbers, and the chart that shows them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from benchmarks.reports.agreement import agreement, bland_altman_figure, save_bland_altman
from scripts.errors import InputError
from support import Picture, assert_one_sentence

MEASURED = np.array([20.0, 40.0, 60.0, 50.0])
DIFFERENCES = np.array([-4.0, 0.0, 2.0, -2.0])  # mean -1, squares around it 9 + 1 + 9 + 1
SPREAD = 1.96 * math.sqrt(20 / 3)


def test_bias_and_limits_of_agreement() -> None:
    found = agreement(MEASURED, MEASURED + DIFFERENCES)
    assert (found.bias, found.lower, found.upper) == pytest.approx((-1, -1 - SPREAD, -1 + SPREAD))
    swapped = agreement(MEASURED + DIFFERENCES, MEASURED)
    assert (swapped.bias, swapped.lower, swapped.upper) == pytest.approx((1, 1 - SPREAD, 1 + SPREAD))


def test_the_chart_shows_differences_over_means(tmp_path: Path, picture: Picture) -> None:
    figure = bland_altman_figure(np.stack([MEASURED, MEASURED + DIFFERENCES]), "ml", "volumes")
    (ax,) = figure.axes
    points = next(each for each in ax.collections if isinstance(each, PathCollection))
    np.testing.assert_allclose(points.get_offsets(), np.stack([MEASURED + DIFFERENCES / 2, DIFFERENCES], axis=1))
    heights = sorted(line.get_ydata()[0] for line in ax.lines)
    assert heights == pytest.approx([-1 - SPREAD, -1, -1 + SPREAD])
    assert ax.get_ylabel() == "estimated \N{MINUS SIGN} measured, ml"
    assert [text.get_text().split("\n")[1] for text in ax.texts] == ["-1", "4.06", "-6.06"]
    save_bland_altman(tmp_path / "a.png", MEASURED, MEASURED + DIFFERENCES, "ml", "volumes")
    picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("estimated", "words"),
    [([1.0], "as many"), (MEASURED[:3], r"\(4,\) and \(3,\)"), ([1, 2, math.nan, 4], "finite")],
)
def test_values_that_cannot_be_compared_are_named(estimated: list[float], words: str, tmp_path: Path) -> None:
    measured = MEASURED[:1] if len(estimated) == 1 else MEASURED
    with pytest.raises(InputError, match=words) as caught:
        save_bland_altman(tmp_path / "a.png", measured, estimated)
    assert_one_sentence(str(caught.value))
    assert list(tmp_path.iterdir()) == []
