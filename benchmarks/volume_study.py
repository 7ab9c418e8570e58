"""What every part of the network for volumes is worth: trainings of equal time, each with one part left out.

    python -m benchmarks.volume_study --dataset_dir DIR --output_dir outputs/volume_study [--minutes 5]

Every row is the method with one thing changed, trained from the same seed until it has used up the same processor time,
which other work on the machine does not shorten, and measured on the same seeded pairs of test subjects, by the network
alone, after the affine stage. The rate stays what it is. A row whose result is in ``output_dir`` is not trained again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from monai.bundle import ConfigParser

from scripts.progress import progress
from scripts.reports import markdown_table

from .claims import claim, kept_row, row_folder
from .command import command_line, start
from .docs import machine, publish
from .equal_time import limited
from .reports.statistics import compare_pairs
from .setting import HIPPOCAMPUS, changed, training

WHOLE = "the method"
HEADER = ["Row", "steps", "Dice", "difference", "95 %", "p", "folded, %"]
CLAIMED = ("dataset_dir", "minutes", "num_pairs", "seed")
LONGEST_GRADIENT, RATE = 0.5, 6e-4  # as the shipped weights were trained; at 1e-3 a training may run away
LOOKS = "network_def#backbone#looks"


def rows() -> dict[str, dict[str, Any]]:
    """Every row by its name, as overrides; the first is the method itself."""
    coarse, fine = 5, 6  # looks of the method
    return {
        WHOLE: {},
        "the method, another seed": {"seed": 1},
        "untrained: the similarity's force alone": {"max_epochs": 0},
        "no labels in the loss": {"loss#labels#weight": 0},
        "labels alone in the loss": {"loss#lncc#weight": 0, "loss#mse#weight": 0},
        "steps along the force start at 0": {"network_def#backbone#step": 0.0},
        "no attention": {"attention": False},
        "no dense connections": {"dense": False},
        "coarse looks alone": {LOOKS: [(0, 2)] * (coarse + fine)},
        "fine looks alone": {LOOKS: [(1, 1)] * (coarse + fine)},
        "half of the looks": {LOOKS: [(0, 2)] * (coarse // 2) + [(1, 1)] * (fine // 2)},
        "one network for all looks": {LOOKS: [(0, 2)] * coarse + [(0, 1)] * fine},
        "no squared difference": {"loss#mse#weight": 0},
        "no mirroring": {"augment": None},
    }


def row_config(name: str, options: argparse.Namespace) -> ConfigParser:
    """The configuration of a row; nothing of it is kept but its result."""
    shared: dict[str, Any] = {
        "dataset_dir": options.dataset_dir,
        "cache_dir": str(Path(options.output_dir) / "cache"),
        "output_dir": str(row_folder(name, options)),
        "affine": True,
        "seed": options.seed,
        "batch_size": 1,
        "max_epochs": 10**6,
        "learning_rate": RATE,
        "final_learning_rate": "@learning_rate",
        "silent": True,
        "device": "cpu",
    }
    measured = changed(validated="$@cohort.test", validated_pairing="random", validated_pairs=options.num_pairs)
    clip = {"_target_": "scripts.engines.GradientClip", "max_norm": LONGEST_GRADIENT}
    handlers = limited(options.minutes, clip)
    return training(HIPPOCAMPUS, **{**shared, **measured, **changed(trainer_handlers=handlers), **rows()[name]})


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Steps of one row, and the Dice and folds of every pair, from ``output_dir`` where they are there."""
    found: dict[str, Any] = kept_row(name, options, lambda: train(row_config(name, options)))
    return found


def train(config: ConfigParser) -> dict[str, Any]:
    """Train and measure: ``steps``, and ``dice`` and ``folding``, a number a pair."""
    config.get_parsed_content("initialize")
    steps = 0
    if config["max_epochs"]:
        trainer = config.get_parsed_content("train#trainer")
        trainer.run()
        steps = trainer.state.iteration
    evaluator = config.get_parsed_content("validate#evaluator")
    values: dict[str, list[float]] = {"dice": [], "folding": []}

    def keep(engine: Engine) -> None:
        for key, of_pairs in values.items():
            of_pairs.append(float(measures[key](engine.state.output["pred"], engine.state.output["label"])))

    measures = {key: config.get_parsed_content(f"validate#{where}#{key}#measure") for key, where in MEASURED.items()}
    evaluator.add_event_handler(Events.ITERATION_COMPLETED, keep)
    evaluator.run()
    return {"steps": steps, **values}


MEASURED = {"dice": "key_metric", "folding": "additional_metrics"}


def table_of(results: Mapping[str, Mapping[str, Any]]) -> str:
    """A row a part: Dice, its paired difference from the whole method's, and folds."""
    whole = np.array(results[WHOLE]["dice"])
    shown = []
    for name, found in results.items():
        dice = np.array(found["dice"])
        beside = ["", "", ""]
        if name != WHOLE:
            paired = compare_pairs(dice, whole)
            beside = [
                f"{paired.difference:+.4f}",
                f"{paired.low:+.4f} to {paired.high:+.4f}",
                f"{paired.p_value:.1g}",
            ]
        folds = f"{100 * float(np.mean(found['folding'])):.4f}"
        shown.append([name, str(found["steps"]), f"{dice.mean():.4f}", *beside, folds])
    return markdown_table(HEADER, shown)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; the method itself is always the first row."""
    names = list(rows())
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--minutes", type=float, default=5, help="of processor time a training")
    parser.add_argument("--num_pairs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", choices=names, default=names, help="besides the method")
    options = parser.parse_args(arguments)
    options.rows = list(dict.fromkeys([WHOLE, *options.rows]))
    return options


def main(arguments: Sequence[str]) -> None:
    """Train what is missing, print the table."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: getattr(options, name) for name in CLAIMED})
    results = {name: measure(name, options) for name in progress(options.rows, "volume study", "row")}
    data = (
        f"{options.num_pairs} random pairs of test subjects of {Path(options.dataset_dir).name}; {options.minutes:g} "
        "minutes of processor time a training."
    )
    print(f"{table_of(results)}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "volume_study", arguments, data, table_of(results))


if __name__ == "__main__":
    start(main)
