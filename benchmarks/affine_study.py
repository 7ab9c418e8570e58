"""Which head finds affine maps: key points, or a ResNet that regresses the parameters, as the survey names it.

    python -m benchmarks.affine_study --dataset_dir DIR --output_dir outputs/affine_study [--minutes 10]

Every row is the method ``affine_2d`` with another head, trained on random maps that are known, from the same seed,
until it has used up the same processor time, and measured on the same test pairs of two subjects, each turned, shifted
and scaled anyhow. DIR is what ``python -m benchmarks.affine_cohort`` makes. A row whose result is in ``output_dir`` is
not trained again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.bundle import ConfigParser
from torch import Tensor

from scripts.losses import PointDistance
from scripts.metrics import LabelDice, NormalisedCrossCorrelation
from scripts.progress import progress
from scripts.reports import markdown_table

from .claims import claim, kept_row, row_folder
from .command import command_line, start
from .docs import machine, publish
from .equal_time import limited
from .setting import AFFINE, changed, training

CLAIMED = ("dataset_dir", "minutes", "num_pairs", "seed")
HEAD = "network_def#head"
HEADER = ["Head", "parameters", "steps", "points apart, mm", "within 5 mm", "Dice", "NCC"]
NEAR = 5.0  # mm


def resnet(block: str, layers: Sequence[int]) -> dict[str, Any]:
    """Overrides that make the head a ResNet of MONAI's, which sees both views."""
    network = {
        "_target_": "ResNet",
        "block": block,
        "layers": list(layers),
        "block_inplanes": [64, 128, 256, 512],
        "spatial_dims": "@spatial_dims",
        "n_input_channels": 2,
        "num_classes": "$@spatial_dims * (@spatial_dims + 1)",
    }
    return {HEAD: {"_target_": "scripts.networks.RegressionHead", "network": network}}


ROWS: dict[str, dict[str, Any]] = {
    "key points (the method)": {},
    "key points, rigid": {f"{HEAD}#rigid": True},
    "regression, ResNet-18": resnet("basic", [2, 2, 2, 2]),
    "regression, ResNet-50": resnet("bottleneck", [3, 4, 6, 3]),
}


def row_config(name: str, options: argparse.Namespace) -> ConfigParser:
    """The configuration of a row; nothing of it is kept but its result."""
    shared: dict[str, Any] = {
        "dataset_dir": options.dataset_dir,
        "output_dir": str(row_folder(name, options)),
        "seed": options.seed,
        "max_epochs": 10**6,
        "silent": True,
        "device": "cpu",
    }
    measured = changed(validated="$@cohort.test", validated_pairing="random", validated_pairs=options.num_pairs)
    handlers = limited(options.minutes)
    return training(AFFINE, **{**shared, **measured, **changed(trainer_handlers=handlers), **ROWS[name]})


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """What one row reached, from ``output_dir`` where it is there."""
    found: dict[str, Any] = kept_row(name, options, lambda: train(row_config(name, options)))
    return found


def train(config: ConfigParser) -> dict[str, Any]:
    """Train and measure: ``steps``, ``parameters``, and of every pair ``points``, in mm, ``dice`` and ``ncc``."""
    config.get_parsed_content("initialize")
    trainer = config.get_parsed_content("train#trainer")
    trainer.run()
    network, spacing = config.get_parsed_content("network"), float(config["spacing"])
    dice, ncc = LabelDice(config.get_parsed_content("cohort").labels), NormalisedCrossCorrelation()
    values: dict[str, list[float]] = {"points": [], "dice": [], "ncc": []}

    def keep(engine: Engine) -> None:
        pred, target = engine.state.output["pred"], engine.state.output["label"]
        values["points"].append(spacing * points_apart(pred["ddf"], target))
        values["dice"].append(float(dice(pred, target)))
        values["ncc"].append(float(ncc(pred, target)))

    evaluator = config.get_parsed_content("validate#evaluator")
    evaluator.add_event_handler(Events.ITERATION_COMPLETED, keep)
    evaluator.run()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {"steps": trainer.state.iteration, "parameters": parameters, **values}


def points_apart(ddf: Tensor, target: Mapping[str, Tensor]) -> float:
    """Mean distance of the object's points from where the known map takes them, voxels."""
    with torch.no_grad():
        return float(PointDistance()(ddf, target["affine"], target["fixed"]))


def table_of(results: Mapping[str, Mapping[str, Any]]) -> str:
    """A row a head."""
    shown = []
    for name, found in results.items():
        points = np.array(found["points"])
        shown.append(
            [
                name,
                f"{found['parameters']:,}",
                f"{found['steps']:,}",
                f"{np.median(points):.2f}",
                f"{np.count_nonzero(points < NEAR)} of {len(points)}",
                f"{np.mean(found['dice']):.4f}",
                f"{np.mean(found['ncc']):.4f}",
            ]
        )
    return markdown_table(HEADER, shown)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--minutes", type=float, default=10, help="of processor time a training")
    parser.add_argument("--num_pairs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Train what is missing, print the table."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: getattr(options, name) for name in CLAIMED})
    results = {name: measure(name, options) for name in progress(options.rows, "affine study", "row")}
    data = (
        f"{options.num_pairs} random pairs of test subjects of {Path(options.dataset_dir).name}, turned by any angle, "
        f"shifted and of another size; {options.minutes:g} minutes of processor time a training. Points: median over "
        "the pairs of their mean distance from where the known map takes them."
    )
    print(f"{table_of(results)}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "affine_study", arguments, data, table_of(results))


if __name__ == "__main__":
    start(main)
