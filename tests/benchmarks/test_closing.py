"""Drift of composed motions: what closes has no error, and the order of the steps counts."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from benchmarks.closing import closing_error
from scripts.spatial import identity_grid

all_sizes = pytest.mark.parametrize("size", [(16, 20), (10, 12, 11)], ids=["2-D", "3-D"])


def moving(positions: Tensor, size: tuple[int, ...]) -> Tensor:
    """Every point goes to ``positions`` ``(T, D)``: ``(T, D, *S)``."""
    return positions.view(*positions.shape, *(1,) * len(size)).expand(-1, -1, *size)


def turned(angle: float, size: tuple[int, ...]) -> Tensor:
    """A rotation about the grid's middle in the plane of the first two axes, ``(1, D, *S)``."""
    points = identity_grid(size) - (torch.tensor(size).view(-1, *(1,) * len(size)) - 1) / 2
    field = torch.zeros(1, len(size), *size)
    field[0, 0] = (math.cos(angle) - 1) * points[0] - math.sin(angle) * points[1]
    field[0, 1] = math.sin(angle) * points[0] + (math.cos(angle) - 1) * points[1]
    return field


@all_sizes
def test_a_cycle_that_closes_has_no_error(size: tuple[int, ...]) -> None:
    steps = torch.tensor([[0.5, -0.25, 1.0], [1.0, 0.75, -0.5], [-1.5, -0.5, -0.5]])[:, : len(size)]
    assert closing_error(moving(steps, size)) == pytest.approx(0, abs=1e-6)
    steps[2, 0] += 0.3
    assert closing_error(moving(steps, size)) == pytest.approx(0.3, abs=1e-6)


@all_sizes
def test_every_step_begins_where_the_last_one_ended(size: tuple[int, ...]) -> None:
    """``x -> x / 2 -> x / 2 + 2 -> x``; in the order of the other end, ``x -> (x + 2) / 2``, it would end 2 off."""
    points = identity_grid(size)
    steps = torch.zeros(3, len(size), *size)
    steps[0, 0], steps[1, 0], steps[2, 0] = -points[0] / 2, 2.0, points[0] - 4
    assert closing_error(steps) == pytest.approx(0, abs=1e-5)
    assert closing_error(steps[[1, 0, 2]]) == pytest.approx(2, rel=0.2)  # the edge clips some


@all_sizes
def test_a_turn_is_undone_by_the_turns_that_complete_it(size: tuple[int, ...]) -> None:
    series = torch.cat([turned(angle, size) for angle in (0.05, 0.1, -0.15)])
    assert closing_error(series) < 0.01
    assert closing_error(series[:2]) > 0.5
