"""How long the registration of a batch takes: the network and what refines its field, not reading or measuring."""

from __future__ import annotations

import time

import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents


class RegistrationClock:
    """Seconds from the start of an iteration to the end of the inferer, the last batch's in :attr:`seconds`."""

    def __init__(self) -> None:
        self.started = self.seconds = 0.0

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.ITERATION_STARTED, self._start)
        engine.add_event_handler(IterationEvents.MODEL_COMPLETED, self._stop)

    def _start(self, engine: Engine) -> None:
        self.started = time.perf_counter()

    def _stop(self, engine: Engine) -> None:
        if engine.state.device.type == "cuda":
            torch.cuda.synchronize()
        self.seconds = time.perf_counter() - self.started
