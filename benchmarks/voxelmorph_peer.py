"""The ``voxelmorph`` package's pairwise model, trained on the bundle's own pairs by the bundle's own trainer.

    python -m benchmarks.voxelmorph_peer --dataset_dir DIR --output_dir outputs/voxelmorph --epochs 300

The package's default network and its own losses (mean squared error and the squared gradient of the displacement,
weight 0.01, as VoxelMorph's scripts have them for MSE) stand in the training of our recipe, whose pairs, batches,
order, mirroring, Adam, cosine schedule and checkpoints they then share; the budget is the recipe's where ``--epochs``
is. The last epoch is kept, as ``model_last.pt``. Interrupted, it goes on after the last epoch.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from monai.bundle import ConfigParser

from .command import command_line, start
from .setting import RECIPE, run_training, training, with_loss


def main(arguments: Sequence[str]) -> None:
    """Train and say where the weights are."""
    options = parse_arguments(arguments)
    found = run_training(configuration(options))
    print(f"validation: {found}; weights: {Path(options.output_dir) / 'model_last.pt'}")


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, docs=False)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--atlas")
    parser.add_argument("--epochs", type=int, default=300)
    return parser.parse_args(arguments)


def configuration(options: argparse.Namespace) -> ConfigParser:
    """The recipe's training, with the package's network, inferer and losses."""
    from .voxelmorph_model import SIGMA  # the package is needed from here on

    pieces = {name: {"_target_": f"benchmarks.voxelmorph_model.{name}"} for name in ("ImageLoss", "FieldLoss")}
    return training(
        RECIPE,
        dataset_dir=options.dataset_dir,
        atlas=options.atlas,
        output_dir=str(Path(options.output_dir).resolve()),
        max_epochs=options.epochs,
        device="cpu",
        network={"_target_": "benchmarks.voxelmorph_model.PackageModel"},
        inferer={"_target_": "benchmarks.voxelmorph_model.PackageInferer"},
        **with_loss({"mse": (1, pieces["ImageLoss"])}, {"diffusion": (SIGMA, pieces["FieldLoss"])}),
    )


if __name__ == "__main__":
    start(main)
