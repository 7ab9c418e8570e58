"""Two files registered in a process of its own: the transform after every stage, and what it took.

    python -m benchmarks.volume_process FOLDER

Nothing is imported here that a method does not need itself, so that a process's memory is that of its method and of
the libraries that it uses. The benchmark of volumes starts it: FOLDER holds the task, and then what was found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from scripts.errors import InputError

from . import ROOT
from .command import start

TASK, LAPS, VECTORS = "task.json", "laps.json", "vectors.npz"  # files of the folder
STATUS = Path("/proc/self/status")
GIGABYTE = 1e9

Lap = dict[str, float]  # seconds, cpu_seconds, memory_gb
Vectors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Task:
    """What makes a registration: ``MODULE:FUNCTION`` and its arguments, which JSON can hold."""

    function: str
    arguments: dict[str, Any] = field(default_factory=dict)


class Watch:
    """What it took up to the end of every stage: seconds, those of all cores, and the most memory."""

    def __init__(self) -> None:
        self.laps: dict[str, Lap] = {}
        self._begin = time.perf_counter(), time.process_time()

    def lap(self, stage: str) -> None:
        """End a stage."""
        seconds, cpu = time.perf_counter() - self._begin[0], time.process_time() - self._begin[1]
        self.laps[stage] = {"seconds": seconds, "cpu_seconds": cpu, "memory_gb": peak_memory_gb()}


# f(fixed, moving, watch): two files are registered and their stages timed; by the stages' names vectors (3, *S) on the
# fixed file's grid, LPS, mm: a point plus its vector is the point of the moving image.
Register = Callable[[str, str, Watch], Vectors]


def peak_memory_gb() -> float:
    """The most that this program has held so far, its libraries too.

    ``getrusage`` would not do: a process that is started inherits the peak of the one that starts it.
    """
    (line,) = [each for each in STATUS.read_text(encoding="utf-8").splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / GIGABYTE


def register_alone(task: Task, fixed: str, moving: str) -> list[tuple[str, np.ndarray, Lap]]:
    """Register two files in a process of its own.

    Returns:
        A stage each, in order: its name, the vectors as :data:`Register` gives them, and its lap.

    Raises:
        InputError: if the process fails; what was wrong, it has said itself.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / TASK).write_text(json.dumps({**asdict(task), "fixed": fixed, "moving": moving}), encoding="utf-8")
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "benchmarks.volume_process", str(folder)]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise InputError(
                f"{task.function} ended with code {done.returncode} when it registered {moving} to {fixed}; "
                "what it said stands above, and without a word memory was short."
            )
        laps = json.loads((folder / LAPS).read_text(encoding="utf-8"))
        with np.load(folder / VECTORS) as vectors:
            return [(stage, vectors[stage], lap) for stage, lap in laps.items()]


def main(arguments: Sequence[str]) -> None:
    """In the process: import and load, then register, which alone is timed."""
    folder = Path(arguments[0])
    task = json.loads((folder / TASK).read_text(encoding="utf-8"))
    module, _, function = task["function"].partition(":")
    register: Register = getattr(import_module(module), function)(**task["arguments"])
    watch = Watch()
    found = register(task["fixed"], task["moving"], watch)
    arrays: dict[str, Any] = {stage: vectors.astype(np.float32) for stage, vectors in found.items()}
    np.savez(folder / VECTORS, **arrays)
    (folder / LAPS).write_text(json.dumps(watch.laps), encoding="utf-8")


if __name__ == "__main__":
    start(main)
