"""Training steps of the bundle's networks and losses, and their times, for what measures speed."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from benchmarks.setting import parse
from scripts.engines import RegistrationInferer

Step = Callable[[], Tensor]
RECIPE = "variants/recipe.yaml"


def network_and_loss(*names: str) -> tuple[nn.Module, nn.Module]:
    """Network and loss of the bundle's configuration files."""
    config = parse({"device": "cpu"}, ("train.yaml", *names))
    return config.get_parsed_content("network_def"), config.get_parsed_content("loss")


def step_options(description: str | None) -> argparse.ArgumentParser:
    """A command line with the size of a batch."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--size", type=int, nargs="+", default=[160, 192])
    return parser


def median_seconds(steps: Mapping[str, Step], rounds: int = 7) -> dict[str, float]:
    """Median time of every step over the rounds in which all take turns; one more round before them warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


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
    target = {"moving": batch[:, :1], "fixed": batch[:, 1:]}

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss(inferer(batch, network), target)
        value.backward()
        optimizer.step()
        return value

    return step
