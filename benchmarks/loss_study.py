"""Which loss registers best, without any network: every pair is optimised from the identity on the loss alone.

    python benchmarks/loss_study.py --dataset_dir DIR [--num_pairs 24] [--steps 50]
    python benchmarks/loss_study.py --dataset_dir DIR --weights bundle/models/model.pt --steps 35

Random pairs of validation subjects; the field is the recipe's (velocity at half resolution, five squarings), Adam 0.2
voxels a step. What is best here was then trained. With ``--weights`` every pair starts from the network's field
instead: which loss betters that most. Prints the tables of bundle/docs/recipe.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from monai.losses import DiffusionLoss
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bundle")]

from benchmarks.setting import parse, pretrained  # noqa: E402
from scripts.engines import Refinement  # noqa: E402
from scripts.losses import (  # noqa: E402
    FastLNCC,
    FoldingPenalty,
    ForwardDiffusion,
    RegistrationLoss,
    WeightedSum,
)
from scripts.metrics import label_dice  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402
from scripts.spatial import folded_fraction, warp  # noqa: E402


def smooth(folding: float = 100) -> nn.Module:
    """The recipe's regularisation."""
    return WeightedSum([ForwardDiffusion(), FoldingPenalty()], [1, folding])


def with_mse(window: int, stride: int, weight: float) -> nn.Module:
    """LNCC and MSE."""
    return WeightedSum([FastLNCC(window, stride), nn.MSELoss()], [1, weight])


def candidates() -> dict[str, RegistrationLoss]:
    """One change at a time, from the paper's loss to the recipe's and beyond."""
    return {
        "MSE + 0.01 diffusion (the paper's)": RegistrationLoss(nn.MSELoss(), DiffusionLoss(), 0.01),
        "MSE + 0.04 diffusion": RegistrationLoss(nn.MSELoss(), ForwardDiffusion(), 0.04),
        "MSE + 0.04 diffusion, folding penalty": RegistrationLoss(nn.MSELoss(), smooth(2500), 0.04),
        "LNCC, window 9": RegistrationLoss(FastLNCC(9), smooth(), 1.0),
        "LNCC, window 13": RegistrationLoss(FastLNCC(13), smooth(), 1.0),
        "LNCC, window 17": RegistrationLoss(FastLNCC(17), smooth(), 1.0),
        "LNCC, window 17, every third voxel": RegistrationLoss(FastLNCC(17, 3), smooth(), 1.0),
        "LNCC, window 25, every fourth voxel": RegistrationLoss(FastLNCC(25, 4), smooth(), 1.0),
        "LNCC 17/3 + 10 MSE (the recipe)": RegistrationLoss(with_mse(17, 3, 10), smooth(), 1.5),
        "... without the folding penalty": RegistrationLoss(with_mse(17, 3, 10), ForwardDiffusion(), 1.5),
        "... with half the diffusion": RegistrationLoss(with_mse(17, 3, 10), smooth(200), 0.75),
        "... with twice the diffusion": RegistrationLoss(with_mse(17, 3, 10), smooth(50), 3.0),
        "... with 0.7 instead of 1.5": RegistrationLoss(with_mse(17, 3, 10), smooth(), 0.7),
        "LNCC 25/4 + 20 MSE": RegistrationLoss(with_mse(25, 4, 20), smooth(), 1.5),
    }


def read_pairs(dataset_dir: str, atlas: str | None, num_pairs: int) -> tuple[Tensor, Tensor, Tensor, list[int]]:
    """Pairs ``(N, 2, *S)``, moving and fixed labels ``(N, 1, *S)``, ids."""
    wanted = {"dataset_dir": dataset_dir, "atlas": atlas, "num_pairs": num_pairs}
    config = parse({**wanted, "validate#dataset#data": "$@cohort.validation"})
    dataset = config.get_parsed_content("validate#dataset")
    batch = torch.utils.data.default_collate([dataset[i] for i in range(len(dataset))])
    pair = torch.cat([batch["moving"], batch["fixed"]], 1)
    return pair, batch["moving_label"], batch["fixed_label"], config.get_parsed_content("cohort").labels


def initial_field(pair: Tensor, weights: str | None) -> Tensor:
    """Where the optimisation starts: the field of the recipe's network, or none ``(N, D, *S)``."""
    if weights is None:
        return torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:])
    network, inferer = pretrained(weights, {"refinement_steps": 0})
    with torch.no_grad():
        field: Tensor = inferer(pair, network)["ddf"]
    return field


def main() -> None:
    """Optimise with every candidate and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_dir", default="synthetic")
    parser.add_argument("--atlas")
    parser.add_argument("--num_pairs", type=int, default=24)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--weights", help="of the recipe's network; without them the field starts at zero")
    options = parser.parse_args()
    pair, moving_label, fixed_label, ids = read_pairs(options.dataset_dir, options.atlas, options.num_pairs)
    first = initial_field(pair, options.weights)
    rows: list[list[str]] = []
    for name, loss in {"network" if options.weights else "unregistered": None, **candidates()}.items():
        start = time.perf_counter()
        ddf = first if loss is None else Refinement(loss, options.steps)(pair, first)
        seconds = (time.perf_counter() - start) / len(pair)
        dice = label_dice(warp(moving_label, ddf, "nearest"), fixed_label, ids, moving_label).nanmean(1).mean()
        folded = 100 * float(folded_fraction(ddf).mean())
        rows.append([name, f"{float(dice):.4f}", f"{folded:.4f}", f"{seconds:.2f}"])
        print(*rows[-1], sep="  ", flush=True)
    print(markdown_table(["Loss", "Dice", "folded, %", "seconds a pair, in one batch"], rows))


if __name__ == "__main__":
    main()
