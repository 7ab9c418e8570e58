"""What a learned similarity is worth: the method ``adversarial`` beside the recipe's similarity, and both together.

    python -m benchmarks.adversarial --dataset_dir DIR --output_dir outputs/adversarial

The same network, steps, pairs and seeds for every row, on two tasks: T1 to T1, and T1 to an image whose grey matter
is brightest, where no similarity of intensities is right. Networks alone are measured, on the test part. A second table
and the figure tell what the discriminators believe of pairs: aligned as they were shown it, aligned and shifted, as the
network leaves them, and as they came. A training that was stopped goes on; what is in ``output_dir`` is not made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.reports import PairResult, markdown_table

from .adversarial_rows import BOTH, LEARNED, TASKS, TWO, evaluation_of, training_of
from .belief import belief_table, beliefs_of
from .claims import claim, kept, result_file
from .command import command_line, start
from .docs import publish
from .reports.belief import save_beliefs
from .reports.reading import read_results
from .reports.statistics import compare_pairs
from .setting import BEFORE, NETWORK, run_evaluation, run_training

FREE = ("output_dir", "docs", "figure", "seeds", "belief_seeds", "tasks", "device", "trained_on")
HEADER = [
    "Task", "Similarity", "Dice", "by seed", "against the first, 95 %", "p", "HD95, mm", "folded, %", "SDlogJ", "SSIM",
]  # fmt: skip
LAST, EVALUATED = "model_last.pt", "summary.md"


def folder_of(task: str, similarity: str, seed: int, options: argparse.Namespace) -> Path:
    """Of a training and its evaluation."""
    return result_file(Path(options.output_dir), f"{task}, {similarity}, {seed}").with_suffix("")


def results_of(task: str, similarity: str, seed: int, options: argparse.Namespace) -> list[PairResult]:
    """Every test pair by one training, made as far as it is not there."""
    folder = folder_of(task, similarity, seed, options)
    shared = {"dataset_dir": options.dataset_dir, "output_dir": str(folder), "device": options.device}
    report = folder / "evaluation"
    if not any(path.is_file() for path in (folder / LAST, report / EVALUATED)):
        print(f"training {folder.name}", flush=True)
        times = {"max_epochs": options.epochs, "val_interval": options.epochs}
        run_training(training_of(task, similarity, seed=seed, silent=True, **times, **shared))
    if not (report / EVALUATED).is_file():
        where = {"ckpt_path": str(folder / LAST), "report_dir": str(report)}
        run_evaluation(evaluation_of(task, silent=True, num_pairs=options.num_pairs, **where, **shared))
    return read_results(report)[0]


def dice_of(results: Sequence[PairResult], stage: str = NETWORK) -> np.ndarray:
    """Mean over labels of every pair ``(N,)``."""
    return np.array([np.nanmean(each.dice[stage]) for each in results])


def measures_of(task: str, seeds: Sequence[Sequence[PairResult]], stage: str = NETWORK) -> list[str]:
    """The last cells of a row: means over pairs and seeds."""
    kinds = {"hd95": "{:.2f}", "folding": "{:.4%}", "sdlogj": "{:.3f}", "ssim": "{:.4f}"}
    values = {name: np.nanmean([each.measures[stage][name] for found in seeds for each in found]) for name in kinds}
    cells = {name: text.format(values[name]).removesuffix("%") for name, text in kinds.items()}
    return [*({**cells, "ssim": ""} if task == TWO else cells).values()]


def rows_of(task: str, found: Mapping[str, Sequence[Sequence[PairResult]]]) -> list[list[str]]:
    """A row a similarity: its measures, and the paired difference of its Dice, each pair's mean over the seeds."""
    dice = {name: np.array([dice_of(results) for results in seeds]) for name, seeds in found.items()}
    first, seeds = next(iter(found)), next(iter(found.values()))
    stage = next(stage for stage in BEFORE if stage in seeds[0][0].dice)
    rows = [[task, stage, f"{dice_of(seeds[0], stage).mean():.4f}", "", "", "", *measures_of(task, seeds, stage)]]
    for name, values in dice.items():
        against = compare_pairs(values.mean(0), dice[first].mean(0))
        difference = f"{against.difference:+.4f} ({against.low:+.4f} to {against.high:+.4f})"
        by_seed = ", ".join(f"{each:.4f}" for each in values.mean(1))
        compared = ["", ""] if name == first else [difference, f"{against.p_value:.2g}"]
        rows.append([task, name, f"{values.mean():.4f}", by_seed, *compared, *measures_of(task, found[name])])
    return rows


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--belief_seeds", type=int, nargs="+", help="whose discriminators are asked; default: all")
    parser.add_argument("--trained_on", help="the machine of the trainings, where this is another one")
    parser.add_argument("--num_pairs", type=int, default=63, help="of test subjects")
    parser.add_argument("--device", default="cpu", help="of the trainings and of what is measured")
    parser.add_argument("--figure", help="image file of what the discriminators believe")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Train and measure what is missing, seed by seed, then write the tables and the figure."""
    options = parse_arguments(arguments)
    folder = Path(options.output_dir)
    claim(folder, {name: value for name, value in vars(options).items() if name not in FREE})
    found: dict[str, dict[str, list[list[PairResult]]]] = {task: {s: [] for s in TASKS[task]} for task in options.tasks}
    for seed in options.seeds:
        for task in options.tasks:
            for similarity in TASKS[task]:
                found[task][similarity].append(results_of(task, similarity, seed, options))
    table = markdown_table(HEADER, [row for task in options.tasks for row in rows_of(task, found[task])])
    beliefs = {
        (task, similarity): [
            kept(
                result_file(folder, f"belief, {task}, {similarity}, {seed}"),
                lambda task=task, name=similarity, seed=seed: beliefs_of(  # type: ignore[misc]
                    task, name, folder_of(task, name, seed, options), options
                ),
            )
            for seed in options.belief_seeds or options.seeds
        ]
        for task in options.tasks
        for similarity in (LEARNED, BOTH)
    }
    if options.figure:
        save_beliefs(options.figure, {", ".join(key): value for key, value in beliefs.items()})
    tables = f"{table}\n\n{belief_table(beliefs)}"
    pairs = len(next(iter(found[options.tasks[0]].values()))[0])
    data = (
        f"{pairs} random pairs of test subjects of {Path(options.dataset_dir).name}; {options.epochs} epochs, seeds "
        f"{', '.join(map(str, options.seeds))}; networks alone."
    )
    print(f"{tables}\n{data}")
    publish(options.docs, "adversarial", arguments, data, tables, options.trained_on)


if __name__ == "__main__":
    start(main)
