"""Recurrence over time: torch's LSTM in one voxel, and which frames may know of which."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scripts.networks import DenseUNet, Recurrence, RecurrentUNet, RegistrationModel
from scripts.networks.recurrence import FORGET_BIAS, ConvLSTM
from scripts.networks.scripting import Traced
from support import both_dims

CHANNELS = (4, 6, 8)
TURNED = 3  # frame that is changed
both_ways = pytest.mark.parametrize("bidirectional", [True, False])


def seeded(*size: int) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(0))


def wake(network: nn.Module) -> nn.Module:
    """Recurrences and a head that are not nearly zero, so that their output says something."""
    torch.manual_seed(1)
    for name, parameter in network.named_parameters():
        if "join" in name or "head" in name:
            nn.init.normal_(parameter, std=0.3)
    return network.eval()


def changed(frames: Tensor) -> Tensor:
    """The frames with another at ``TURNED``."""
    other = frames.clone()
    other[TURNED] = other[TURNED].flip(-1) + 1
    return other


def touched(network: nn.Module, frames: Tensor) -> list[bool]:
    """Which frames' outputs notice that another frame has changed."""
    with torch.no_grad():
        before, after = network(frames), network(changed(frames))
    return [not torch.allclose(a, b, atol=1e-6) for a, b in zip(before, after, strict=True)]


@both_dims
@pytest.mark.parametrize("backward", [False, True])
def test_in_one_voxel_it_is_an_lstm(dims: int, backward: bool) -> None:
    """PyTorch's gates are input, forget, candidate, output; ours have the candidate last."""
    mine = ConvLSTM(dims, 3, 2, kernel_size=1, backward=backward)
    lstm, order = nn.LSTM(3, 2), torch.tensor([0, 1, 2, 3, 6, 7, 4, 5])
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(mine.of_frame.weight.flatten(1)[order])
        lstm.weight_hh_l0.copy_(mine.of_hidden.weight.flatten(1)[order])
        lstm.bias_ih_l0.copy_(mine.of_frame.bias[order])
        lstm.bias_hh_l0.zero_()
        frames = seeded(5, 3)
        expected = lstm(frames.flip(0))[0].flip(0) if backward else lstm(frames)[0]
        torch.testing.assert_close(mine(frames.reshape(5, 3, *(1,) * dims)).flatten(1), expected)


def test_a_new_memory_keeps_what_it_has() -> None:
    bias = ConvLSTM(2, 3, 2).of_frame.bias
    assert (bias[2:4] == FORGET_BIAS).all() and (bias[:2] == 0).all() and (bias[4:] == 0).all()


@both_dims
@both_ways
def test_before_training_frames_know_nothing_of_each_other(dims: int, bidirectional: bool) -> None:
    frames = seeded(4, 6, *(5,) * dims)
    assert torch.equal(Recurrence(dims, 6, bidirectional=bidirectional)(frames), frames)


@both_dims
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"bidirectional": True}, [True] * 5),
        ({"bidirectional": False}, [False] * TURNED + [True] * 2),
        ({"recurrent_rows": []}, [frame == TURNED for frame in range(5)]),
    ],
    ids=["both ways", "causal", "frame by frame"],
)
def test_who_knows_of_whom(dims: int, options: dict, expected: list[bool]) -> None:
    network = wake(RecurrentUNet(CHANNELS, **{"recurrent_rows": [1, 2], **options}, spatial_dims=dims))
    assert touched(network, seeded(5, 2, *(8,) * dims)) == expected


@both_dims
def test_without_recurrence_every_frame_is_a_pair(dims: int) -> None:
    network = wake(RecurrentUNet(CHANNELS, [], spatial_dims=dims))
    frames, alone = seeded(3, 2, *(9,) * dims), DenseUNet(dims, channels=CHANNELS)
    alone.load_state_dict(network.state_dict())  # and it has the same weights
    with torch.no_grad():
        torch.testing.assert_close(network(frames), torch.cat([alone(frame[None]) for frame in frames]))


@both_dims
def test_time_reversed_with_its_directions_swapped(dims: int) -> None:
    mine, theirs = (wake(Recurrence(dims, 4)) for _ in range(2))
    assert isinstance(mine, Recurrence) and isinstance(theirs, Recurrence)
    hidden = mine.join.weight.shape[1] // 2
    with torch.no_grad():
        for way, other in zip(mine.ways, reversed(theirs.ways), strict=True):
            other.load_state_dict(way.state_dict())
        theirs.join.weight.copy_(mine.join.weight.roll(hidden, 1))
        theirs.join.bias.copy_(mine.join.bias)
        frames = seeded(5, 4, *(6,) * dims)
        assert not torch.allclose(mine(frames.flip(0)).flip(0), mine(frames), atol=1e-3)
        torch.testing.assert_close(theirs(frames.flip(0)).flip(0), mine(frames))


@both_dims
def test_it_sees_the_neighbours_of_a_voxel_as_time_goes_on(dims: int) -> None:
    """A frame's convolution reaches one voxel far, the hidden state's one more a frame."""
    lstm, frames = ConvLSTM(dims, 1, 2), torch.zeros(4, 1, *(11,) * dims)
    centre = (5,) * dims
    with torch.no_grad():
        still = lstm(frames)
        frames[(0, 0, *centre)] = 5.0
        seen = (lstm(frames) - still).abs().amax(1) > 1e-9
    for t, frame in enumerate(seen):
        far = (frame.nonzero() - 5).abs().max()
        assert far == min(1 + t, 5)


@both_dims
@both_ways
def test_gradient_reaches_every_parameter(dims: int, bidirectional: bool) -> None:
    network = wake(RecurrentUNet(CHANNELS, [0, 1, 2], bidirectional, spatial_dims=dims))
    network(seeded(3, 2, *(8,) * dims)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@both_dims
def test_a_trace_holds_for_other_numbers_of_frames_and_sizes(dims: int) -> None:
    backbone = RecurrentUNet(CHANNELS, [1, 2], spatial_dims=dims, output_level=1)
    network = wake(RegistrationModel(backbone, velocity=True, integration_steps=3, half_resolution=True))
    traced = Traced(network)
    for frames, size in ((1, 12), (7, 12), (3, 17)):
        pairs = seeded(frames, 2, *(size,) * dims)
        with torch.no_grad():
            expected = network(pairs)
            assert expected.abs().max() > 0.05
            torch.testing.assert_close(traced(pairs), expected, atol=1e-4, rtol=1e-4)


def test_half_precision_keeps_the_network_s_own() -> None:
    """The compiled loop takes what a convolution under autocast gave."""
    network = wake(RecurrentUNet(CHANNELS, [1], spatial_dims=2))
    pairs = seeded(3, 2, 16, 16)
    with torch.no_grad():
        expected = network(pairs)
        with torch.autocast("cpu", torch.bfloat16):
            found = network(pairs).float()
    assert (found - expected).abs().max() < 0.1 * expected.abs().max()


def test_rows_that_are_not_there_are_named() -> None:
    with pytest.raises(ValueError, match=r"recurrent_rows must be from 0 to 2, got \[3\]"):
        RecurrentUNet(CHANNELS, [3])
