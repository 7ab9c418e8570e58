"""The sum of named terms, and the similarities that a config may choose."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from monai.losses import (
    BendingEnergyLoss,
    DiffusionLoss,
    GlobalMutualInformationLoss,
    LocalNormalizedCrossCorrelationLoss,
    SSIMLoss,
)
from torch import Tensor, nn

from scripts.losses import FastLNCC, FoldingPenalty, ForwardDiffusion, RegistrationLoss, WeightedSum
from scripts.spatial import identity_grid, warp

SIZES = [(24, 28), (16, 18, 20)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def blob(size: tuple[int, ...], shift: float = 0.0) -> Tensor:
    """A soft ball with a darker core, moved along the first axis."""
    centre = torch.tensor([n / 2 for n in size]).view(-1, *(1,) * len(size))
    offset = identity_grid(size) - centre
    offset[0] -= shift
    radius = offset.square().sum(0).sqrt() / (0.3 * min(size))
    return (torch.exp(-(radius**4)) - 0.5 * torch.exp(-((2 * radius) ** 2)))[None, None]


def similarities(dims: int) -> dict[str, nn.Module]:
    return {
        "MSE": nn.MSELoss(),
        "LNCC": LocalNormalizedCrossCorrelationLoss(dims, kernel_size=7),
        "FastLNCC": FastLNCC(7, 2),
        "SSIM": SSIMLoss(dims, win_size=7),
        "mutual information": GlobalMutualInformationLoss(num_bins=16),
        "sum": WeightedSum([FastLNCC(7), nn.MSELoss()], [1, 10]),
    }


@all_sizes
@pytest.mark.parametrize("name", similarities(2))
def test_every_similarity_falls_as_images_align(size: tuple[int, ...], name: str) -> None:
    """Over shifts of 3, 2, 1 and 0 voxels, as a term of the loss; its gradient points the right way."""
    loss = RegistrationLoss(similarities(len(size))[name], DiffusionLoss(), sigma=0.01)
    moving, fixed = blob(size, shift=3.0), {"fixed": blob(size)}

    def value(voxels: float) -> Tensor:
        ddf = torch.zeros(1, len(size), *size)
        ddf[:, 0] = voxels
        return loss({"warped": warp(moving, ddf), "ddf": ddf}, fixed)

    losses = [float(value(voxels)) for voxels in (0.0, 1.0, 2.0, 3.0)]
    assert all(later < earlier for earlier, later in pairwise(losses)), losses
    field = torch.zeros(1, len(size), *size, requires_grad=True)
    loss({"warped": warp(moving, field), "ddf": field}, fixed).backward()
    assert field.grad is not None and field.grad[:, 0].sum() < 0  # a larger displacement lowers the loss


@all_sizes
def test_loss_is_similarity_plus_sigma_times_penalty(size: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    ddf = torch.randn(2, len(size), *size, generator=random)
    warped, fixed = (torch.rand(2, 1, *size, generator=random) for _ in range(2))
    for sigma in (0.0, 0.01, 2.5):
        loss = RegistrationLoss(nn.MSELoss(), DiffusionLoss(), sigma)
        total = loss({"warped": warped, "ddf": ddf}, {"fixed": fixed, "fixed_label": fixed})
        mse = (warped - fixed).square().mean()
        torch.testing.assert_close(total, mse + sigma * DiffusionLoss()(ddf))
        assert list(loss.terms) == ["similarity", "regularisation"]
        torch.testing.assert_close(loss.terms["similarity"], mse)
        torch.testing.assert_close(loss.terms["regularisation"], DiffusionLoss()(ddf))


def test_terms_hold_no_graph() -> None:
    ddf = torch.zeros(1, 2, 8, 8, requires_grad=True)
    loss = RegistrationLoss(nn.MSELoss(), ForwardDiffusion(), 1.0)
    total = loss({"warped": warp(blob((8, 8)), ddf), "ddf": ddf}, {"fixed": blob((8, 8), 1.0)})
    assert total.requires_grad
    assert not any(term.requires_grad for term in loss.terms.values())


@all_sizes
def test_any_penalty_of_a_field_fits(size: tuple[int, ...]) -> None:
    ddf = torch.randn(1, len(size), *size, generator=torch.Generator().manual_seed(0))
    penalties = {"bending": BendingEnergyLoss(), "folding": FoldingPenalty(), "forward": ForwardDiffusion()}
    for penalty in penalties.values():
        loss = RegistrationLoss(nn.MSELoss(), penalty, sigma=3.0)
        total = loss({"warped": blob(size), "ddf": ddf}, {"fixed": blob(size)})
        torch.testing.assert_close(total, 3 * penalty(ddf))


def test_weighted_sum_is_the_weighted_sum() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([4.0, 8.0])
    assert float(WeightedSum([nn.MSELoss(), nn.L1Loss()], [2, -0.5])(a, b)) == pytest.approx(2 * 22.5 - 0.5 * 4.5)
    assert float(WeightedSum([nn.L1Loss()], [3])(a, b)) == pytest.approx(13.5)


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (1, 2), (2, 1)])
def test_one_weight_a_loss(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"got {counts[0]} losses and {counts[1]} weights"):
        WeightedSum([nn.MSELoss()] * counts[0], [1.0] * counts[1])
