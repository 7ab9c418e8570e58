"""Training steps of the bundle's networks and losses, and their times, for what measures speed."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from scripts.engines import RegistrationInferer

Step = Callable[[], Tensor]
Name = TypeVar("Name", bound=Hashable)


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """The size of a batch, and how often every step takes its turn."""
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--size", type=int, nargs="+", default=[160, 192])
    parser.add_argument("--rounds", type=int, default=7)


def describe_batch(batch_size: int, size: Sequence[int], rounds: int) -> str:
    """The protocol of the times in words."""
    return f"batch {batch_size}, {' x '.join(map(str, size))}, all rows taking turns, median of {rounds} rounds"


def median_seconds(steps: Mapping[Name, Step], rounds: int = 7) -> dict[Name, float]:
    """Median time of every step over the rounds in which all take turns; one more round before them warms up."""
    seconds: dict[Name, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def bundle_step(batch: Tensor, network: nn.Module, loss: nn.Module, precision: str = "bfloat16") -> Step:
    """Forward, loss, backward and Adam, as the bundle's trainer does it.

    Args:
        batch: pairs ``(B, 2, *S)``.
        network: gives the field of a pair.
        loss: as :class:`scripts.losses.RegistrationLoss`.
        precision: as :class:`scripts.engines.RegistrationInferer`.
    """
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    inferer = RegistrationInferer(precision, channels_last=True)
    target = {"moving": batch[:, :1], "fixed": batch[:, 1:]}

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss(inferer(batch, network), target)
        value.backward()
        optimizer.step()
        return value

    return step
