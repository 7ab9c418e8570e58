"""Penalties on fields, with closed forms in 2-D and 3-D."""

from __future__ import annotations

import pytest
import torch

from scripts.losses import FoldingPenalty, ForwardDiffusion, WeightedSum
from scripts.spatial import identity_grid

SIZES = [(10, 12), (8, 9, 10)]


@pytest.mark.parametrize("size", SIZES)
def test_diffusion_of_a_linear_field(size: tuple[int, ...]) -> None:
    dims, slope = len(size), 0.3
    field = torch.zeros(1, dims, *size)
    field[:, 0] = slope * identity_grid(size)[0]  # only channel 0, only along axis 0
    assert float(ForwardDiffusion()(field)) == pytest.approx(slope**2 / dims / dims, rel=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_diffusion_sees_a_field_that_alternates(size: tuple[int, ...]) -> None:
    field = torch.zeros(1, len(size), *size)
    field[:, 0] = (-1.0) ** identity_grid(size)[0]
    assert float(ForwardDiffusion()(field)) == pytest.approx(4 / len(size) ** 2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slope, expected", [(0.0, 0.0), (-0.5, 0.0), (-0.95, 0.05), (-1.5, 0.6)])
def test_folding_penalty_of_a_compression(size: tuple[int, ...], slope: float, expected: float) -> None:
    """``x + slope x`` along one axis has the determinant ``1 + slope`` everywhere."""
    field = torch.zeros(2, len(size), *size)
    field[:, -1] = slope * identity_grid(size)[-1]
    assert float(FoldingPenalty(margin=0.1)(field)) == pytest.approx(expected, abs=1e-5)


def test_descending_the_penalty_unfolds() -> None:
    torch.manual_seed(0)
    field = (2 * torch.randn(1, 2, 12, 12)).requires_grad_()
    before = float(FoldingPenalty()(field))
    optimizer = torch.optim.Adam([field], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss = FoldingPenalty()(field)
        loss.backward()
        optimizer.step()
    assert before > 0.3
    assert float(loss) < 0.05 * before


def test_weighted_sum_adds_and_refuses_a_missing_weight() -> None:
    a, b = torch.rand(2, 1, 6, 6), torch.rand(2, 1, 6, 6)
    both = WeightedSum([torch.nn.MSELoss(), torch.nn.L1Loss()], [2.0, 0.5])
    expected = 2 * ((a - b) ** 2).mean() + 0.5 * (a - b).abs().mean()
    torch.testing.assert_close(both(a, b), expected)
    with pytest.raises(ValueError, match="2 losses and 1 weights"):
        WeightedSum([torch.nn.MSELoss(), torch.nn.L1Loss()], [1.0])
