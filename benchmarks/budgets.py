"""Table 1 of the paper by budget: what its networks reach after how many steps, and at which folding.

    python -m benchmarks.budgets --dataset_dir DIR --budgets 900 3000 9000

The paper's training (every image to one atlas, MSE + sigma * diffusion, Adam 1e-4 throughout, batches of 8). As the
rate does not fall, the weights after a smaller budget are those of a shorter training: each row is trained once a seed,
and its weights are kept and evaluated at every budget. A larger one goes on from there. ``--sigmas`` beside the paper's
0.01 show each network at other weights of the diffusion, so that it can be compared where another one folds as little;
they are trained with the first seed alone. ``--jobs`` trains and evaluates several at a time. Stopped, the command goes
on where it was. ``--as_is`` trains nothing: what was trained elsewhere, as far as it came, is evaluated and compared.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.data import Cohort
from scripts.engines.checkpoint import weights_after
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import publish
from .reports.budgets import Trade, save_budgets
from .reports.comparison import Method
from .reports.reading import read_results
from .reports.statistics import compare_pairs
from .setting import NETWORK, OURS, cohort_and_batch, row_files
from .table1 import ABLATION, SYNTHETIC_SIZE, shared_options
from .table1_report import NAMES, cost_of
from .table1_runs import EVALUATED, Run, run_side_by_side

ROWS = ["vxm1", "vxm2", "vxm2_wide", *ABLATION, OURS]
AGAINST = "vxm2"
SIGMA = 0.01  # the paper's
VALIDATED = 100  # epochs
MEASURES = ["hd95", "folding", "sdlogj"]
HEADER = [
    "Network", "parameters", "sigma", "steps", "trainings", "Dice", "by training", "against Vxm-2, 95 %", "p",
    "HD95, mm", "folded, %", "SDlogJ",
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A network with a weight of the diffusion.

    Attributes:
        network: a row of Table 1.
        sigma: the weight.
        runs: its trainings, a seed each.
    """

    network: str
    sigma: float
    runs: list[Run]

    @property
    def name(self) -> str:
        """As tables and figures call the network."""
        return NAMES.get(self.network, self.network)

    def reached(self, epoch: int) -> list[Run]:
        """The trainings that were evaluated after an epoch."""
        return [run for run in self.runs if (run.report_after(epoch) / EVALUATED).is_file()]

    def method_after(self, epoch: int, seeds: Collection[int] | None = None) -> Method:
        """What its trainings, or those of some seeds, reached after an epoch."""
        runs = [run for run in self.reached(epoch) if seeds is None or run.seed in seeds]
        return Method(self.name, NETWORK, [read_results(run.report_after(epoch))[0] for run in runs])


def plan(options: argparse.Namespace, folder: Path) -> list[Row]:
    """A row a network and sigma; only the paper's sigma is trained with every seed."""
    shared = shared_options(options)
    rows = []
    for sigma in [SIGMA, *(each for each in options.sigmas if each != SIGMA)]:
        for name in options.rows if sigma == SIGMA else options.sigma_rows:
            own = {"smoothness": sigma, "measures": MEASURES}
            files, seeds = row_files(name, options.configs), options.seeds[: None if sigma == SIGMA else 1]
            runs = [Run(name, k, folder / f"{name}_sigma{sigma:g}_seed{k}", files, {**shared, **own}) for k in seeds]
            rows.append(Row(name, sigma, runs))
    return rows


def execute(rows: Sequence[Row], epochs: Sequence[int], jobs: int, as_is: bool = False) -> None:
    """Train and evaluate what is missing; ``as_is`` evaluates what there is."""
    runs = [run for row in rows for run in row.runs if not as_is or run.folder.is_dir()]
    for run in runs:
        run.claim()
    if not as_is:
        run_side_by_side([job for run in runs for job in run.training_to(epochs, VALIDATED)], jobs)
    there = [(run, [n for n in epochs if (run.folder / weights_after(n)).is_file()]) for run in runs]
    run_side_by_side([job for run, reached in there for job in run.evaluation_jobs(reached)], jobs)


def table_of(rows: Sequence[Row], budgets: Mapping[int, int]) -> str:
    """A row a network, sigma and budget, with the paired difference to Vxm-2 at the same sigma, budget and seeds."""
    lines = []
    for epoch, steps in budgets.items():
        there = [row for row in rows if row.reached(epoch)]
        against = {row.sigma: row for row in there if row.network == AGAINST}
        for row in there:
            pair = _of_same_seeds(row, against.get(row.sigma), epoch)
            lines.append([*_facts(row), f"{steps:,}", *cells(row.method_after(epoch), pair)])
    return markdown_table(HEADER, lines)


def _of_same_seeds(row: Row, other: Row | None, epoch: int) -> tuple[Method, Method] | None:
    """Both by the trainings of the seeds that both have."""
    if other is None or other is row:
        return None
    seeds = {run.seed for run in row.reached(epoch)} & {run.seed for run in other.reached(epoch)}
    return (row.method_after(epoch, seeds), other.method_after(epoch, seeds)) if seeds else None


