"""TorchScript of a network whose Python the script compiler cannot read: a trace that holds for every size."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

ODD_SIZE = 33  # no multiple of what networks halve to: padding and cropping are then part of the trace


class Traced(nn.Module):
    """A trace of a network that takes pairs, in a module that ``torch.jit.script`` accepts.

    A trace keeps the branches that its example took; the example's axes are odd, so that they are those of any size.
    Sizes themselves stay variables.

    Args:
        network: takes ``(B, 2C, *S)``; the first of its parts that knows ``in_channels`` tells ``2C``, the first that
            knows ``spatial_dims``, or its first convolution, the number of axes.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        known = [vars(part) for part in network.modules()]
        channels = next(part["in_channels"] for part in known if "in_channels" in part)
        told = [part["spatial_dims"] for part in known if part.get("spatial_dims")]
        dims = told[0] if told else next(p.ndim - 2 for p in network.parameters() if p.ndim > 3)
        example = torch.rand(2, channels, *(ODD_SIZE,) * dims, device=next(network.parameters()).device)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that comparisons of sizes are constants from here on is what we want
            self.network = torch.jit.trace(network, example, check_trace=False)

    def forward(self, pair: Tensor) -> Tensor:
        """As the network's."""
        return self.network(pair)
