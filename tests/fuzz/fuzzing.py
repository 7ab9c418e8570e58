"""Odd input for every job, and what came of it: a right result, or one sentence and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from jobs import Given, Job
from odd_values import values_for
from support import run_command

FUZZ = Path(__file__).parent
SECONDS = 60  # the longest sound run takes a few
RIGHT, SENTENCE = "right results", "sentences"
OUTCOMES = (RIGHT, SENTENCE, "tracebacks", "other endings", "wrong results", "left behind", "hung")


def odd_input(job: Job, files: list[str], seed: int) -> Iterator[Given]:
    """Endlessly: the sound run with one option changed, or sometimes two, or a name that is none."""
    random = Random(f"{job.name} {seed}")
    while True:
        given = dict(job.sound)
        for _ in range(random.choice([1, 1, 1, 2])):
            name = random.choice([*job.kinds, *job.kinds, "no_such_option"])
            values = values_for(job.kinds.get(name, str), files, job.expressions)
            given[name] = random.choice(values)
        if given and random.random() < 0.05:  # what a training writes without a folder lies in the bundle
            del given[random.choice([name for name in given if name != "output_dir"] or list(given))]
        yield given


@dataclass
class Tally:
    """What came of the inputs of a job."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, outcome: str, job: Job, given: Given, said: str) -> None:
        """Count an outcome; keep what is wrong."""
        self.counts[outcome] += 1
        if outcome not in (RIGHT, SENTENCE):
            changed = {name: value for name, value in given.items() if job.sound.get(name) != value}
            missing = [name for name in job.sound if name not in given]
            self.wrong.append(f"{job.name}: {outcome}: {changed} {missing or ''}\n{said}")


def link_tree(source: Path, target: Path) -> None:
    """The same files, as hard links."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_dir() and not path.is_symlink():
            link_tree(path, target / path.name)
        else:
            os.link(path, target / path.name, follow_symlinks=False)


def listing(folder: Path) -> set[str]:
    """All below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def run_all(job: Job, inputs: list[Given], place: Path, files: Path) -> Iterator[tuple[str, str]]:
    """Run a job with every input, each in a folder that holds the files as ``in``; the outcomes and what was said."""
    waiting = list(range(len(inputs)))
    before: set[str] = set()
    for k in waiting:
        (place / str(k)).mkdir()
        link_tree(files, place / str(k) / "in")
        before = before or listing(place / str(k))
    while waiting:
        request, codes = place / "request", []
        request.write_text("".join(_line(job.command(inputs[k]), place, k) for k in waiting), encoding="utf-8")
        done = run_command(
            [sys.executable, "-m", "several", str(request), str(SECONDS)], FUZZ, len(waiting) * SECONDS, "scripts"
        )
        codes = [int(line) for line in done.stdout.split()]
        codes += [done.returncode] if len(codes) < len(waiting) else []
        for code in codes:
            k = waiting.pop(0)
            said = [(place / f"{k}.{end}").read_text(encoding="utf-8", errors="replace") for end in ("out", "err")]
            yield outcome_of(job, inputs[k], place / str(k), before, subprocess.CompletedProcess([], code, *said))
            shutil.rmtree(place / str(k))


def _line(command: Sequence[str], place: Path, k: int) -> str:
    outputs = [str(place / f"{k}.{end}") for end in ("out", "err")]
    return json.dumps({"words": command[2:], "folder": str(place / str(k)), "outputs": outputs}) + "\n"


def outcome_of(
    job: Job, given: Given, folder: Path, before: set[str], done: subprocess.CompletedProcess[str]
) -> tuple[str, str]:
    """What came of a run in a folder that held the files ``before``; and what was said."""
    said = f"code {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-2500:]}"
    if done.returncode == -signal.SIGALRM:
        return "hung", said
    if "Traceback" in done.stdout + done.stderr:
        return "tracebacks", said
    if done.returncode == 0:
        try:
            job.check(folder, given)
        except Exception as error:  # whatever the other software finds
            return "wrong results", f"{type(error).__name__}: {error}\n{said}"
        return RIGHT, said
    if not ends_in_a_sentence(done.stderr) or done.returncode not in (1, 2):
        return "other endings", said
    left = listing(folder) - before
    return ("left behind", f"{sorted(left)}\n{said}") if left else (SENTENCE, said)


def ends_in_a_sentence(stderr: str) -> bool:
    """Whether the last line of an error stream is a sentence of ours, and no other; C++ libraries may speak before."""
    lines = stderr.rstrip("\n").split("\n")
    return [line for line in lines if line.startswith("error: ")] == lines[-1:] and lines[-1].endswith(".")
