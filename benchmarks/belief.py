"""What a trained discriminator believes of pairs of images: how sure it is that they are aligned."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scripts.engines import load_weights
from scripts.reports import markdown_table
from scripts.spatial import warp

from .adversarial_rows import ONE, TRUE_CONTRAST, evaluation_of, training_of

SHIFTS = (0, 1, 2, 4, 8, 16)  # voxels
PAIRS = 16
BLEND = 0.2
HEADER = ["Task", "Similarity", "aligned, as shown in training", *(f"aligned, {n} voxels off" for n in SHIFTS[1:4]),
          "as the network leaves it", "unregistered"]  # fmt: skip


def discriminator_of(task: str, similarity: str, folder: Path) -> nn.Module:
    """As its training left it."""
    network: nn.Module = training_of(task, similarity, device="cpu").get_parsed_content(
        "companions#adversary#discriminator"
    )
    state = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)["adversary"]["discriminator"]
    network.load_state_dict(state)
    return network.eval()


def shifted(image: Tensor, voxels: int) -> Tensor:
    """Images ``(1, 1, *S)`` moved along the last axis by whole voxels."""
    field = torch.zeros(1, image.ndim - 2, *image.shape[2:])
    field[:, -1] = voxels
    return warp(image, field)


def belief(network: nn.Module, image: Tensor, fixed: Tensor) -> float:
    """Mean over patches of what it takes for the chance of being aligned."""
    with torch.no_grad():
        return float(torch.sigmoid(network(torch.cat([image, fixed], dim=1))).mean())


def beliefs_of(task: str, similarity: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Means over pairs of test subjects: by shift of what is aligned, of it blended, warped and as it came."""
    config = evaluation_of(task, dataset_dir=options.dataset_dir, device="cpu", num_pairs=PAIRS)
    pairs, network = config.get_parsed_content("validate#dataset"), config.get_parsed_content("network_def")
    inferer = config.get_parsed_content("validate#inferer")
    load_weights(str(folder / "model_last.pt"), network)
    judge, rows = discriminator_of(task, similarity, folder), []
    for k in range(len(pairs)):
        pair = {name: value[None] for name, value in pairs[k].items() if isinstance(value, Tensor)}
        moving, fixed, aligned = pair["moving"], pair["fixed"], pair["fixed" if task == ONE else TRUE_CONTRAST]
        with torch.no_grad():
            warped = inferer(torch.cat([moving, fixed], dim=1), network.eval())["warped"]
        shown = BLEND * moving + (1 - BLEND) * aligned
        by_shift = [belief(judge, shifted(aligned, n), fixed) for n in SHIFTS]
        rows.append([*by_shift, *(belief(judge, image, fixed) for image in (shown, warped, moving))])
    means = np.mean(rows, axis=0).tolist()
    others = dict(zip(("shown", "warped", "moving"), means[len(SHIFTS) :], strict=True))
    return {"shifts": means[: len(SHIFTS)], **others}


def belief_table(beliefs: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]) -> str:
    """A row a discriminator: means over its seeds."""
    rows = []
    for (task, similarity), seeds in beliefs.items():
        shifts = np.mean([each["shifts"] for each in seeds], axis=0)
        shown, warped, moving = (np.mean([each[name] for each in seeds]) for name in ("shown", "warped", "moving"))
        rows.append([task, similarity, *(f"{value:.3f}" for value in (shown, *shifts[1:4], warped, moving))])
    return markdown_table(HEADER, rows)
