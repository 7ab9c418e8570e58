"""Table 1 of the paper: affine, Vxm-1, Vxm-2 and ours under one protocol, with an ablation of ours.

    python -m benchmarks.table1                                            the embedded cohort, 10 to 20 minutes
    python -m benchmarks.table1 --dataset_dir DIR --steps 3000             neurite-OASIS, hours without a GPU
    python -m benchmarks.table1 --dataset_dir DIR --steps 60000 --configs  the paper's own schedule: no overlay

Every learned row is an overlay of the network, ``benchmarks/rows/<row>.yaml``, on the paper's training: data, split,
atlas, loss, optimiser, batches and number of steps are equal, and every row is trained once a seed. Interrupted, the
command goes on where it stopped; what is finished is not run again. Written to ``output_dir``: ``table1.md`` (all
tables), each table as CSV, ``labels.png``, ``curves.png``, ``figure5.png``, ``fields.png``, and a folder a run.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import BUNDLE
from .command import command_line, start
from .docs import publish
from .setting import OURS, RECIPE, SHORT, cohort_and_batch, row_files
from .table1_report import collect, docs_tables, draw, write_tables
from .table1_runs import Run

ROWS = ["vxm1", "vxm2", OURS]
ABLATION = ["unet", "unet_eca", "unet_dense"]
SYNTHETIC_STEPS, REAL_STEPS = 200, 3000
SYNTHETIC_SIZE = [80, 96]  # a quarter of the pixels of 160 x 192: minutes instead of an hour
TABLE_PAIRS = 5  # the paper's


def main(arguments: Sequence[str]) -> None:
    """Run what is missing, then write the tables and figures."""
    options = parse_arguments(arguments)
    shared = shared_options(options)
    cohort, batch_size = cohort_and_batch(options.configs, **shared)
    folder = Path(options.output_dir or BUNDLE / "outputs" / f"table1_{cohort.name}").resolve()
    steps_per_epoch = math.ceil(len(cohort.training) / batch_size)
    epochs = max(1, math.ceil(options.steps / steps_per_epoch))
    chosen = choose_test_images([record["subject"] for record in cohort.test])
    runs = plan(options, folder, {**shared, "max_epochs": epochs}, chosen)
    execute(runs)
    protocol = describe(options, cohort, epochs * steps_per_epoch, epochs)
    comparison = collect(runs, chosen)
    draw(comparison, folder)
    print(write_tables(comparison, folder, protocol))
    print(f"Tables and figures are in {folder}.")
    publish(options.docs, "table1", arguments, protocol.strip(), docs_tables(comparison))


def plan(options: argparse.Namespace, folder: Path, shared: dict[str, Any], chosen: list[str]) -> list[Run]:
    """A run a row and seed."""
    return [
        Run(row, seed, folder / f"{row}_seed{seed}", row_files(row, options.configs), shared, chosen)
        for row in options.rows
        for seed in options.seeds
    ]


def execute(runs: list[Run]) -> None:
    """Train and evaluate every run that is not finished."""
    started = time.monotonic()
    for run in runs:
        run.claim()
    for k, run in enumerate(runs, start=1):
        for verb, done, action in (("train", run.trained, run.train), ("evaluate", run.evaluated, run.evaluate)):
            state = "done before" if done else f"after {(time.monotonic() - started) / 60:.1f} min"
            print(f"[{k}/{len(runs)}] {run.row}, seed {run.seed}: {verb} ({state})", flush=True)
            action()


def choose_test_images(subjects: list[str]) -> list[str]:
    """The test images of the paper's table: drawn at random, as there, but the same in every run."""
    return sorted(random.Random(0).sample(sorted(subjects), min(TABLE_PAIRS, len(subjects))))


def shared_options(options: argparse.Namespace) -> dict[str, Any]:
    """The bundle's options that are the same for every row."""
    dataset = options.dataset_dir if options.dataset_dir == "synthetic" else str(Path(options.dataset_dir).resolve())
    shared: dict[str, Any] = {"dataset_dir": dataset, "spatial_dims": options.spatial_dims, "affine": options.affine}
    shared["spatial_size"] = -1  # the files' own
    if options.dataset_dir == "synthetic":
        shared["synthetic_size"] = options.synthetic_size
    if options.atlas:
        shared["atlas"] = options.atlas
    return shared


def describe(options: argparse.Namespace, cohort: Any, steps: int, epochs: int) -> str:
    """The protocol in words, for the head of the table."""
    affine = (
        "Affine is the bundle's ITK stage."
        if options.affine
        else "Affine is the data as it comes, unregistered: the cohort is affinely normalised already."
    )
    parts = (len(cohort.training), len(cohort.validation), len(cohort.test))
    configs, seeds = ", ".join(options.configs) or "train.yaml alone", ", ".join(map(str, options.seeds))
    sentences = (
        f"Data: {cohort.name}, {parts[0]} training, {parts[1]} validation and {parts[2]} test images, "
        f"all registered to {cohort.atlas['subject']}.",
        affine,
        "Ours is the network of methods/paper.yaml, dense with ECA, as in the paper."
        + (f" {RECIPE} is methods/{RECIPE}.yaml." if RECIPE in options.rows else ""),
        f"Every learned row: {steps} optimiser steps ({epochs} epochs), then the last weights; {configs}; "
        f"seeds {seeds}.",
        "A value of a pair is the mean over the seeds.",
        "Distances are in millimetres, by the fixed image's header.",
        "Labels absent from either image are left out; distances also leave out labels that the warp lost, which are "
        "counted in a row of their own.",
        "Differences: bootstrap (BCa, 95 %) over pairs; p is not corrected for the number of comparisons; a method is "
        "called better where the interval leaves out 0 and p is below 0.05.",
    )
    return " ".join(sentences) + "\n"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", default="synthetic", help="as the bundle's; synthetic: the embedded cohort")
    parser.add_argument("--atlas", help="fixed image of every pair; default: the bundle's choice")
    parser.add_argument("--affine", action="store_true", help="the bundle's affine stage first, where images need it")
    parser.add_argument("--spatial_dims", type=int, choices=[2, 3], default=2)
    parser.add_argument(
        "--steps", type=int, help=f"of the optimiser; default {SYNTHETIC_STEPS}, real data {REAL_STEPS}"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    rows_help = f"overlays in benchmarks/rows, {OURS}, {RECIPE}"
    parser.add_argument("--rows", nargs="+", default=ROWS + ABLATION, help=rows_help)
    parser.add_argument("--configs", nargs="*", default=[f"configs/{SHORT}"], help="overlays of every row")
    parser.add_argument("--synthetic_size", type=int, nargs="+", default=SYNTHETIC_SIZE)
    parser.add_argument("--output_dir", help="default: bundle/outputs/table1_<data set>")
    options = parser.parse_args(arguments)
    options.steps = options.steps or (SYNTHETIC_STEPS if options.dataset_dir == "synthetic" else REAL_STEPS)
    options.rows = options.rows if OURS in options.rows else [*options.rows, OURS]
    return options


if __name__ == "__main__":
    start(main)
