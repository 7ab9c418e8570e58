"""What a training says of itself: a line an epoch, and at the end a table and where the files are."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from ignite.engine import Engine, Events

from ..reports.training import Epoch, epoch_line, training_table
from .checkpoint import BEST, CHECKPOINT, LAST

logger = logging.getLogger(__name__)


class TrainingLog:
    """Follow a trainer and its validation.

    Must stand after the handlers that compute losses, validate and save. Nothing of other processes is needed: their
    share is in the metrics already.

    Args:
        folder: where the training's files go.
        evaluator: the validation's; its key metric, more is better, says which epoch is best.
    """

    def __init__(self, folder: str, evaluator: Engine) -> None:
        self.folder, self.evaluator = Path(folder), evaluator
        self.epochs: list[Epoch] = []
        self.fresh: dict[str, float] = {}
        self.started = 0.0
        evaluator.add_event_handler(Events.COMPLETED, self._note_validation)

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.STARTED, lambda _: self.epochs.clear())
        engine.add_event_handler(Events.EPOCH_STARTED, self._start_clock)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.tell_epoch)
        engine.add_event_handler(Events.COMPLETED, self.tell_end)

    def _start_clock(self, engine: Engine) -> None:
        self.started, self.fresh = time.perf_counter(), {}

    def _note_validation(self, evaluator: Engine) -> None:
        self.fresh = {name: float(value) for name, value in evaluator.state.metrics.items()}

    def tell_epoch(self, engine: Engine) -> None:
        """Log the epoch that has just ended."""
        losses = {name: float(value) for name, value in engine.state.metrics.items()}
        seconds = time.perf_counter() - self.started
        self.epochs.append(Epoch(engine.state.epoch, losses, self.fresh, seconds))
        logger.info("%s", epoch_line(self.epochs, engine.state.max_epochs))

    def tell_end(self, engine: Engine) -> None:
        """Log the table, and the files that hold weights."""
        files = {"the best": BEST, "the last": LAST, "to go on from": CHECKPOINT}
        written = [f"{name} ({what})" for what, name in files.items() if (self.folder / name).is_file()]
        key = getattr(self.evaluator.state, "key_metric_name", None)
        table = f"\n\n{training_table(self.epochs, key or '')}" if self.epochs else "; it was done before.\n"
        where = f"Weights are in {self.folder}: {', '.join(written)}."
        logger.info("training ends after epoch %d%s\n%s", engine.state.epoch, table, where)