def _facts(row: Row) -> list[str]:
    return [row.name, f"{cost_of(row.runs[0], (160, 192)).parameters:,}", f"{row.sigma:g}"]


def cells(method: Method, compared: tuple[Method, Method] | None) -> list[str]:
    """Of a row of the table: number of trainings, Dice, its values by training, the comparison, the other measures."""
    by_training = method.values("dice").mean(axis=1)
    said = ["", ""]
    if compared is not None:
        ours, theirs = (each.of_pairs("dice") for each in compared)
        found = compare_pairs(ours, theirs)
        said = [f"{found.difference:+.4f} ({found.low:+.4f} to {found.high:+.4f})", f"{found.p_value:.2g}"]
    means = {name: float(np.nanmean(method.of_pairs(name))) for name in MEASURES}
    return [
        str(len(method.runs)),
        f"{by_training.mean():.4f}",
        ", ".join(f"{value:.4f}" for value in by_training),
        *said,
        f"{means['hd95']:.2f}",
        f"{means['folding']:.3%}".removesuffix("%"),
        f"{means['sdlogj']:.3f}",
    ]


def draw(path: str | Path, rows: Sequence[Row], budgets: Mapping[int, int]) -> None:
    """Dice over steps at the paper's sigma, and Dice over folding of the networks that have other sigmas too."""
    curves = {
        row.name: {
            steps: row.method_after(epoch).values("dice").mean(axis=1).tolist()
            for epoch, steps in budgets.items()
            if row.reached(epoch)
        }
        for row in rows
        if row.sigma == SIGMA
    }
    others = {row.network for row in rows if row.sigma != SIGMA}
    several = sorted((row for row in rows if row.network in others), key=lambda row: row.sigma)
    common = [epoch for epoch in budgets if several and all(row.runs[0] in row.reached(epoch) for row in several)]
    last = max(common, default=0)
    save_budgets(path, curves, trades_of(several, last) if last else {}, budgets.get(last, 0))


def trades_of(rows: Sequence[Row], epoch: int) -> dict[str, list[Trade]]:
    """By network, what its first seed reached after an epoch with each sigma."""
    trades: dict[str, list[Trade]] = {}
    for row in rows:
        method = row.method_after(epoch, [row.runs[0].seed])
        dice, folding = (float(np.nanmean(method.of_pairs(name))) for name in ("dice", "folding"))
        trades.setdefault(row.name, []).append(Trade(row.sigma, 100 * folding, dice))
    return trades


def describe(options: argparse.Namespace, cohort: Cohort, budgets: Mapping[int, int]) -> str:
    """The protocol in words."""
    parts = (len(cohort.training), len(cohort.validation), len(cohort.test))
    steps, epochs = (", ".join(f"{n:,}" for n in each) for each in (budgets.values(), budgets))
    return (
        f"Data: {Path(options.dataset_dir).name}, {parts[0]} training, {parts[1]} validation and {parts[2]} test "
        f"images, all registered to {cohort.atlas['subject']}; the paper's schedule, weights after {steps} steps "
        f"({epochs} epochs); seeds {', '.join(map(str, options.seeds))}. A value of a pair is the mean over its "
        "trainings; interval (bootstrap, BCa) and p (Wilcoxon) over pairs, not corrected for the number of "
        "comparisons, against Vxm-2 of the same sigma, steps and seeds."
    )


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--atlas", help="fixed image of every pair; default: the bundle's choice")
    parser.add_argument("--budgets", type=int, nargs="+", default=[900, 3000, 9000], help="steps of the optimiser")
    parser.add_argument("--rows", nargs="*", default=ROWS, help="networks trained at the paper's sigma")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sigmas", type=float, nargs="*", default=[], help="further weights of the diffusion")
    parser.add_argument("--sigma_rows", nargs="+", default=[AGAINST, OURS], help="networks trained with these too")
    parser.add_argument("--configs", nargs="*", default=[], help="overlays of every row")
    parser.add_argument("--jobs", type=int, default=1, help="trainings and evaluations at a time")
    parser.add_argument("--as_is", action="store_true", help="train nothing, compare what there is")
    parser.add_argument("--trained_on", help="the machine of the trainings, where this is another one")
    parser.add_argument("--figure", help="image file")
    parser.add_argument("--output_dir", required=True)
    parser.set_defaults(affine=False, spatial_dims=2, synthetic_size=SYNTHETIC_SIZE)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run what is missing, then write the table and the figure."""
    options = parse_arguments(arguments)
    cohort, batch_size = cohort_and_batch(options.configs, **shared_options(options))
    steps_per_epoch = math.ceil(len(cohort.training) / batch_size)
    epochs = [max(1, math.ceil(steps / steps_per_epoch)) for steps in sorted(options.budgets)]
    budgets = {epoch: epoch * steps_per_epoch for epoch in epochs}
    rows = plan(options, Path(options.output_dir).resolve())
    execute(rows, epochs, options.jobs, options.as_is)
    table, data = table_of(rows, budgets), describe(options, cohort, budgets)
    print(f"{table}\n{data}")
    if options.figure:
        draw(options.figure, rows, budgets)
    publish(options.docs, "budgets", arguments, data, table, options.trained_on)


if __name__ == "__main__":
    start(main)
