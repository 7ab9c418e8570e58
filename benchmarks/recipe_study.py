"""What every part of the recipe is worth: short trainings, each with one part changed.

    python -m benchmarks.recipe_study --dataset_dir DIR --output_dir outputs/recipe_study [--epochs 20]
    python -m benchmarks.recipe_study --dataset_dir DIR --output_dir outputs/recipe_end --weights bundle/models/model.pt

Every row is the recipe with one thing changed, trained for the same number of epochs from the same seed and measured on
the same seeded pairs of validation subjects, by the network alone. Then all rows take turns at training steps on one
batch that is there already, so that their times can be compared; augmentation and averaging are not in them. A row
whose result is in ``output_dir`` is not trained again. With ``--weights`` every row goes on from them, at half the
recipe's rate: what a part is still worth at the end of a training. The network looks once (``passes: 1``) unless the
row says otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from monai.bundle import ConfigParser

from scripts.reports import markdown_table

from .claims import claim, kept_row, row_folder
from .command import command_line, start
from .docs import publish
from .recipe_rows import RECIPE, rows
from .setting import RECIPE as METHOD
from .setting import changed, run_training, training
from .training_step import add_batch_options, bundle_step, describe_batch, median_seconds

LATE_RATE = 5e-4
HEADER = ["Row", "Dice", "difference", "folded, %", "seconds a step", "relative to the recipe"]
CLAIMED = ("dataset_dir", "epochs", "num_pairs", "weights")


def row_config(name: str, options: argparse.Namespace) -> ConfigParser:
    """The configuration of one row; its files go to a folder of its own in ``output_dir``."""
    shared = changed(
        dataset_dir=options.dataset_dir,
        max_epochs=options.epochs,
        val_interval=options.epochs,
        output_dir=str(row_folder(name, options)),
        silent=True,
        device="cpu",
        validated_pairing="random",
        validated_pairs=options.num_pairs,
        passes=1,
    )
    late = changed(initial_weights=options.weights, learning_rate=LATE_RATE) if options.weights else {}
    return training(METHOD, **{**shared, **late, **rows()[name]})


def train(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Validation of one row after its training, from ``output_dir`` where it is there."""

    def validated() -> dict[str, float]:
        found = run_training(row_config(name, options))
        return {key: float(found[key]) for key in ("dice", "folding")}

    result: dict[str, float] = kept_row(name, options, validated)
    return result


def seconds_a_step(options: argparse.Namespace) -> dict[str, float]:
    """Of every row, all taking turns."""
    batch = torch.rand(options.batch_size, 2, *options.size)
    steps = {}
    for name in options.rows:
        config = row_config(name, options)
        steps[name] = bundle_step(batch, config.get_parsed_content("network_def"), config.get_parsed_content("loss"))
    return median_seconds(steps, options.rounds)


def table_of(results: Mapping[str, Mapping[str, float]], seconds: Mapping[str, float]) -> str:
    """A row a part: Dice, its difference from the recipe's, folds, and the time of a step beside the recipe's."""
    base, unit = results[RECIPE]["dice"], seconds[RECIPE]
    shown = [
        [
            name,
            f"{found['dice']:.4f}",
            f"{found['dice'] - base:+.4f}",
            f"{100 * found['folding']:.4f}",
            f"{seconds[name]:.3f}",
            f"{seconds[name] / unit:.2f}",
        ]
        for name, found in results.items()
    ]
    return markdown_table(HEADER, shown)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; the recipe is always the first row."""
    names = list(rows())
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", default="synthetic")
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--num_pairs", type=int, default=48)
    parser.add_argument("--weights", help="of the recipe's network, to go on from")
    parser.add_argument("--rows", nargs="+", choices=names, default=names, help="besides the recipe")
    add_batch_options(parser)
    options = parser.parse_args(arguments)
    options.rows = list(dict.fromkeys([RECIPE, *options.rows]))
    return options


def main(arguments: Sequence[str]) -> None:
    """Train what is missing, take times, print the table."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: getattr(options, name) for name in CLAIMED})
    results = {}
    for name in options.rows:
        results[name] = train(name, options)
        print(name, results[name], flush=True)
    table = table_of(results, seconds_a_step(options))
    data = (
        f"{options.epochs} epochs, {options.num_pairs} random pairs of validation subjects of "
        f"{Path(options.dataset_dir).name}; steps: {describe_batch(options.batch_size, options.size, options.rounds)}."
    )
    print(f"{table}\n{data}")
    publish(options.docs, "recipe_study", arguments, data, table)


if __name__ == "__main__":
    start(main)
