"""The figure of Dice over what it costs: where names stand, and that there is a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.reports.dice_over import ROUGHNESS, SECONDS, Axis, Point, save_dice_over, spread_out
from support import Picture


def test_names_that_have_room_stay_and_others_make_it_around_their_mean() -> None:
    np.testing.assert_allclose(spread_out([0.9, 0.1, 0.5], 0.2), [0.9, 0.1, 0.5])
    np.testing.assert_allclose(spread_out([0.5, 0.1, 0.5], 0.2), [0.4, 0.1, 0.6])


@pytest.mark.parametrize("seed", range(5))
def test_names_are_apart_in_their_order_and_on_average_in_place(seed: int) -> None:
    heights = np.random.default_rng(seed).random(12)
    found = spread_out(list(heights), 0.1)
    order = np.argsort(heights)
    assert (np.diff(found[order]) >= 0.1 - 1e-9).all()
    assert found.mean() == pytest.approx(heights.mean())


@pytest.mark.parametrize("axis", [SECONDS, ROUGHNESS], ids=["log", "linear"])
def test_there_is_a_picture_with_every_name(axis: Axis, tmp_path: Path, picture: Picture) -> None:
    points = [Point(f"stage $x_{k}", f"method {k // 2}", 10.0**k, 0.5 + 0.01 * k, 0.02) for k in range(5)]
    save_dice_over(tmp_path / "chart.png", points, "5 pairs", axis)
    picture(tmp_path / "chart.png")
    save_dice_over(tmp_path / "chart.svg", points, "5 pairs", axis)
    save_dice_over(tmp_path / "fewer.svg", points[:2], "5 pairs", axis)
    sizes = [(tmp_path / name).stat().st_size for name in ("chart.svg", "fewer.svg")]
    assert sizes[0] > sizes[1]
