"""Instance optimisation finds what the network left over, and nothing else changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.engines import Refinement, RegistrationInferer
from scripts.errors import InputError
from scripts.losses import FoldingPenalty, ForwardDiffusion, RegistrationLoss
from scripts.spatial import folded_fraction, identity_grid, upsample_field, warp
from support import assert_one_sentence

SIZES = [(32, 40), (16, 20, 18)]


def blob(size: tuple[int, ...], shift: float) -> Tensor:
    grid = identity_grid(size)
    centre = torch.tensor([n / 2 for n in size]).view(-1, *[1] * len(size))
    return torch.exp(-((grid - centre - shift) ** 2).sum(0) / (0.15 * size[0]) ** 2)[None, None]


def loss() -> RegistrationLoss:
    return RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()},
        diffusion={"weight": 0.001, "of": "ddf", "loss": ForwardDiffusion()},
        folding={"weight": 0.01, "of": "ddf", "loss": FoldingPenalty()},
    )


def error(pair: Tensor, ddf: Tensor) -> float:
    moving, fixed = pair.chunk(2, 1)
    return float((warp(moving, ddf) - fixed).square().mean())


@pytest.mark.parametrize("size", SIZES)
def test_recovers_a_shift_without_folding(size: tuple[int, ...]) -> None:
    pair = torch.cat([blob(size, 0.0), blob(size, 2.0)], 1)
    zero = torch.zeros(1, len(size), *size)
    found = Refinement(loss(), steps=40)(pair, zero)
    assert error(pair, found) < 0.1 * error(pair, zero)
    assert float(folded_fraction(found)) == 0
    centre = tuple(n // 2 + 1 for n in size)
    assert torch.allclose(found[(0, slice(None), *centre)], torch.tensor(-2.0), atol=1.0)


@pytest.mark.parametrize("size", SIZES)
def test_field_of_half_resolution_is_bettered_at_full(size: tuple[int, ...]) -> None:
    pair = torch.cat([blob(size, 0.0), blob(size, 2.0)], 1)
    coarse = torch.full((1, len(size), *(n // 2 for n in size)), -0.5)  # of its voxels: half of the shift
    start = upsample_field(coarse, size)
    assert torch.equal(Refinement(loss(), steps=0)(pair, coarse), start)
    found, at_full = (Refinement(loss(), steps=20)(pair, ddf) for ddf in (coarse, start))
    assert error(pair, found) < 0.2 * error(pair, start)
    torch.testing.assert_close(found, at_full, atol=0.05, rtol=0)


def test_starts_from_the_given_field_and_keeps_it_with_no_steps() -> None:
    size = SIZES[0]
    pair = torch.cat([blob(size, 0.0), blob(size, 2.0)], 1)
    true = torch.full((1, 2, *size), -2.0)
    assert Refinement(loss(), steps=0)(pair, true) is true
    assert error(pair, Refinement(loss(), steps=3)(pair, true)) < 1e-4


def test_pairs_of_a_batch_do_not_feel_each_other() -> None:
    size = SIZES[0]
    pairs = torch.cat([torch.cat([blob(size, 0.0), blob(size, shift)], 1) for shift in (1.0, -2.0)])
    zero = torch.zeros(2, 2, *size)
    optimiser = Refinement(loss(), steps=10)
    together = optimiser(pairs, zero)
    alone = torch.cat([optimiser(pairs[i : i + 1], zero[:1]) for i in range(2)])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=0)


def test_inferer_refines_under_no_grad_and_keeps_the_networks_field() -> None:
    size = SIZES[0]
    pair = torch.cat([blob(size, 0.0), blob(size, 2.0)], 1)
    network = nn.Conv2d(2, 2, 1)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        found = RegistrationInferer(refinement=Refinement(loss(), steps=20))(pair, network)
        plain = RegistrationInferer(refinement=Refinement(loss(), steps=0))(pair, network)
    assert set(plain) == {"ddf", "warped"}
    torch.testing.assert_close(found["network_ddf"], plain["ddf"])
    assert error(pair, found["ddf"]) < 0.3 * error(pair, plain["ddf"])
    torch.testing.assert_close(found["warped"], warp(pair[:, :1], found["ddf"]))
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("weight", [float("nan"), 1e38])
@pytest.mark.parametrize("size", SIZES)
def test_values_that_are_not_finite_end_in_a_sentence(size: tuple[int, ...], weight: float) -> None:
    """PyTorch's sampler would end the process."""
    spoilt = RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()}, diffusion={"weight": weight, "of": "ddf", "loss": ForwardDiffusion()}
    )
    start = torch.rand(1, len(size), *size)
    with pytest.raises(
        InputError, match=r"refinement's displacements are not finite.*--refinement_smoothness"
    ) as caught:
        Refinement(spoilt, steps=3)(torch.cat([blob(size, 0.0), blob(size, 2.0)], 1), start * 1e20)
    assert_one_sentence(str(caught.value))


def test_network_whose_field_is_not_finite_ends_in_a_sentence() -> None:
    pair = torch.cat([blob(SIZES[0], 0.0), blob(SIZES[0], 2.0)], 1)
    network = nn.Conv2d(2, 2, 1).eval()
    nn.init.constant_(network.weight, float("nan"))
    with pytest.raises(InputError, match=r"weights are damaged.*--ckpt_path"), torch.no_grad():
        RegistrationInferer(refinement=Refinement(loss(), steps=3))(pair, network)
