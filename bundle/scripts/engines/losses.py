"""Logging the loss and its named terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ignite.engine import Engine, Events
from torch import Tensor

from ..losses import RegistrationLoss
from .distributed import mean_over_processes


class EpochLosses:
    """Mean of the loss and of its terms over an epoch and all processes, put among the trainer's metrics.

    Must stand before the handlers that print or plot metrics.

    Args:
        loss_function: whose terms are followed.
    """

    def __init__(self, loss_function: RegistrationLoss) -> None:
        self.loss_function = loss_function
        self.sums: dict[str, Tensor] = {}
        self.steps = 0

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _start(self, engine: Engine) -> None:
        self.sums, self.steps = defaultdict(lambda: engine.state.output["loss"].new_zeros(())), 0

    def _add(self, engine: Engine) -> None:
        values: Mapping[str, Any] = {"loss": engine.state.output["loss"].detach(), **self.loss_function.terms}
        for name, value in values.items():
            self.sums[name] = self.sums[name] + value
        self.steps += 1

    def _finish(self, engine: Engine) -> None:
        means = {name: float(value) / self.steps for name, value in self.sums.items()}
        engine.state.metrics.update({name: mean_over_processes(mean) for name, mean in means.items()})
