"""The inverse of a field undoes it."""

from __future__ import annotations

import math

import pytest
import torch

from scripts.spatial import ScalingSquaring, compose, identity_grid, invert_field, warp

SIZES = [(30, 34), (18, 20, 22)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def bump(size: tuple[int, ...], amplitude: float) -> torch.Tensor:
    """The same displacement along every axis, largest in the middle, zero at the edge."""
    waves = [(math.pi * x / (n - 1)).sin() for x, n in zip(identity_grid(size), size, strict=True)]
    return (amplitude * torch.stack(waves).prod(0)).expand(1, len(size), *size).clone()


@all_sizes
def test_translation_is_taken_back(size: tuple[int, ...]) -> None:
    shift = torch.tensor([2.5, -4.0, 1.0])[: len(size)].view(1, -1, *(1,) * len(size)).expand(2, -1, *size)
    torch.testing.assert_close(invert_field(shift), -shift, atol=1e-5, rtol=0)


@all_sizes
def test_both_compositions_are_the_identity(size: tuple[int, ...]) -> None:
    ddf = bump(size, 2.5)
    inverse = invert_field(ddf)
    assert compose(ddf, inverse).abs().max() < 1e-3  # the equation that the iteration solves
    assert compose(inverse, ddf).abs().max() < 0.1  # up to interpolation


@all_sizes
def test_inverse_of_a_flow_is_the_flow_back(size: tuple[int, ...]) -> None:
    velocity, exp = bump(size, 3.0), ScalingSquaring(7)
    assert (invert_field(exp(velocity)) - exp(-velocity)).abs().max() < 0.1


@all_sizes
def test_scaling_has_its_closed_form(size: tuple[int, ...]) -> None:
    """x -> c + 1.25 (x - c) is undone by c + (x - c) / 1.25."""
    centre = torch.tensor([(n - 1) / 2 for n in size]).view(-1, *(1,) * len(size))
    offset = (identity_grid(size) - centre)[None]
    torch.testing.assert_close(invert_field(0.25 * offset), -0.2 * offset, atol=1e-3, rtol=0)


@all_sizes
def test_image_comes_back(size: tuple[int, ...]) -> None:
    ddf = bump(size, 2.5)
    image = (identity_grid(size).sum(0) / 6).sin()[None, None]
    back = warp(warp(image, ddf), invert_field(ddf))
    moved = (warp(image, ddf) - image).abs().mean()
    assert (back - image).abs().mean() < 0.1 * moved


def test_folded_field_gives_numbers() -> None:
    field = torch.randn(1, 2, 20, 20, generator=torch.Generator().manual_seed(0)) * 6
    inverse = invert_field(field)
    assert inverse.isfinite().all() and inverse.abs().max() <= field.abs().max() + 1e-4


def test_inverse_carries_no_gradient() -> None:
    assert not invert_field(bump((12, 12), 1.0).requires_grad_()).requires_grad
