"""The ``voxelmorph`` package's pairwise model, trained on the bundle's own pairs.

    python benchmarks/voxelmorph_peer.py --dataset_dir DIR --weights outputs/voxelmorph.pt --epochs 300

Its default network and its own losses (mean squared error and the squared gradient of the displacement, weight 0.01, as
VoxelMorph's scripts have them for MSE); batches, order, Adam and cosine schedule are those of the bundle's recipe, and
so is the budget where ``--epochs`` is. The last epoch is kept. Interrupted, it goes on after the last epoch.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch
from neurite.nn.modules import MSE, SpatialGradient
from torch import Tensor, nn
from voxelmorph.nn.models import VxmPairwise

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("", "bundle")]

SIGMA = 0.01


class Peer(nn.Module):
    """The package's model with its defaults: moving and fixed in, displacement in voxels out."""

    def __init__(self, features: tuple[int, ...] = (16, 16, 16, 16, 16)) -> None:
        super().__init__()
        self.model = VxmPairwise(ndim=2, source_channels=1, target_channels=1, nb_features=features)

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Field ``(B, D, *S)`` of images ``(B, 1, *S)``."""
        return self.model(moving, fixed)


def build() -> Peer:
    """The model with the package's default features."""
    return Peer()


def loss_of(peer: Peer, moving: Tensor, fixed: Tensor) -> Tensor:
    """The package's loss of a batch."""
    field, warped = peer.model(moving, fixed, return_warped_source=True)
    return MSE()(fixed, warped) + SIGMA * SpatialGradient("l2")(field)


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--atlas")
    parser.add_argument("--epochs", type=int, default=300)
    options = parser.parse_args()
    train(options.dataset_dir, Path(options.weights), options.epochs, options.atlas)


def train(dataset_dir: str, path: Path, epochs: int, atlas: str | None) -> None:
    """Train for ``epochs`` over the training part, pairs of the recipe."""
    from benchmarks.setting import parse
    from scripts.engines.checkpoint import save_atomic
    from scripts.errors import InputError

    torch.manual_seed(0)
    config = parse({"dataset_dir": dataset_dir, "atlas": atlas}, ("train.yaml", "variants/recipe.yaml"))
    loader, dataset = (config.get_parsed_content(f"train#{name}") for name in ("dataloader", "dataset"))
    peer = build()
    optimizer = torch.optim.Adam(peer.parameters(), lr=config.get("learning_rate"))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    states = {"model": peer, "optimizer": optimizer, "schedule": schedule}
    start = 0
    if path.is_file():
        saved = torch.load(path, weights_only=True)
        start = saved.pop("epoch")
        if saved["schedule"]["T_max"] != epochs:
            raise InputError(f"{path} is of a training of {saved['schedule']['T_max']} epochs; choose another file.")
        for name, item in states.items():
            item.load_state_dict(saved[name])
    for epoch in range(start + 1, epochs + 1):
        began = time.perf_counter()
        dataset.set_epoch(epoch)
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            optimizer.zero_grad()
            loss = loss_of(peer, batch["moving"], batch["fixed"])
            loss.backward()
            optimizer.step()
        schedule.step()
        saved = {name: item.state_dict() for name, item in states.items()}
        save_atomic({"epoch": epoch, **saved}, path)
        print(f"epoch {epoch} loss {float(loss):.5f} {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
