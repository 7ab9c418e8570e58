"""The ``voxelmorph`` package's pairwise model, trained on volumes for so many minutes.

The package's default network and its own losses (mean squared error and the squared gradient of the displacement,
weight 0.01) with Adam at 0.0001, as VoxelMorph's scripts have them, one pair a step. Pairs, affine stage, working grid,
scaling and mirroring are those of the training of the bundle's method. Interrupted, it goes on after the last
checkpoint.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import default_collate

from scripts.data import PairDataset
from scripts.engines import prepare_pair
from scripts.engines.checkpoint import save_atomic
from scripts.losses import RegistrationLoss

from .setting import loss_of, volume_pairs

LEARNING_RATE = 1e-4  # of VoxelMorph's scripts
CHECKPOINT = "voxelmorph.pt"
SAVE_EVERY = 60.0  # seconds of training


class Training:
    """A network in training: what it has learnt so far, the steps and the seconds that took.

    Args:
        path: file of the checkpoint, from which it goes on.
        device: where it is trained.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        from .voxelmorph_model import SIGMA, FieldLoss, ImageLoss, PackageModel

        torch.manual_seed(0)
        self.path, self.device = path, device
        self.network = PackageModel(ndim=3).to(device)
        self.loss: RegistrationLoss = loss_of({"mse": (1, ImageLoss())}, {"diffusion": (SIGMA, FieldLoss())})
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)
        self.step, self.seconds = 0, 0.0
        if path.is_file():
            self._load()

    def _load(self) -> None:
        state: dict[str, Any] = torch.load(self.path, weights_only=True, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        """Write the checkpoint."""
        parts = {name: getattr(self, name).state_dict() for name in ("network", "optimizer")}
        save_atomic({**parts, "step": self.step, "seconds": self.seconds}, self.path)

    def run(self, pairs: PairDataset, minutes: float) -> None:
        """Train until it has been trained for so long in all; the last step is ended."""
        saved = self.seconds
        while self.seconds < 60 * minutes:
            begin = time.perf_counter()
            self._learn(pairs)
            self.seconds += time.perf_counter() - begin
            if self.seconds - saved > SAVE_EVERY:
                self.save()
                saved = self.seconds
        self.save()

    def _learn(self, pairs: PairDataset) -> None:
        """One step; which pair, depends on its number alone."""
        epoch, index = divmod(self.step, len(pairs))
        pairs.set_epoch(epoch)
        pair, target = prepare_pair(default_collate([pairs[index]]), self.device)
        value = self.loss(self.network.register(pair), target)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        self.step += 1


def trained(dataset_dir: str, method: str | None, minutes: float, folder: Path) -> Path:
    """Train as long as is still missing; the checkpoint, whose ``network`` are the weights.

    Args:
        dataset_dir: its training part is trained on.
        method: of the bundle, whose pairs and grid they are; ``None``: the default for volumes.
        minutes: of training in all, on a GPU where there is one; reading and aligning the subjects comes on top.
        folder: of the checkpoint and of what the affine stage finds.
    """
    training = Training(folder / CHECKPOINT, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if training.seconds < 60 * minutes:
        cache = str((folder / "cache").resolve())
        training.run(volume_pairs(method, dataset_dir=dataset_dir, affine=True, cache_dir=cache), minutes)
    return training.path


def training_in_words(folder: Path) -> str:
    """How long it was trained, a sentence."""
    state = torch.load(folder / CHECKPOINT, weights_only=True, map_location="cpu")
    return f"The voxelmorph package was trained for {state['seconds'] / 60:.0f} min, {state['step']} steps."
