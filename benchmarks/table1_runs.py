"""The trainings and evaluations behind Table 1: each a run of the bundle in a folder of its own, done once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.setting import BUNDLE, claim
from scripts.errors import InputError

OURS = "ours"  # the network of train.yaml itself; every other row has an overlay of its name
TRAINED, EVALUATED = "model_last.pt", "summary.md"
LOG_TAIL = 15  # lines of a failed run that are shown


def row_configs(row: str, base: Iterable[str]) -> list[str]:
    """The configs of a row: the training, what all rows share, and the row's own overlay of the network.

    Raises:
        InputError: if there is no such overlay.
    """
    own = [] if row == OURS else [f"configs/variants/{row}.yaml"]
    configs = ["configs/train.yaml", *base, *own]
    for config in configs:
        if not (BUNDLE / config).is_file():
            raise InputError(f"{BUNDLE / config} does not exist; name a row after an overlay in configs/variants.")
    return configs


@dataclass(frozen=True)
class Run:
    """One training with its evaluation.

    Attributes:
        row: of the table.
        seed: of the training.
        folder: of its files.
        configs: relative to the bundle, see :func:`row_configs`.
        options: of the command line, the same for every row.
        saved_pairs: moving subjects whose fields are kept for the figures.
    """

    row: str
    seed: int
    folder: Path
    configs: list[str]
    options: dict[str, object]
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
        claim(self.folder, {"configs": self.configs, "seed": self.seed, **self.options})

    def train(self) -> None:
        """Train, or go on from the last checkpoint; a finished training is left as it is."""
        if not self.trained:
            self._bundle("training", self.configs, {"val_interval": self._validation_interval()}, "training.log")

    def evaluate(self) -> None:
        """Evaluate the weights after the last step, once."""
        if not self.evaluated:
            own = {
                "pairing": "atlas",  # whatever the training drew
                "ckpt_path": str(self.folder / TRAINED),
                "report_dir": str(self.report),
                "saved_pairs": self.saved_pairs,
                "num_figures": 0,
            }
            self._bundle("run", [*self.configs, "configs/evaluate.yaml"], own, "evaluation.log")

    def _validation_interval(self) -> int:
        """Twenty points a curve."""
        return max(1, int(str(self.options["max_epochs"])) // 20)

    def _bundle(self, verb: str, configs: list[str], own: dict[str, object], log: str) -> None:
        options = {"seed": self.seed, "output_dir": str(self.folder), **self.options, **own}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "monai.bundle", "run"] + ([verb] if verb != "run" else [])
        command += ["--config_file", str(configs), *arguments]
        path = self.folder / log
        with path.open("a", encoding="utf-8") as output:
            code = subprocess.run(command, cwd=BUNDLE, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        if code:
            tail = "\n".join(path.read_text(encoding="utf-8").splitlines()[-LOG_TAIL:])
            raise InputError(f"{self.row} with seed {self.seed} failed ({verb}); the end of {path} is:\n{tail}")
