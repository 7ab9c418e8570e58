"""What the bundle's methods reach with the weights that are shipped: the bundle's own evaluation, stage by stage.

    python -m benchmarks.results --dataset_dir DIR --pairing atlas
    python -m benchmarks.results --dataset_dir DIR --method paper --precision auto --atlas OASIS_OAS1_0006_MR1

The test subjects of a data set, to the atlas or in random pairs; the figures and tables of every pair and label are in
``output_dir``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.reports import PairResult, markdown_table, summarise

from . import ROOT
from .command import command_line, start
from .docs import publish
from .reports.reading import read_results
from .setting import RECIPE, SHIPPED, evaluation, run_evaluation, weights_of

HEADER = ["Stage", "Dice", "std over labels", "std over pairs", "folded, %"]


def table_of(summary: dict[str, Any]) -> str:
    """A row a stage: Dice, its deviations over labels and pairs, folded share of the voxels."""
    rows = [
        [
            stage,
            f"{found['dice_mean']:.4f}",
            f"{found['dice_std_over_labels']:.4f}",
            f"{found['dice_std_over_pairs']:.4f}",
            f"{100 * found['measures']['folding']['mean']:.4f}",
        ]
        for stage, found in summary["stages"].items()
    ]
    return markdown_table(HEADER, rows)


def describe(results: Sequence[PairResult], labels: int, options: argparse.Namespace) -> str:
    """The data in words."""
    atlas = f"test subjects to {results[0].fixed}" if options.pairing == "atlas" else "random pairs of test subjects"
    name = Path(options.dataset_dir).name
    return f"{len(results)} {atlas}, {name}, {labels} labels; the method is {options.method}."


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", default="synthetic")
    parser.add_argument("--method", choices=SHIPPED, default=RECIPE)
    parser.add_argument("--weights", help="default: those that are shipped for the method")
    parser.add_argument("--pairing", choices=["random", "atlas"], default="atlas")
    parser.add_argument("--atlas", help="subject that pairs are registered to; default: the bundle's choice")
    parser.add_argument("--affine", action="store_true", help="the bundle's affine stage first")
    parser.add_argument("--spatial_size", type=int, nargs="+", default=[-1], help="pad or crop around the centre")
    parser.add_argument("--precision", choices=["float32", "bfloat16", "auto"], help="default: the method's own")
    parser.add_argument("--output_dir", help="default: outputs/results_<method>")
    return parser.parse_args(arguments)


def evaluate(options: argparse.Namespace) -> Path:
    """Run the evaluation; the folder of its tables."""
    folder = Path(options.output_dir or ROOT / "outputs" / f"results_{options.method}").resolve()
    size = options.spatial_size if len(options.spatial_size) > 1 else options.spatial_size[0]
    precision = {"precision": options.precision} if options.precision else {}
    config = evaluation(
        options.method,
        dataset_dir=options.dataset_dir,
        pairing=options.pairing,
        atlas=options.atlas,
        affine=options.affine,
        spatial_size=size,
        output_dir=str(folder),
        report_dir=str(folder),
        ckpt_path=options.weights or str(weights_of(options.method)),
        **precision,
    )
    return run_evaluation(config)


def main(arguments: Sequence[str]) -> None:
    """Evaluate and print the table."""
    options = parse_arguments(arguments)
    results, labels = read_results(evaluate(options))
    table, data = table_of(summarise(results, labels)), describe(results, len(labels), options)
    print(f"{table}\n{data}")
    publish(options.docs, "results", arguments, data, table)


if __name__ == "__main__":
    start(main)
