"""The backbone: its grid of nodes, its sizes, its parameters counted by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from scripts.networks import DenseUNet
from support import both_dims

CHANNELS = (4, 6, 8, 10)
PAPER = (16, 32, 32, 32, 32)
ablations = pytest.mark.parametrize(
    ("dense", "attention"), [(True, True), (True, False), (False, True), (False, False)]
)


def pair_of(*size: int, batch: int = 1) -> Tensor:
    return torch.rand(batch, 2, *size, generator=torch.Generator().manual_seed(0))


def wake(network: nn.Module) -> nn.Module:
    """Weights of the head that are not nearly zero, so that its output says something."""
    head = network.get_submodule("head.conv")
    nn.init.normal_(head.weight, std=1.0, generator=torch.Generator().manual_seed(1))
    return network


@pytest.mark.parametrize(
    "size", [(16, 24), (17, 23), (8, 9), (3, 5), (1, 1), (16, 8, 24), (9, 11, 13), (2, 3, 5)], ids=str
)
@ablations
def test_any_size_keeps_its_size(size: tuple[int, ...], dense: bool, attention: bool) -> None:
    network = DenseUNet(len(size), channels=CHANNELS, dense=dense, attention=attention)
    assert network(pair_of(*size, batch=2)).shape == (2, len(size), *size)


@pytest.mark.parametrize("size", [(16, 24), (17, 23), (9, 11, 13)], ids=str)
@pytest.mark.parametrize("level", [0, 1, 2])
def test_output_level_halves_the_size(size: tuple[int, ...], level: int) -> None:
    network = DenseUNet(len(size), channels=CHANNELS, output_level=level)
    assert network(pair_of(*size)).shape == (1, len(size), *(-(-n // 2**level) for n in size))


@both_dims
def test_field_starts_near_zero(dims: int) -> None:
    field = DenseUNet(dims)(pair_of(*(32,) * dims))
    assert 0 < field.abs().max() < 1e-2


@both_dims
@ablations
@pytest.mark.parametrize("level", [0, 1])
def test_gradient_reaches_every_parameter(dims: int, dense: bool, attention: bool, level: int) -> None:
    """No node is built that the output does not depend on."""
    torch.manual_seed(0)
    network = wake(DenseUNet(dims, channels=CHANNELS, dense=dense, attention=attention, output_level=level))
    network(pair_of(*(16,) * dims, batch=2)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_nodes_of_the_nested_grid() -> None:
    network = DenseUNet(channels=PAPER)
    assert set(network.nodes) == {f"{i}_{j}" for i in range(5) for j in range(5 - i)}


def test_without_short_connections_it_is_a_plain_unet() -> None:
    network = DenseUNet(channels=PAPER, dense=False)
    encoder, decoder = ["0_0", "1_0", "2_0", "3_0", "4_0"], ["3_1", "2_2", "1_3", "0_4"]
    assert list(network.nodes) == encoder + decoder


def test_finer_nodes_are_not_built_for_half_resolution() -> None:
    network = DenseUNet(channels=PAPER, output_level=1)
    assert not [name for name in (*network.nodes, *network.attentions) if name.startswith("0_") and name != "0_0"]
    assert {"1_1", "1_2", "1_3"} <= set(network.nodes)


@pytest.mark.parametrize("dense", [True, False])
def test_attention_follows_the_upsamplings_of_the_decoder(dense: bool) -> None:
    """The nodes with i + j = levels, and no other."""
    network = DenseUNet(channels=PAPER, dense=dense)
    assert set(network.attentions) == {"3_1", "2_2", "1_3", "0_4"}


def count_by_hand(dims: int, channels: tuple[int, ...], dense: bool, attention: bool) -> int:
    """Convolutions of kernel 3 with bias; ECA's convolutions of kernel 1, 3 or 5 without."""

    def conv(width_in: int, width_out: int) -> int:
        return 3**dims * width_in * width_out + width_out

    levels = len(channels) - 1
    total = sum(conv(a, b) for a, b in pairwise((2, *channels))) + conv(channels[0], dims)
    for j in range(1, levels + 1):
        for i in range(levels - j + 1):
            if dense or i + j == levels:
                total += conv(channels[i] * (j if dense else 1) + channels[i + 1], channels[i])
    kernels = {4: 1, 6: 1, 8: 3, 10: 3, 16: 3, 32: 3}
    return total + attention * sum(kernels[width] for width in channels[1:])


