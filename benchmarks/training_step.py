"""One training step of the bundle's networks and losses, for what measures speed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.setting import parse
from scripts.engines import RegistrationInferer

Step = Callable[[], Tensor]


def network_and_loss(*names: str) -> tuple[nn.Module, nn.Module]:
    """Network and loss of the bundle's configuration files."""
    config = parse({"device": "cpu"}, ("train.yaml", *names))
    return config.get_parsed_content("network_def"), config.get_parsed_content("loss")


def bundle_step(batch: Tensor, network: nn.Module, loss: nn.Module, low_precision: bool) -> Step:
    """Forward, loss, backward and Adam, as the bundle's trainer does it.

    Args:
        batch: pairs ``(B, 2, *S)``.
        network: gives the field of a pair.
        loss: as :class:`scripts.losses.RegistrationLoss`.
        low_precision: bfloat16 and channels last.
    """
    optimizer = torch.optim.Adam(network.parameters())
    inferer = RegistrationInferer("bfloat16" if low_precision else "float32", channels_last=low_precision)
    fixed = batch[:, 1:]

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss(inferer(batch, network), {"fixed": fixed})
        value.backward()
        optimizer.step()
        return value

    return step
