"""A sign of life for whatever takes more than some seconds: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, TypeVar

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

T = TypeVar("T")
logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds before a bar appears: what is over sooner needs none
EVERY = 10.0  # seconds between two lines where there is no terminal
GROWTH = 0.1  # of what has passed already: an hour's work says some fifty lines, not hundreds
BEAT = 0.5  # seconds between two looks at the clock


class Progress:
    """Follows work whose steps are told by :meth:`advance`, within a ``with`` block.

    A thread of its own looks at the clock, so that a step that takes minutes shows life too. On a terminal a bar stands
    below the log and vanishes when the work is done; elsewhere lines are logged. Of several processes only the first
    that ``torchrun`` started shows a bar.

    Args:
        what: is done, such as ``"affine stage"``.
        unit: of the steps, singular, such as ``"subject"``.
        total: number of steps, where it is known.
        every: least seconds between two lines.
    """

    def __init__(self, what: str, unit: str, total: int | None = None, every: float = EVERY) -> None:
        self.what, self.unit, self.total, self.every = what, unit, total, every
        self.done, self.due, self.started = 0, every, time.monotonic()
        self.bar: Any = None
        self._shown, self._over, self._lock = ExitStack(), Event(), Lock()
        self._thread = Thread(target=self._live, name=f"progress of {what}", daemon=True)

    def __enter__(self) -> Progress:
        """Start to look at the clock."""
        self.started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """See :meth:`close`."""
        self.close()

    def advance(self, steps: int = 1) -> None:
        """Some steps more are done; any thread may say so."""
        with self._lock:
            self.done += steps

    def close(self) -> None:
        """The work is over, well or not: the bar vanishes. Once is enough, twice does no harm."""
        self._over.set()
        with self._lock:
            self._shown.close()

    def _live(self) -> None:
        while not self._over.wait(BEAT):
            with self._lock:
                if not self._over.is_set():
                    self._show(time.monotonic() - self.started)

    def _show(self, seconds: float) -> None:
        if shows_bars():
            if seconds >= PATIENCE:
                self._draw(seconds)
        elif seconds >= self.due:
            self.due = seconds + max(self.every, GROWTH * seconds)
            logger.info("%s", self.line(seconds))

    def _draw(self, seconds: float) -> None:
        if self.bar is None:
            self._shown.enter_context(logging_redirect_tqdm())  # log lines go above the bar
            self.bar = self._shown.enter_context(
                tqdm(total=self.total, desc=self.what, unit=self.unit, leave=False, dynamic_ncols=True)
            )
            self.bar.start_t -= seconds
        self.bar.n = self.done
        self.bar.refresh()

    def line(self, seconds: float) -> str:
        """Where the work stands, such as ``affine stage: subject 12 of 40 after 00:30, 01:10 left``."""
        count = f"{self.done} of {self.total}" if self.total else f"{self.done}"
        text = f"{self.what}: {self.unit} {count} after {tqdm.format_interval(seconds)}"
        if not self.total or not self.done:
            return text
        return f"{text}, {tqdm.format_interval(seconds * max(0, self.total - self.done) / self.done)} left"


def progress(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    """The items as they come; what is done with each is a step of a :class:`Progress`.

    Args:
        items: any; how many there are is asked of them where ``total`` is not given.
        what: is done with them.
        unit: one of them.
        total: how many there are.
    """
    known = len(items) if total is None and isinstance(items, Sized) else total
    with Progress(what, unit, known) as following:
        for item in items:
            yield item
            following.advance()


def shows_bars() -> bool:
    """Whether this process is the one with the bars, and has a terminal for them."""
    return sys.stderr.isatty() and int(os.environ.get("RANK", "0")) == 0
