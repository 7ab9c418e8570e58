"""Studies whose rows are trained for equal time: the limit, and results that are kept."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events

from scripts.files import write_text_atomic


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


def folder_of(name: str, options: argparse.Namespace) -> Path:
    """Where a row's files are."""
    return Path(options.output_dir) / "".join(c if c.isalnum() else "_" for c in name)


def kept(name: str, options: argparse.Namespace, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What one row reached, from ``output_dir`` where it is there; else it is found, and kept there."""
    path = folder_of(name, options) / "result.json"
    if not path.is_file():
        write_text_atomic(path, json.dumps(find()))
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
