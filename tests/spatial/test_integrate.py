"""Scaling and squaring against flows with a closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from scripts.spatial import ScalingSquaring, compose, identity_grid, jacobian_determinant

SIZES = [(32, 36), (31, 29), (20, 22, 24)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def smooth_field(size: tuple[int, ...], amplitude: float, batch: int = 1) -> Tensor:
    """Sines that vanish at the edge, another frequency for every component, voxels."""
    grid = identity_grid(size)
    fields = []
    for b in range(batch):
        scaled = [math.pi * grid[i] / (n - 1) for i, n in enumerate(size)]
        waves = [
            torch.stack([((1 + (i == j or b > 0)) * x).sin() for j, x in enumerate(scaled)]).prod(0)
            for i in range(len(size))
        ]
        fields.append(amplitude * torch.stack(waves))
    return torch.stack(fields)


def inside(size: tuple[int, ...], margin: int) -> tuple:
    return (..., *(slice(margin, n - margin) for n in size))


@all_sizes
@pytest.mark.parametrize("steps", [1, 4, 7])
def test_constant_velocity_is_that_shift(size: tuple[int, ...], steps: int) -> None:
    """Up to the edge: the field goes on beyond it, where MONAI's zero padding would tear."""
    velocity = torch.tensor([2.5, -1.75, 0.5])[: len(size)].view(1, -1, *(1,) * len(size)).expand(2, -1, *size)
    torch.testing.assert_close(ScalingSquaring(steps)(velocity), velocity, atol=1e-5, rtol=0)


@all_sizes
def test_zero_stays_zero(size: tuple[int, ...]) -> None:
    assert ScalingSquaring(5)(torch.zeros(1, len(size), *size)).abs().max() == 0


@all_sizes
@pytest.mark.parametrize("rate", [-0.4, 0.3])
def test_linear_velocity_is_exponential_growth(size: tuple[int, ...], rate: float) -> None:
    """dx/dt = rate (x - c) ends at c + e^rate (x - c); away from the edge, beyond which v is constant."""
    centre = torch.tensor([(n - 1) / 2 for n in size]).view(-1, *(1,) * len(size))
    offset = (identity_grid(size) - centre)[None]
    ddf = ScalingSquaring(9)(rate * offset)
    expected = (math.exp(rate) - 1) * offset
    margin = 7
    torch.testing.assert_close(ddf[inside(size, margin)], expected[inside(size, margin)], atol=0.02, rtol=0)


def test_rotating_velocity_rotates() -> None:
    """v = w (-(y), x) around the centre turns by w radians."""
    size, angle = (41, 41), 0.5
    x, y = identity_grid(size) - 20
    ddf = ScalingSquaring(9)(angle * torch.stack([-y, x])[None])[0]
    turned = torch.stack([math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y])
    disc = (x**2 + y**2).sqrt() < 15
    error = (ddf + torch.stack([x, y]) - turned).norm(dim=0)
    assert error[disc].max() < 0.05


@all_sizes
def test_forth_and_back_is_the_identity(size: tuple[int, ...]) -> None:
    velocity, exp = smooth_field(size, 2.0, batch=2), ScalingSquaring(7)
    forth, back = exp(velocity), exp(-velocity)
    assert forth.abs().max() > 1.5
    for one, other in [(forth, back), (back, forth)]:
        assert compose(one, other).abs().max() < 0.1


@all_sizes
def test_half_the_flow_twice_is_the_flow(size: tuple[int, ...]) -> None:
    velocity, exp = smooth_field(size, 3.0), ScalingSquaring(7)
    half = exp(velocity / 2)
    torch.testing.assert_close(compose(half, half), exp(velocity), atol=0.05, rtol=0)


@all_sizes
def test_smooth_velocity_does_not_fold(size: tuple[int, ...]) -> None:
    """An amplitude at which the velocity, read as a displacement, folds; its exponential does not."""
    velocity = smooth_field(size, 0.3 * min(size))
    assert jacobian_determinant(velocity).min() < 0
    assert jacobian_determinant(ScalingSquaring(7)(velocity)).min() > 0


@all_sizes
def test_gradient_reaches_every_velocity(size: tuple[int, ...]) -> None:
    velocity = smooth_field(size, 2.0).requires_grad_()
    ScalingSquaring(5)(velocity).square().sum().backward()
    assert velocity.grad is not None and velocity.grad.isfinite().all()
    assert (velocity.grad[inside(size, 2)].abs() > 0).float().mean() > 0.95


def test_low_precision_is_integrated_in_32_bits() -> None:
    velocity = smooth_field((32, 36), 3.0).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ddf = ScalingSquaring(7)(velocity)
    assert ddf.dtype == torch.float32
    torch.testing.assert_close(ddf, ScalingSquaring(7)(velocity.float()))


def test_no_step_is_refused() -> None:
    with pytest.raises(ValueError, match="num_steps"):
        ScalingSquaring(0)


def test_velocity_without_a_channel_per_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one channel per axis, got shape \(1, 1, 8, 8\)"):
        ScalingSquaring(5)(torch.zeros(1, 1, 8, 8))
