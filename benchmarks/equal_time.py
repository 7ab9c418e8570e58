"""Trainings of equal time, for studies of what pays."""

from __future__ import annotations

import time
from typing import Any

from ignite.engine import Engine, Events


class TimeLimit:
    """End a training with the epoch in which its process has used up a time.

    Args:
        seconds: of this process, all its threads together.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def attach(self, engine: Engine) -> None:
        """Follow a trainer, from its start."""
        engine.add_event_handler(Events.STARTED, self._begin)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._look)

    def _begin(self) -> None:
        self.started = time.process_time()

    def _look(self, engine: Engine) -> None:
        if time.process_time() - self.started > self.seconds:
            engine.terminate()


def limited(minutes: float, *further: dict[str, Any]) -> list[dict[str, Any]]:
    """The handlers of a training that is told from others by its time alone, and further ones."""
    return [
        {"_target_": "scripts.engines.EpochSetter", "items": ["@train#dataset"]},
        {"_target_": "scripts.engines.DivergenceStop"},
        *further,
        {"_target_": "benchmarks.equal_time.TimeLimit", "seconds": 60 * minutes},
    ]
