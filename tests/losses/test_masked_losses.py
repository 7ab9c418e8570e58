"""Images are compared in a mask alone, whatever the term; penalties hold everywhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.errors import InputError
from scripts.losses import FastLNCC, ForwardDiffusion, MINDLoss, RegistrationLoss
from scripts.spatial import self_similarity
from support import assert_one_sentence

SIZES = [(25, 30), (15, 18, 16)]
each_size = pytest.mark.parametrize("size", SIZES)


def images(size: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Two of noise, and a mask without a block."""
    generator = torch.Generator().manual_seed(1)
    first, second = (torch.rand(1, 1, *size, generator=generator) for _ in range(2))
    mask = torch.ones(1, 1, *size)
    mask[(..., *[slice(6, 12)] * len(size))] = 0
    return first, second, mask


def loss() -> RegistrationLoss:
    return RegistrationLoss(
        lncc={"weight": 1, "loss": FastLNCC(5, 2)},
        mse={"weight": 3, "loss": nn.MSELoss()},
        mind={"weight": 1, "loss": MINDLoss(1, 1)},
        diffusion={"weight": 2, "of": "ddf", "loss": ForwardDiffusion()},
    )


def terms(warped: Tensor, fixed: Tensor, mask: Tensor | None) -> dict[str, float]:
    """The value of every term, for a field that is not smooth."""
    field = torch.arange(2.0 * fixed.numel()).sin().reshape(1, 2, *fixed.shape[2:])
    target = {"fixed": fixed} if mask is None else {"fixed": fixed, "mask": mask}
    term = loss()
    term({"warped": warped, "ddf": field}, target)
    return {name: float(value) for name, value in term.values.items()}


@each_size
def test_a_mask_of_all_is_none(size: tuple[int, ...]) -> None:
    warped, fixed, mask = images(size)
    assert terms(warped, fixed, torch.ones_like(mask)) == pytest.approx(terms(warped, fixed, None), abs=1e-5)


@each_size
def test_what_lies_outside_has_no_say(size: tuple[int, ...]) -> None:
    warped, fixed, mask = images(size)
    other, far = (torch.where(mask > 0, image, 9 * image - 4) for image in (warped, fixed))
    before, after = terms(warped, fixed, mask), terms(other, far, mask)
    assert after == pytest.approx(before, abs=1e-5)
    assert terms(other, far, None)["mse"] != pytest.approx(before["mse"], rel=0.1)
    assert before["diffusion"] == terms(warped, fixed, None)["diffusion"]


@each_size
def test_nothing_pulls_outside(size: tuple[int, ...]) -> None:
    warped, fixed, mask = images(size)
    warped.requires_grad_()
    loss()({"warped": warped, "ddf": torch.zeros(1, 2, *size)}, {"fixed": fixed, "mask": mask}).backward()
    assert warped.grad is not None and float(warped.grad[mask == 0].abs().max()) == 0
    assert float(warped.grad[mask > 0].abs().min()) > 0


@each_size
def test_values_are_those_of_the_marked_voxels(size: tuple[int, ...]) -> None:
    """MSE by hand, and LNCC by a loop over windows, each of which counts by its voxels."""
    warped, fixed, mask = images(size)
    found, marked = terms(warped, fixed, mask), mask > 0
    assert found["mse"] == pytest.approx(float((warped - fixed)[marked].square().mean()), rel=1e-5)
    total, count = 0.0, 0.0
    for centre in torch.cartesian_prod(*(torch.arange(0, n, 2) for n in size)).tolist():
        cut = (0, 0, *(slice(max(0, c - 2), c + 3) for c in centre))
        a, b = (image[cut][marked[cut]].double() for image in (warped, fixed))
        share = float(mask[cut].mean())
        if len(a):
            cross = float(((a - a.mean()) * (b - b.mean())).mean())
            total += share * cross**2 / (float(a.var(correction=0) * b.var(correction=0)) + 1e-5)
        count += share
    assert found["lncc"] == pytest.approx(1 - total / count, abs=1e-4)


@each_size
def test_self_similarity_counts_where_all_that_it_looks_at_is_marked(size: tuple[int, ...]) -> None:
    """Two voxels away from what is not: one to the neighbour, one more of its patch."""
    warped, fixed, mask = images(size)
    mask[..., 4:6] = 0
    counts = mask.clone()
    for axis in range(2, mask.ndim):
        moved = [counts]
        for step in (1, 2):
            ahead, back = counts.roll(step, axis), counts.roll(-step, axis)
            ahead.narrow(axis, 0, step).fill_(1)
            back.narrow(axis, -step, step).fill_(1)
            moved += [ahead, back]
        counts = torch.stack(moved).amin(0)
    first, second = (self_similarity(image, 1, 1) for image in (warped, fixed))
    wanted = (first - second).square()[counts.expand(-1, first.shape[1], *size) > 0].mean()
    assert 0 < counts.sum() < mask.sum()
    assert terms(warped, fixed, mask)["mind"] == pytest.approx(float(wanted), rel=1e-4)


def test_a_mask_too_thin_for_self_similarity_is_refused() -> None:
    warped, fixed, mask = images(SIZES[0])
    mask[:] = 0
    mask[..., 5:9] = 1
    with pytest.raises(InputError, match="5 voxels of the working grid across") as caught:
        MINDLoss(1, 1)(warped, fixed, mask)
    assert_one_sentence(str(caught.value))