@both_dims
@ablations
@pytest.mark.parametrize("channels", [CHANNELS, PAPER], ids=str)
def test_parameters_are_as_counted_by_hand(dims: int, dense: bool, attention: bool, channels: tuple[int, ...]) -> None:
    network = DenseUNet(dims, channels=channels, dense=dense, attention=attention)
    assert sum(p.numel() for p in network.parameters()) == count_by_hand(dims, channels, dense, attention)


def test_what_the_ablations_of_the_default_cost() -> None:
    """Attention is 4 kernels of 3; short connections are 6 inner nodes and what 3 decoder nodes see of them."""
    counts = {
        (dense, attention): sum(p.numel() for p in DenseUNet(dense=dense, attention=attention).parameters())
        for dense in (True, False)
        for attention in (True, False)
    }
    maps = 2 * 32 * 32 + (2 + 3) * 32 * 32 + (3 + 4 + 5) * 16 * 16  # of the inner nodes of rows 2, 1 and 0
    biases = 32 + 2 * 32 + 3 * 16
    seen = 32 * 32 + 2 * 32 * 32 + 3 * 16 * 16  # by 2_2, 1_3 and 0_4
    for attention in (True, False):
        assert counts[True, attention] - counts[False, attention] == 9 * (maps + seen) + biases
    for dense in (True, False):
        assert counts[dense, True] - counts[dense, False] == 4 * 3


@both_dims
@ablations
def test_plain_forward_is_the_same_computation(dims: int, dense: bool, attention: bool) -> None:
    """The forward pass written out for three rows, from the network's own layers."""
    torch.manual_seed(0)
    network = wake(DenseUNet(dims, channels=(4, 6, 8), dense=dense, attention=attention))
    node, attend = network.get_submodule("nodes"), network.get_submodule("attentions")

    def up(name: str, x: Tensor) -> Tensor:
        """Upsampled, then attended to, as the paper has it."""
        upsampled = interpolate(x, scale_factor=2, mode="nearest")
        return attend[name](upsampled) if name in attend else upsampled  # type: ignore[index, operator, no-any-return]

    x = pair_of(*(8,) * dims)
    x00 = node["0_0"](x)  # type: ignore[index]
    x10 = node["1_0"](network.pool(x00))  # type: ignore[index, operator]
    x20 = node["2_0"](network.pool(x10))  # type: ignore[index, operator]
    x11 = node["1_1"](torch.cat([x10, up("1_1", x20)], 1))  # type: ignore[index]
    seen = [x00]
    if dense:
        seen.append(node["0_1"](torch.cat([x00, up("0_1", x10)], 1)))  # type: ignore[index]
    x02 = node["0_2"](torch.cat([*seen, up("0_2", x11)], 1))  # type: ignore[index]
    torch.testing.assert_close(network(x), network.head(x02))  # type: ignore[operator]


@both_dims
def test_padding_is_zeros_at_the_end(dims: int) -> None:
    network = wake(DenseUNet(dims, channels=(4, 6, 8)))
    odd = pair_of(*(9,) * dims)
    padded = torch.zeros(1, 2, *(12,) * dims)
    inside = (..., *(slice(0, 9),) * dims)
    padded[inside] = odd
    torch.testing.assert_close(network(odd), network(padded)[inside])


@both_dims
def test_batch_entries_do_not_mix(dims: int) -> None:
    network = wake(DenseUNet(dims, channels=CHANNELS))
    pair = pair_of(*(12,) * dims, batch=3)
    torch.testing.assert_close(network(pair)[1:2], network(pair[1:2]), atol=1e-5, rtol=1e-4)


def test_out_channels_is_a_choice() -> None:
    assert DenseUNet(2, in_channels=4, out_channels=5, channels=CHANNELS)(torch.rand(1, 4, 8, 8)).shape == (1, 5, 8, 8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"spatial_dims": 1}, "spatial_dims must be 2 or 3, got 1"),
        ({"spatial_dims": 4}, "spatial_dims must be 2 or 3, got 4"),
        ({"channels": (16,)}, r"at least two rows, got \(16,\)"),
        ({"channels": (4, 4, 4), "output_level": 2}, "output_level must be from 0 to 1, got 2"),
        ({"output_level": -1}, "output_level must be from 0 to 3, got -1"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DenseUNet(**arguments)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (1, 2, 8), (1, 2, 8, 8, 8), (2, 8, 8)], ids=str)
def test_bad_input_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"takes \(B, 2, 2 spatial axes\), got \({shape[0]}, {shape[1]}, {shape[2]}"):
        DenseUNet(2, channels=(4, 4))(torch.zeros(shape))
