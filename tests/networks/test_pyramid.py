"""Looks from coarse to fine: what the untrained pyramid finds, what is trained, what is exported."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.losses import FastLNCC
from scripts.networks import DenseUNet, RegistrationModel, RegistrationPyramid, SelfSimilarInput
from scripts.spatial import jacobian_determinant, smooth, warp
from support import both_dims

LOOKS = [(0, 2), (0, 2), (1, 1), (1, 1)]
SIZES = {2: (36, 40), 3: (28, 32, 36)}


def backbone(dims: int, level: int = 0) -> DenseUNet:
    return DenseUNet(dims, 2 * 2**dims + 2 * dims, channels=(4, 6, 8), output_level=level)


def pyramid(dims: int) -> RegistrationPyramid:
    torch.manual_seed(0)
    return RegistrationPyramid([backbone(dims), backbone(dims)], LOOKS)


def pair(dims: int, size: tuple[int, ...] | None = None) -> Tensor:
    """Smooth noise, and the same moved by up to two voxels."""
    size = size or SIZES[dims]
    fixed = smooth(torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(1)), 2.0)
    fixed = (fixed - fixed.amin()) / (fixed.amax() - fixed.amin())
    wave = torch.linspace(0, torch.pi, size[0]).sin().reshape(-1, *[1] * (dims - 1)).expand(size)
    field = torch.stack([2 * wave] * dims)[None]
    return torch.cat([warp(fixed, field), fixed], 1)


@both_dims
def test_registers_before_training(dims: int) -> None:
    seen = pair(dims)
    ddf = pyramid(dims).eval()(seen)
    moving, fixed = seen.chunk(2, 1)
    lncc = FastLNCC(7)
    assert ddf.shape == (1, dims, *SIZES[dims])
    assert lncc(warp(moving, ddf), fixed) < 0.7 * lncc(moving, fixed)
    assert jacobian_determinant(ddf).min() > 0


@both_dims
def test_same_images_are_hardly_moved(dims: int) -> None:
    _, fixed = pair(dims).chunk(2, 1)
    model = pyramid(dims).eval()
    assert model(torch.cat([fixed, fixed], 1)).abs().mean() < 0.1 * model(pair(dims)).abs().mean()


@both_dims
def test_any_size_and_a_coarser_backbone(dims: int) -> None:
    size = tuple(n + odd for n, odd in zip(SIZES[dims], (1, 3, 2), strict=False))
    model = RegistrationPyramid([backbone(dims, level=1)], [(0, 2), (0, 1)]).eval()
    assert model(pair(dims, size)).shape == (1, dims, *size)


@both_dims
def test_a_drawn_look_is_trained(dims: int) -> None:
    """Those before it get no gradient: a look of the second backbone moves nothing of the first."""
    model = pyramid(dims).train()
    for seed in range(6):
        model.zero_grad()
        torch.manual_seed(seed)
        last = int(torch.randint(len(LOOKS), ()))
        torch.manual_seed(seed)
        model(pair(dims)).square().mean().backward()
        trained = [any(p.grad is not None and p.grad.any() for p in net.parameters()) for net in model.backbones]
        assert trained == [LOOKS[last][0] == index for index in range(2)]
        assert model.steps.grad is not None
        assert model.steps.grad.nonzero().flatten().tolist() == [last]


@both_dims
def test_all_looks_are_taken_afterwards(dims: int) -> None:
    model = pyramid(dims).eval()
    first = model(pair(dims))
    assert torch.equal(model(pair(dims)), first)
    shorter = RegistrationPyramid(list(model.backbones), LOOKS[:-1]).eval()
    assert not torch.equal(shorter(pair(dims)), first)


@both_dims
def test_pairs_of_a_batch_do_not_see_each_other(dims: int) -> None:
    model, one = pyramid(dims).eval(), pair(dims)
    both = model(torch.cat([one, one.flip(2)]))
    torch.testing.assert_close(both[:1], model(one), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(both[1:], model(one.flip(2)), rtol=1e-4, atol=1e-4)


@both_dims
def test_steps_begin_anew_at_every_resolution(dims: int) -> None:
    model = RegistrationPyramid([backbone(dims)], [(0, 2), (0, 2), (0, 1), (0, 1)], step=0.8, decay=0.5)
    torch.testing.assert_close(model.steps.data, torch.tensor([0.8, 0.4, 0.8, 0.4]))


def test_torchscript_holds_for_other_sizes() -> None:
    model = pyramid(3).eval()
    scripted = torch.jit.script(model)
    for size in (SIZES[3], (41, 30, 34)):
        torch.testing.assert_close(scripted(pair(3, size)), model(pair(3, size)), rtol=1e-4, atol=1e-4)


@both_dims
def test_descriptions_of_two_contrasts_are_registered_before_training(dims: int) -> None:
    """Of an image and its negative, whose intensities say the opposite and whose self-similarity is one."""
    count = 2 * dims * (dims - 1)
    looks = RegistrationPyramid([], [(None, 1)] * 6, in_channels=2 * count, force="difference", spatial_dims=dims)
    model = RegistrationModel(SelfSimilarInput(looks, distances=[1])).eval()
    moving, fixed = pair(dims).chunk(2, 1)
    ddf = model(torch.cat([moving, 1 - fixed], 1))
    lncc = FastLNCC(7)
    assert lncc(warp(moving, ddf), fixed) < 0.8 * lncc(moving, fixed)
    assert jacobian_determinant(ddf).min() > 0
    torch.testing.assert_close(torch.jit.script(model)(pair(dims)), model(pair(dims)), rtol=1e-4, atol=1e-4)


def test_refuses_a_force_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="force must be one of"):
        RegistrationPyramid([nn.Identity()], [(0, 1)], force="magnetism")


@pytest.mark.parametrize("looks", [[], [(1, 1)], [(-1, 1)]])
def test_refuses_looks_without_a_backbone(looks: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="look"):
        RegistrationPyramid([nn.Identity()], looks)
