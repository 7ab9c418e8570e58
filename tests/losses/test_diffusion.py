"""Penalties on fields whose gradients are known, and which normalisation they have."""

from __future__ import annotations

import math

import pytest
import torch
from monai.losses import DiffusionLoss
from torch import Tensor

from scripts.losses import FoldingPenalty, ForwardDiffusion
from scripts.spatial import identity_grid, jacobian_determinant

SIZES = [(12, 10), (8, 9, 10)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)
SLOPES = torch.tensor([[0.3, -0.2, 0.1], [0.05, 0.4, -0.3], [-0.1, 0.2, 0.25]])


def linear_field(size: tuple[int, ...]) -> Tensor:
    slopes = SLOPES[: len(size), : len(size)]
    return torch.einsum("ij,j...->i...", slopes, identity_grid(size)).expand(2, -1, *size).contiguous()


@all_sizes
def test_monai_s_diffusion_sums_over_axes_and_averages_over_channels(size: tuple[int, ...]) -> None:
    """Of ``u = A x`` it is ``sum_ij A_ij^2 / D``: the normalisation that ``train.yaml``'s sigma belongs to."""
    dims = len(size)
    expected = SLOPES[:dims, :dims].square().sum() / dims
    torch.testing.assert_close(DiffusionLoss()(linear_field(size)), expected, atol=1e-5, rtol=0)


@all_sizes
def test_forward_diffusion_averages_over_axes_too(size: tuple[int, ...]) -> None:
    """Of ``u = A x`` it is ``mean_ij A_ij^2``, VoxelMorph's: a D-th of MONAI's."""
    dims = len(size)
    expected = SLOPES[:dims, :dims].square().mean()
    torch.testing.assert_close(ForwardDiffusion()(linear_field(size)), expected, atol=1e-5, rtol=0)


@all_sizes
def test_translation_costs_nothing(size: tuple[int, ...]) -> None:
    assert ForwardDiffusion()(torch.full((1, len(size), *size), 7.0)) == 0


def smooth_waves(count: int, dims: int) -> Tensor:
    """A deformation of the plane, in voxels of ``count`` an axis; the same in all planes of a volume."""
    x, y = identity_grid((count, count)) * (2 * math.pi / count)
    plane = torch.stack([(x + 0.3).sin() * y.cos(), (x + y).cos()]) * (count / 40)
    if dims == 2:
        return plane[None]
    return torch.cat([plane, torch.zeros_like(plane[:1])])[None, ..., None].expand(-1, -1, -1, -1, 6)


def test_smoothness_does_not_depend_on_the_spacing() -> None:
    """Of one deformation in mm, on grids of which one is twice as fine."""
    coarse, fine = (float(ForwardDiffusion()(smooth_waves(count, 2))) for count in (40, 80))
    assert fine == pytest.approx(coarse, rel=0.02)


def test_smoothness_of_a_plane_is_four_ninths_in_a_volume() -> None:
    flat, thick = (float(ForwardDiffusion()(smooth_waves(40, dims))) for dims in (2, 3))
    assert thick == pytest.approx(flat * 4 / 9, rel=1e-4)


@all_sizes
def test_sine_has_its_closed_form(size: tuple[int, ...]) -> None:
    """Forward differences of ``sin(w i)`` over half a period are ``2 sin(w / 2) cos(w (i + 1/2))``."""
    field = torch.zeros(1, len(size), *size)
    n = size[1]
    w = 2 * math.pi / (n - 1)
    field[:, 0] = (w * identity_grid(size)[1]).sin()
    mean_square = (2 * math.sin(w / 2)) ** 2 / 2
    expected = mean_square / len(size) / len(size)  # one channel and one axis of D each
    assert float(ForwardDiffusion()(field)) == pytest.approx(expected, rel=1e-4)


@all_sizes
def test_alternating_field_is_seen(size: tuple[int, ...]) -> None:
    """Central differences take a field of alternating signs for a constant one; it folds everywhere."""
    field = torch.zeros(1, len(size), *size)
    field[:, 0] = (-1.0) ** identity_grid(size)[0]
    assert float(ForwardDiffusion()(field)) == pytest.approx(4 / len(size) ** 2)
    assert float(DiffusionLoss()(field)) == 0


@all_sizes
def test_folding_penalty_is_what_is_missing_to_the_margin(size: tuple[int, ...]) -> None:
    """Of the scaling ``x -> s x`` along one axis, ``|J| = s``: the penalty is ``max(0, margin - s)``."""
    for scale, margin, expected in [
        (1.0, 0.1, 0.0),
        (0.3, 0.1, 0.0),
        (0.05, 0.1, 0.05),
        (-1.0, 0.1, 1.1),
        (0.5, 0.75, 0.25),
    ]:
        field = torch.zeros(1, len(size), *size)
        field[:, 1] = (scale - 1) * identity_grid(size)[1]
        assert float(FoldingPenalty(margin)(field)) == pytest.approx(expected, abs=1e-5)


@all_sizes
def test_folding_penalty_is_an_average(size: tuple[int, ...]) -> None:
    """A step of -3 makes ``|J| = -0.5`` in two rows; the others keep 1."""
    field = torch.zeros(1, len(size), *size)
    field[:, 0, 4:] = -3.0
    assert float(FoldingPenalty(0.1)(field)) == pytest.approx(0.6 * 2 / size[0])


@all_sizes
@pytest.mark.parametrize("penalty", [ForwardDiffusion(), FoldingPenalty(0.5)], ids=lambda p: type(p).__name__)
def test_descent_mends_a_rough_field(size: tuple[int, ...], penalty: torch.nn.Module) -> None:
    field = (2 * torch.randn(1, len(size), *size, generator=torch.Generator().manual_seed(0))).requires_grad_()
    before = penalty(field)
    (gradient,) = torch.autograd.grad(before, field)
    after = penalty(field - 0.1 * gradient / gradient.abs().max())
    assert before > 0 and after < before


def test_descending_the_folding_penalty_unfolds() -> None:
    field = (2 * torch.randn(1, 2, 12, 12, generator=torch.Generator().manual_seed(0))).requires_grad_()
    penalty, optimizer = FoldingPenalty(), torch.optim.Adam([field], lr=0.1)
    before = penalty(field).detach()
    for _ in range(60):
        optimizer.zero_grad()
        loss = penalty(field)
        loss.backward()
        optimizer.step()
    assert before > 0.3
    assert loss.detach() < 0.05 * before


@all_sizes
def test_gradients_are_those_of_the_formulas(size: tuple[int, ...]) -> None:
    """The diffusion's is given in closed form, the folding's is taken of the voxels below the margin alone."""
    ddf = (0.7 * torch.randn(2, len(size), *size, generator=torch.Generator().manual_seed(0))).requires_grad_()
    squares = [ddf.diff(dim=axis).square().mean() for axis in range(2, ddf.ndim)]
    formulas = {
        ForwardDiffusion(): torch.stack(squares).mean(),
        FoldingPenalty(0.1): (0.1 - jacobian_determinant(ddf)).relu().mean(),
    }
    for penalty, expected in formulas.items():
        found = penalty(ddf)
        torch.testing.assert_close(found, expected)
        gradients = (torch.autograd.grad(3 * value, ddf)[0] for value in (found, expected))
        torch.testing.assert_close(*gradients, atol=1e-8, rtol=1e-5)
