"""Stopping where numbers stop being finite: PyTorch's sampler ends the process at coordinates that are NaN."""

from __future__ import annotations

import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents
from torch import Tensor

from ..errors import InputError


def is_finite(values: Tensor) -> bool:
    """Whether no value is NaN or infinite; one sum, which such a value does not leave finite."""
    return bool(torch.isfinite(values.detach().sum()))


class DivergenceStop:
    """End a training whose field, loss or weights are no longer finite, before its next step and before it is saved.

    Must stand before the handlers that validate and save.
    """

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self.check_step)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.check_weights)

    def check_step(self, engine: Engine) -> None:
        """Look at the batch's fields and at the loss.

        Raises:
            InputError: if a value is NaN or infinite; the sentence names the epoch and the learning rate.
        """
        output = engine.state.output
        if not (is_finite(output["pred"]["ddf"]) and is_finite(output["loss"])):
            raise _diverged(engine)

    def check_weights(self, engine: Engine) -> None:
        """Look at the weights that the epoch leaves.

        Raises:
            InputError: as :meth:`check_step`.
        """
        if not all(is_finite(each) for each in engine.network.parameters()):  # type: ignore[attr-defined]
            raise _diverged(engine)


def _diverged(engine: Engine) -> InputError:
    rate = engine.optimizer.param_groups[0]["lr"]  # type: ignore[attr-defined]
    return InputError(
        f"the training diverged in epoch {engine.state.epoch}, at a learning rate of {rate:g}: its values are no "
        "longer finite; give a smaller --learning_rate, or smaller weights of the loss."
    )
