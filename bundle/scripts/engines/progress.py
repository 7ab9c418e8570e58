"""The progress of an engine's epoch."""

from __future__ import annotations

import logging

from ignite.engine import Engine, Events

from ..progress import EVERY, Progress

logger = logging.getLogger(__name__)


class EngineProgress:
    """Show a sign of life while an engine goes through its batches, see :class:`scripts.progress.Progress`.

    Unlike Ignite's bar it speaks up without a terminal too, and leaves epochs that are soon over alone.

    Args:
        what: the engine does.
        every: least seconds between two lines where there is no terminal.
        folder: that holds what comes of it, told when all is done; ``None``: somebody else tells.
    """

    def __init__(self, what: str, every: float = EVERY, folder: str | None = None) -> None:
        self.what, self.every, self.folder = what, every, folder
        self.running: Progress | None = None

    def attach(self, engine: Engine) -> None:
        """Follow an engine."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._open)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._advance)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._close)
        engine.add_event_handler(Events.COMPLETED, self._end)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def _open(self, engine: Engine) -> None:
        several = (engine.state.max_epochs or 1) > 1
        what = f"{self.what}, epoch {engine.state.epoch}" if several else self.what
        self.running = Progress(what, "batch", engine.state.epoch_length, self.every).__enter__()

    def _advance(self, engine: Engine) -> None:
        if self.running is not None:
            self.running.advance()

    def _close(self, engine: Engine) -> None:
        if self.running is not None:
            self.running.close()
        self.running = None

    def _end(self, engine: Engine) -> None:
        self._close(engine)  # a run that was terminated within an epoch has not come to the end of one
        if self.folder is not None:
            logger.info("%s is done; the files are in %s.", self.what, self.folder)

    def _fail(self, engine: Engine, error: BaseException) -> None:
        self._close(engine)
        raise error  # Ignite leaves it to its handlers to raise
