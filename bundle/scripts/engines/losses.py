"""Logging the loss and its named terms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine
from ignite.metrics import Average
from torch import Tensor

from ..losses import RegistrationLoss


class EpochLosses:
    """Mean of the loss and of its terms over an epoch and all processes, put among the trainer's metrics.

    Must stand before the handlers that print or plot metrics.

    Args:
        loss_function: whose terms are followed.
    """

    def __init__(self, loss_function: RegistrationLoss) -> None:
        self.loss_function = loss_function

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        values: dict[str, Callable[[Any], Tensor]] = {"loss": lambda output: output["loss"]}
        values.update({name: partial(self._term, name) for name in self.loss_function.names})
        for name, value in values.items():
            Average(value, device=idist.device()).attach(engine, name)

    def _term(self, name: str, _: Any) -> Tensor:
        return self.loss_function.values[name]
