"""Volumes from file to file: what the command of a user reaches, stage by stage, beside what he would otherwise pick.

    python -m benchmarks.volumes --dataset_dir DIR --output_dir outputs/volumes --figure outputs/volumes.png

Seeded ordered pairs of test subjects are registered as their files lie there, every pair by every method in a process
of its own. What is in ``output_dir`` already is not computed again. The peers are in ``benchmarks/requirements.txt``;
the ``voxelmorph`` package's model is trained first, for ``--train_minutes`` on the training part.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from scripts.data import Cohort, open_cohort
from scripts.data.subjects import Record
from scripts.errors import InputError
from scripts.files import write_text_atomic
from scripts.progress import progress
from scripts.reports import markdown_table

from .claims import claim
from .command import command_line, start
from .docs import machine, publish
from .reports.dice_over import SECONDS, Point, save_dice_over
from .volume_measures import measured
from .volume_methods import DEFAULT, METHODS, VOXELMORPH, check_packages
from .volume_process import Task, register_alone
from .voxelmorph_volumes import training_in_words

Row = dict[str, Any]  # of a stage: its name, what volume_measures gives, and its lap

HEADER = ["Method", "Dice", "HD95, mm", "folded, %", "NDV, %", "SD of log J", "seconds", "CPU seconds", "memory, GB"]
NOTE = (
    "Means over the pairs: Dice and the 95th percentile of the Hausdorff distance over the labels that both subjects "
    "have, warped by nearest neighbour; folded voxels, non-diffeomorphic volume and the standard deviation of log J of "
    "the whole map, inside the object. Medians of a pair: seconds from two files to the transform, of the clock and of "
    "all cores, without starting the program and writing results. The most memory that a process held up to then, its "
    "libraries included. All on the processor."
)
FREE = ("output_dir", "methods", "docs", "figure")  # options that may change from one call to the next


def everyone(cohort: Cohort) -> list[Record]:
    """All subjects of a data set."""
    return [cohort.atlas, *cohort.training, *cohort.validation, *cohort.test]


def draw_pairs(subjects: Sequence[Record], count: int | None, seed: int) -> list[tuple[Record, Record]]:
    """Different ordered pairs, fixed then moving: ``count`` that are drawn, or all."""
    pairs = list(permutations(subjects, 2))
    return pairs if count is None or count >= len(pairs) else random.Random(seed).sample(pairs, count)


def measure(name: str, options: argparse.Namespace, pairs: Sequence[tuple[Record, Record]]) -> list[list[Row]]:
    """The rows of every pair by one method, from the folder as far as they are there."""
    task: Task | None = None
    found = []
    for pair in progress(pairs, name, "pair"):
        path = result_file(options, name, pair)
        if not path.is_file():
            task = task or METHODS[name](options)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomic(path, json.dumps(rows_of(task, *pair)))
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def result_file(options: argparse.Namespace, name: str, pair: tuple[Record, Record]) -> Path:
    """Where the rows of a pair by a method are kept."""
    fixed, moving = pair
    folder = Path(options.output_dir) / name.replace(", ", "_").replace(" ", "_")
    return folder / f"{moving['subject']}_to_{fixed['subject']}.json"


def rows_of(task: Task, fixed: Record, moving: Record) -> list[Row]:
    """A pair registered, and measured: a row a stage."""
    stages = register_alone(task, fixed["image"], moving["image"])
    return [{"stage": stage, **measured(vectors, fixed, moving), **lap} for stage, vectors, lap in stages]


@dataclass(frozen=True)
class Summary:
    """A stage over the pairs: ``values`` ``(N,)`` of each measure."""

    stage: str
    method: str
    values: dict[str, np.ndarray]

    @property
    def cells(self) -> list[str]:
        """A row of the table."""
        mean = {name: float(np.nanmean(values)) for name, values in self.values.items()}
        return [
            self.stage,
            f"{mean['dice']:.4f} ± {self.values['dice'].std():.4f}",
            f"{mean['hd95']:.2f}",
            f"{100 * mean['folded']:.5f}",
            f"{100 * mean['ndv']:.5f}",
            f"{mean['sdlogj']:.3f}",
            f"{np.median(self.values['seconds']):.1f}",
            f"{np.median(self.values['cpu_seconds']):.1f}",
            f"{self.values['memory_gb'].max():.2f}",
        ]

    @property
    def point(self) -> Point:
        """A point of the figure."""
        dice, seconds = self.values["dice"], float(np.median(self.values["cpu_seconds"]))
        return Point(self.stage, self.method, seconds, float(dice.mean()), float(dice.std()))


def summarise(results: dict[str, list[list[Row]]]) -> list[Summary]:
    """Every stage of every method, by its rows of every pair; a stage that several methods share stands once."""
    found: dict[str, Summary] = {}
    for method, pairs in results.items():
        for at, first in enumerate(pairs[0]):
            values = {key: np.array([pair[at][key] for pair in pairs], float) for key in first if key != "stage"}
            found.setdefault(first["stage"], Summary(first["stage"], method, values))
    return list(found.values())


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, help="default: all ordered pairs")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs")
    parser.add_argument("--part", choices=["test", "all"], default="test", help="subjects that pairs are drawn from")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=DEFAULT)
    parser.add_argument("--method", help="of the bundle; default: that for volumes")
    parser.add_argument("--affine", choices=["true", "false"], default="true", help="the bundle's affine stage")
    parser.add_argument("--weights", help="default: those that are shipped")
    parser.add_argument("--train_minutes", type=float, default=60, help="of the voxelmorph package's model")
    parser.add_argument("--figure", help="draw Dice over seconds there; the suffix says the format")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing and print the table."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: value for name, value in vars(options).items() if name not in FREE})
    cohort = open_cohort(options.dataset_dir, 3, str(Path(options.output_dir) / "cache"))
    pairs = draw_pairs(cohort.test if options.part == "test" else everyone(cohort), options.num_pairs, options.seed)
    if not pairs:
        raise InputError(f"{options.dataset_dir} has fewer than two {options.part} subjects; try --part all.")
    check_packages(n for n in options.methods if not all(result_file(options, n, p).is_file() for p in pairs))
    summaries = summarise({name: measure(name, options, pairs) for name in options.methods})
    table, data = markdown_table(HEADER, [summary.cells for summary in summaries]), describe(options, pairs)
    print(f"{table}\n{NOTE}\n\n{data} Machine: {machine()}.")
    if options.figure:
        save_dice_over(options.figure, [summary.point for summary in summaries], data, SECONDS)
    publish(options.docs, "volumes", arguments, data, f"{table}\n{NOTE}")


def describe(options: argparse.Namespace, pairs: Sequence[tuple[Record, Record]]) -> str:
    """The data in words."""
    header = nib.load(pairs[0][0]["image"]).header
    size, spacing = (" x ".join(f"{n:g}" for n in values) for values in (header.get_data_shape(), header.get_zooms()))
    subjects = f"{'test ' if options.part == 'test' else ''}subjects of {Path(options.dataset_dir).name}"
    said = f" {training_in_words(Path(options.output_dir))}" if VOXELMORPH in options.methods else ""
    return f"{len(pairs)} ordered pair{'s' * (len(pairs) > 1)} of {subjects}, {size} voxels of {spacing} mm.{said}"


if __name__ == "__main__":
    start(main)
