"""Every row of Table 1 is an overlay that changes the network and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser

from benchmarks import setting
from benchmarks.complexity import network_cost
from support import parse

FOLDER = Path(setting.ROWS)
ROWS = ["vxm1", "vxm2", "unet", "unet_dense", "unet_eca"]
OF_THE_NETWORK = {"network_def", "dense", "attention"}
SIZES = [(48, 40), (32, 24, 20)]  # the second axes are no multiples of what the networks halve


def network(bundle: Path, row: str, dims: int) -> torch.nn.Module:
    parser = parse(bundle, "train.yaml", "methods/paper.yaml", str(FOLDER / f"{row}.yaml"), spatial_dims=dims)
    return parser.get_parsed_content("network_def")  # type: ignore[no-any-return]


def encoder_and_decoder(model: torch.nn.Module) -> list[int]:
    """Output channels of all convolutions in the order in which a pair passes them."""
    seen: list[int] = []
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Conv3d)):
            module.register_forward_hook(lambda module, *_: seen.append(module.out_channels))
    with torch.no_grad():
        model(torch.zeros(1, 2, 32, 32))
    return seen


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_the_network_alone(row: str) -> None:
    changed = ConfigParser.load_config_file(str(FOLDER / f"{row}.yaml"))
    assert set(changed) <= OF_THE_NETWORK


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("size", SIZES)
def test_every_row_gives_a_field_of_the_pairs_size(bundle: Path, row: str, size: tuple[int, ...]) -> None:
    with torch.no_grad():
        field = network(bundle, row, len(size))(torch.rand(1, 2, *size))
    assert field.shape == (1, len(size), *size)
    assert field.abs().max() < 1  # voxels: before any training nothing moves far


@pytest.mark.parametrize("row, end", [("vxm1", [8, 8]), ("vxm2", [32, 16, 16])])
def test_channels_are_voxelmorphs(bundle: Path, row: str, end: list[int]) -> None:
    """Encoder 16, 32, 32, 32, then the decoder from the coarsest level, then the field."""
    assert encoder_and_decoder(network(bundle, row, 2)) == [16, 32, 32, 32, *[32] * 4, *end, 2]


def test_the_ablation_adds_what_it_says(bundle: Path) -> None:
    pair = torch.zeros(1, 2, 32, 32)
    plain, dense, eca = (network_cost(network(bundle, row, 2), pair) for row in ("unet", "unet_dense", "unet_eca"))
    assert dense.parameters > 2 * plain.parameters
    assert eca.parameters - plain.parameters == 4 * 3  # four upsamplings, each with one kernel of three
    assert dense.multiply_adds > 3 * plain.multiply_adds
