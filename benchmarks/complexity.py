"""What a network costs: its parameters and its multiply-adds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class NetworkCost:
    """Trainable ``parameters``, and the ``multiply_adds`` of its convolutions and matrix products for one input."""

    parameters: int
    multiply_adds: int


def network_cost(network: nn.Module, pair: Tensor) -> NetworkCost:
    """Count by running ``network`` once on ``pair`` ``(1, 2C, *S)``; interpolation and activations are not counted."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(pair)
    parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return NetworkCost(parameters, counter.get_total_flops() // 2)  # torch counts a multiply-add as two operations
