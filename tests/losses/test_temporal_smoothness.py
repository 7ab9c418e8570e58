"""Smoothness over time of fields whose second differences are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from scripts.losses import TemporalSmoothness

SIZES = [(6, 5), (4, 5, 3)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def over_time(course: Tensor, size: tuple[int, ...]) -> Tensor:
    """A field that every voxel follows in its own measure, ``(T, D, *S)``, and whose mean square over these is 1."""
    amplitude = torch.randn(1, len(size), *size, generator=torch.Generator().manual_seed(0))
    amplitude = amplitude / amplitude.square().mean().sqrt()
    return course.reshape(-1, *(1,) * (len(size) + 1)) * amplitude


@all_sizes
def test_constant_speed_costs_nothing(size: tuple[int, ...]) -> None:
    speed = over_time(torch.arange(5.0), size)
    assert TemporalSmoothness()(speed) < 1e-10
    assert TemporalSmoothness(periodic=True)(speed) > 1  # from the last frame to the first it jumps


@all_sizes
def test_acceleration_costs_its_square(size: tuple[int, ...]) -> None:
    course = 1.5 * torch.arange(6.0) ** 2 - 2 * torch.arange(6.0)
    torch.testing.assert_close(TemporalSmoothness()(over_time(course, size)), torch.tensor(9.0))


@all_sizes
def test_a_wave_around_the_cycle(size: tuple[int, ...]) -> None:
    """The second difference of sin(2 pi t / T) is itself, (2 cos(2 pi / T) - 2) times."""
    count = 8
    wave = over_time(torch.sin(2 * math.pi * torch.arange(count) / count + 0.3), size)
    expected = torch.tensor((2 - 2 * math.cos(2 * math.pi / count)) ** 2 / 2)
    torch.testing.assert_close(TemporalSmoothness(periodic=True)(wave), expected)
    for begin in range(count):  # wherever it begins
        torch.testing.assert_close(TemporalSmoothness(periodic=True)(wave.roll(begin, 0)), expected)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("periodic", [True, False])
def test_too_short_for_a_second_difference(count: int, periodic: bool) -> None:
    ddf = torch.randn(count, 2, 4, 4, requires_grad=True)
    assert TemporalSmoothness(periodic)(ddf) == 0


def test_gradient_is_right() -> None:
    ddf = torch.randn(4, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    for periodic in (True, False):
        assert torch.autograd.gradcheck(TemporalSmoothness(periodic), (ddf,))
