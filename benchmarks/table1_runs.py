"""The trainings and evaluations behind Table 1: each a run of the bundle in a folder of its own, done once."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.errors import InputError

from . import BUNDLE
from .claims import claim
from .setting import bundle_command, identity

TRAINED, EVALUATED = "model_last.pt", "summary.md"
LOG_TAIL = 15  # lines of a failed run that are shown
CURVE_POINTS = 20  # validations of a training


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
            self._bundle("training", val_interval=interval)

    def evaluate(self) -> None:
        """Evaluate the weights after the last step, once."""
        if not self.evaluated:
            self._bundle(
                "evaluation",
                evaluation_pairing="atlas",  # whatever the training drew
                ckpt_path=str(self.folder / TRAINED),
                report_dir=str(self.report),
                saved_pairs=self.saved_pairs,
                num_figures=0,
            )

    def _bundle(self, verb: str, **own: object) -> None:
        values = {"seed": self.seed, "output_dir": str(self.folder), **self.options, **own}
        command = bundle_command(verb, self.configs, **values)
        path = self.folder / f"{verb}.log"
        with path.open("a", encoding="utf-8") as output:
            code = subprocess.run(command, cwd=BUNDLE, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        if code:
            tail = "\n".join(path.read_text(encoding="utf-8").splitlines()[-LOG_TAIL:])
            raise InputError(f"{self.row} with seed {self.seed} failed ({verb}); the end of {path} is:\n{tail}")
