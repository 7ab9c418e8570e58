"""Telling samplers and data sets which epoch it is, so that what they draw depends on seed and epoch alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ignite.engine import Engine, Events


class EpochSetter:
    """Call ``set_epoch`` of every item when an epoch starts.

    A training that resumes at epoch ``n`` then sees the pairs, in the order, that it would have seen without a stop.

    Args:
        items: objects with a method ``set_epoch(epoch)``.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = list(items)

    def attach(self, engine: Engine) -> None:
        """Follow the epochs of a trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Pass the running epoch, counted from 1, on."""
        for item in self.items:
            item.set_epoch(engine.state.epoch)
