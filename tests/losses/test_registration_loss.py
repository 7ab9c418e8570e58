"""The sum of named terms, and the similarities that a config may choose."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

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

from scripts.losses import FastLNCC, FoldingPenalty, ForwardDiffusion, RegistrationLoss
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
    }


@all_sizes
@pytest.mark.parametrize("name", similarities(2))
def test_every_similarity_falls_as_images_align(size: tuple[int, ...], name: str) -> None:
    """Over shifts of 3, 2, 1 and 0 voxels, as a term of the loss; its gradient points the right way."""
    loss = smoothed(similarities(len(size))[name], 0.01)
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


def smoothed(similarity: nn.Module, weight: float, penalty: nn.Module | None = None) -> RegistrationLoss:
    """A similarity and a penalty on the field, MONAI's diffusion unless another is given."""
    penalty = penalty or DiffusionLoss()
    return RegistrationLoss(
        similarity={"weight": 1, "loss": similarity}, penalty={"weight": weight, "of": "ddf", "loss": penalty}
    )


@all_sizes
def test_loss_is_the_weighted_sum_of_its_terms(size: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    ddf = torch.randn(2, len(size), *size, generator=random)
    warped, fixed = (torch.rand(2, 1, *size, generator=random) for _ in range(2))
    mse, l1 = (warped - fixed).square().mean(), (warped - fixed).abs().mean()
    for weights in ((1, 2, 0.0), (0.5, -1, 0.01), (3, 0, 2.5)):
        loss = RegistrationLoss(
            mse={"weight": weights[0], "loss": nn.MSELoss()},
            l1={"weight": weights[1], "loss": nn.L1Loss(), "of": "images"},
            diffusion={"weight": weights[2], "loss": DiffusionLoss(), "of": "ddf"},
        )
        total = loss({"warped": warped, "ddf": ddf}, {"fixed": fixed, "fixed_label": fixed})
        diffusion = DiffusionLoss()(ddf)
        torch.testing.assert_close(total, weights[0] * mse + weights[1] * l1 + weights[2] * diffusion)
        assert loss.names == list(loss.values) == ["mse", "l1", "diffusion"]
        for name, value in {"mse": mse, "l1": l1, "diffusion": diffusion}.items():
            torch.testing.assert_close(loss.values[name], value)


def test_values_hold_no_graph() -> None:
    ddf = torch.zeros(1, 2, 8, 8, requires_grad=True)
    loss = smoothed(nn.MSELoss(), 1.0)
    total = loss({"warped": warp(blob((8, 8)), ddf), "ddf": ddf}, {"fixed": blob((8, 8), 1.0)})
    assert total.requires_grad
    assert not any(value.requires_grad for value in loss.values.values())


@all_sizes
def test_any_penalty_of_a_field_fits(size: tuple[int, ...]) -> None:
    ddf = torch.randn(1, len(size), *size, generator=torch.Generator().manual_seed(0))
    penalties = {"bending": BendingEnergyLoss(), "folding": FoldingPenalty(), "forward": ForwardDiffusion()}
    for penalty in penalties.values():
        total = smoothed(nn.MSELoss(), 3.0, penalty)({"warped": blob(size), "ddf": ddf}, {"fixed": blob(size)})
        torch.testing.assert_close(total, 3 * penalty(ddf))


def test_terms_follow_the_loss_to_its_device() -> None:
    """A term with a buffer of its own moves along."""
    kernel = nn.Module()
    kernel.register_buffer("window", torch.ones(3))
    RegistrationLoss(similarity={"weight": 1, "loss": kernel}).to(torch.float64)
    assert kernel.window.dtype == torch.float64


@pytest.mark.parametrize(
    "terms, message",
    [
        ({}, "needs a term"),
        ({"mse": nn.MSELoss()}, "'mse' must have a weight and a loss"),
        ({"mse": {"loss": nn.MSELoss()}}, "'mse' must have a weight and a loss"),
        ({"mse": {"loss": nn.MSELoss(), "weight": 1, "wieght": 2}}, "'mse' must have"),
        ({"mse": {"loss": nn.MSELoss(), "weight": 1, "of": "field"}}, "of one of .*images.*ddf"),
    ],
)
def test_a_term_has_a_weight_and_a_loss(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RegistrationLoss(**terms)
