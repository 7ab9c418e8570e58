"""Which loss registers best, without any network: every pair is optimised from the identity on the loss alone.

    python -m benchmarks.loss_study --dataset_dir DIR [--num_pairs 24] [--steps 50]
    python -m benchmarks.loss_study --dataset_dir DIR --weights bundle/models/model.pt --steps 35

Random pairs of validation subjects; the field is the recipe's (velocity at half resolution, five squarings), Adam 0.2
voxels a step. What is best here was then trained. With ``--weights`` every pair starts from the network's field
instead: which loss betters that most.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from monai.losses import DiffusionLoss
from torch import Tensor, nn
from torch.utils.data import default_collate

from scripts.losses import FastLNCC, FoldingPenalty, ForwardDiffusion, RegistrationLoss
from scripts.metrics import label_dice
from scripts.reports import markdown_table
from scripts.spatial import folded_fraction, warp

from .command import command_line, start
from .docs import publish
from .setting import PairChoice, choose_pairs, loss_of, refiner, registrar

HEADER = ["Loss", "Dice", "folded, %", "seconds a pair, in one batch"]


def loss(
    lncc: tuple[int, int] | None = None, mse: float = 0, diffusion: float = 1, folding: float = 100
) -> RegistrationLoss:
    """A loss of the study: LNCC of a window and stride, and the weights of the other terms; 0 leaves one out."""
    images: dict[str, tuple[float, nn.Module]] = {} if lncc is None else {"lncc": (1, FastLNCC(*lncc))}
    images |= {"mse": (mse, nn.MSELoss())} if mse else {}
    field: dict[str, tuple[float, nn.Module]] = {"diffusion": (diffusion, ForwardDiffusion())}
    field |= {"folding": (folding, FoldingPenalty())} if folding else {}
    return loss_of(images, field)


def candidates() -> dict[str, RegistrationLoss]:
    """One change at a time, from the paper's loss to the recipe's and beyond."""
    recipe = partial(loss, lncc=(17, 3), mse=10, diffusion=1.5, folding=150)
    paper = loss_of({"mse": (1, nn.MSELoss())}, {"diffusion": (0.01, DiffusionLoss())})
    return {
        "MSE + 0.01 diffusion (the paper's)": paper,
        "MSE + 0.04 diffusion": loss(mse=1, diffusion=0.04, folding=0),
        "MSE + 0.04 diffusion, folding penalty": loss(mse=1, diffusion=0.04, folding=100),
        "LNCC, window 9": loss((9, 1)),
        "LNCC, window 13": loss((13, 1)),
        "LNCC, window 17": loss((17, 1)),
        "LNCC, window 17, every third voxel": loss((17, 3)),
        "LNCC, window 25, every fourth voxel": loss((25, 4)),
        "LNCC 17/3 + 10 MSE (the recipe)": recipe(),
        "... without the folding penalty": recipe(folding=0),
        "... with half the diffusion": recipe(diffusion=0.75),
        "... with twice the diffusion": recipe(diffusion=3),
        "... with 0.7 instead of 1.5": recipe(diffusion=0.7, folding=70),
        "LNCC 25/4 + 20 MSE": recipe(lncc=(25, 4), mse=20),
    }


def measure(
    batch: Mapping[str, Tensor], ids: Sequence[int], first: Tensor, loss: RegistrationLoss | None, steps: int
) -> dict[str, float]:
    """Dice, folded share and seconds a pair of a batch that was optimised on a loss.

    Args:
        batch: ``moving, fixed, moving_label, fixed_label`` ``(N, 1, *S)``.
        ids: of the labels.
        first: field that the optimisation starts from, ``(N, D, *S)``.
        loss: ``None`` measures the first field.
        steps: of the optimisation.
    """
    pair = torch.cat([batch["moving"], batch["fixed"]], 1)
    start = time.perf_counter()
    ddf = first if loss is None else refiner(loss, steps)(pair, first)
    seconds = (time.perf_counter() - start) / len(pair)
    warped = warp(batch["moving_label"], ddf, "nearest")
    dice = label_dice(warped, batch["fixed_label"], ids, batch["moving_label"]).nanmean(1).mean()
    return {"dice": float(dice), "folded": float(folded_fraction(ddf).mean()), "seconds": seconds}


def row_of(name: str, found: Mapping[str, float]) -> list[str]:
    """As the table shows it."""
    return [name, f"{found['dice']:.4f}", f"{100 * found['folded']:.4f}", f"{found['seconds']:.2f}"]


def first_field(batch: Mapping[str, Tensor], weights: str | None) -> Tensor:
    """Where the optimisation starts: the field of the recipe's network, or none ``(N, D, *S)``."""
    pair = torch.cat([batch["moving"], batch["fixed"]], 1)
    return torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:]) if weights is None else registrar(weights)(pair)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", default="synthetic")
    parser.add_argument("--atlas")
    parser.add_argument("--num_pairs", type=int, default=24)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--weights", help="of the recipe's network; without them the field starts at zero")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Optimise with every candidate and print the table."""
    options = parse_arguments(arguments)
    choice = PairChoice(options.dataset_dir, options.atlas, part="validation", num_pairs=options.num_pairs)
    dataset, ids = choose_pairs(choice)
    batch = default_collate([dataset[i] for i in range(len(dataset))])
    first = first_field(batch, options.weights)
    rows: list[list[str]] = []
    for name, tried in {"network" if options.weights else "unregistered": None, **candidates()}.items():
        rows.append(row_of(name, measure(batch, ids, first, tried, options.steps)))
        print(*rows[-1], sep="  ", flush=True)
    table = markdown_table(HEADER, rows)
    name = Path(options.dataset_dir).name
    data = f"{len(dataset)} random pairs of validation subjects of {name}, {len(ids)} labels, {options.steps} steps."
    print(f"{table}\n{data}")
    publish(options.docs, "loss_study", arguments, data, table)


if __name__ == "__main__":
    start(main)
