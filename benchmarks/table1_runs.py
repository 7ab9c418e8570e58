"""The trainings and evaluations behind Table 1: each a run of the bundle in a folder of its own, done once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.engines.checkpoint import weights_after
from scripts.errors import InputError

from . import BUNDLE
from .claims import claim
from .setting import bundle_command, identity

TRAINED, EVALUATED = "model_last.pt", "summary.md"
LOG_TAIL = 15  # lines of a failed run that are shown
CURVE_POINTS = 20  # validations of a training
POLL = 0.2  # seconds between two looks at what runs


@dataclass(frozen=True)
class Job:
    """A command of the bundle.

    Attributes:
        what: is trained or evaluated.
        verb: what is done.
        command: to be run in the bundle.
        log: file that its output is written behind.
        target: file with which it has done what it was run for, though it would go on.
    """

    what: str
    verb: str
    command: list[str]
    log: Path
    target: Path | None = None

    @property
    def done(self) -> bool:
        """Whether its target is there."""
        return self.target is not None and self.target.is_file()

    def run(self) -> None:
        """Run it to its end.

        Raises:
            InputError: if it fails, with the end of its output.
        """
        with self.log.open("a", encoding="utf-8") as output:
            done = subprocess.run(self.command, cwd=BUNDLE, stdout=output, stderr=subprocess.STDOUT, check=False)
        self.check(done.returncode)

    def start(self) -> subprocess.Popen[bytes]:
        """Run it beside others."""
        with self.log.open("a", encoding="utf-8") as output:
            return subprocess.Popen(self.command, cwd=BUNDLE, stdout=output, stderr=subprocess.STDOUT)

    def check(self, code: int) -> None:
        """Raise :class:`InputError` where its exit status says that it failed."""
        if code:
            tail = "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-LOG_TAIL:])
            raise InputError(f"{self.what} failed ({self.verb}); the end of {self.log} is:\n{tail}")


def run_side_by_side(jobs: Sequence[Job], count: int) -> None:
    """Run jobs, at most ``count`` at a time; where one fails or the caller is stopped, the others are stopped too.

    Raises:
        InputError: if one fails.
    """
    waiting, running = list(jobs), dict[subprocess.Popen[bytes], Job]()
    try:
        while waiting or running:
            while waiting and len(running) < count:
                job = waiting.pop(0)
                print(f"{job.what}: {job.verb} ({len(waiting)} wait)", flush=True)
                running[job.start()] = job
            time.sleep(POLL)
            for process in list(running):
                if running[process].done:
                    process.terminate()
                    process.wait()
                    running.pop(process)
                elif process.poll() is not None:
                    running.pop(process).check(process.returncode)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


@dataclass(frozen=True)
class Run:
    """One training with its evaluation.

    Attributes:
        row: of the table.
        seed: of the training.
        folder: of its files.
        configs: relative to the bundle, see :func:`benchmarks.setting.row_files`.
        options: of the command line, the same for every row, in the words of :mod:`benchmarks.setting`.
        saved_pairs: moving subjects whose fields are kept for the figures.
    """

    row: str
    seed: int
    folder: Path
    configs: list[str]
    options: Mapping[str, object]
    saved_pairs: list[str] = field(default_factory=list)

    @property
    def report(self) -> Path:
        """Folder of the evaluation's tables."""
        return self.folder / "evaluation"

    @property
    def trained(self) -> bool:
        """Whether the training reached its last step."""
        return (self.folder / TRAINED).is_file()

    @property
    def evaluated(self) -> bool:
        """Whether the evaluation wrote all its tables."""
        return (self.report / EVALUATED).is_file()

    def claim(self) -> None:
        """Mark the folder as this run's.

        Raises:
            InputError: if it holds a run with other settings, which would be taken for this one.
        """
        claim(self.folder, identity(self.configs, {"seed": self.seed, **self.options}))

    def train(self) -> None:
        """Train, or go on from the last checkpoint; a finished training is left as it is."""
        if not self.trained:
            interval = max(1, int(str(self.options["max_epochs"])) // CURVE_POINTS)
            self._job("training", val_interval=interval).run()

    def evaluate(self) -> None:
        """Evaluate the weights after the last step, once."""
        if not self.evaluated:
            self._evaluation(self.folder / TRAINED, self.report, saved_pairs=self.saved_pairs).run()

    def training_to(self, epochs: Sequence[int], val_interval: int) -> list[Job]:
        """The training until the weights after epochs are kept, unless they are; it can go on from there."""
        last = self.folder / weights_after(max(epochs))
        own = {"kept_epochs": list(epochs), "val_interval": val_interval}
        return [] if last.is_file() else [replace(self._job("training", **own), target=last)]

    def report_after(self, epoch: int) -> Path:
        """Folder of the evaluation of the weights that were kept after an epoch."""
        return self.folder / f"evaluation_epoch{epoch}"

    def evaluation_jobs(self, epochs: Sequence[int]) -> list[Job]:
        """The evaluations of the weights that were kept after epochs, those that are not done."""
        missing = [epoch for epoch in epochs if not (self.report_after(epoch) / EVALUATED).is_file()]
        return [self._evaluation(self.folder / weights_after(n), self.report_after(n)) for n in missing]

    def _evaluation(self, weights: Path, report: Path, **own: object) -> Job:
        where = {"ckpt_path": str(weights), "report_dir": str(report), "num_figures": 0}
        return self._job("evaluation", evaluation_pairing="atlas", **where, **own)  # whatever the training drew

    def _job(self, verb: str, **own: object) -> Job:
        values = {"seed": self.seed, "output_dir": str(self.folder), **self.options, **own}
        command = bundle_command(verb, self.configs, **values)
        return Job(f"{self.row} with seed {self.seed}", verb, command, self.folder / f"{verb}.log")
