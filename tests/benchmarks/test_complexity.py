"""Parameters and multiply-adds of networks whose counts are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.complexity import NetworkCost, network_cost


@pytest.mark.parametrize("size", [(12, 10), (6, 8, 10)])
def test_counts_of_two_convolutions(size: tuple[int, ...]) -> None:
    dims = len(size)
    conv = {2: nn.Conv2d, 3: nn.Conv3d}[dims]
    network = nn.Sequential(conv(2, 5, 3, padding=1), nn.LeakyReLU(), conv(5, dims, 1, bias=False))
    voxels = torch.tensor(size).prod().item()
    weights = 2 * 5 * 3**dims, 5 * dims
    assert network_cost(network, torch.rand(1, 2, *size)) == NetworkCost(sum(weights) + 5, sum(weights) * voxels)


def test_frozen_parameters_are_not_counted() -> None:
    network = nn.Conv2d(1, 1, 3, padding=1)
    network.requires_grad_(False)
    assert network_cost(network, torch.rand(1, 1, 8, 8)) == NetworkCost(0, 9 * 64)
