"""The methods that the benchmark of sequences compares: ours by its variants, and others."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.data.sequences import SequenceRecord
from scripts.errors import InputError
from scripts.physical import read_sequence
from scripts.registration import Method, SequenceRegistration
from scripts.spatial import compose

from .closing import closing_error
from .methods import ants_syn, elastix_bspline, unregistered
from .setting import BUNDLE, bundle_command, read

Frames = Callable[[Tensor, int], Tensor]  # (T, *S) in [0, 1], reference -> (T, D, *S) in voxels

FILES = ["configs/train.yaml", "configs/methods/sequence.yaml", "configs/schedules/sequence.yaml"]
BACKBONE = "network_def#backbone#"
VARIANTS: dict[str, dict[str, Any]] = {
    "both ways": {},
    "one way": {f"{BACKBONE}bidirectional": False},
    "frame by frame": {f"{BACKBONE}recurrent_rows": []},
}
UNREGISTERED = "unregistered"
REFINED = ", refined"
CONSECUTIVE = "consecutive, composed"
SHIPPED = "shipped weights"  # of the embedded hearts


def is_trained(name: str) -> bool:
    """Whether seeds make a difference to a row."""
    return name.removesuffix(REFINED) in VARIANTS or name == CONSECUTIVE


def is_ours(name: str) -> bool:
    """Whether a row is the bundle's."""
    return is_trained(name) or name.removesuffix(REFINED) == SHIPPED


def is_peer(name: str) -> bool:
    """Whether a row is another program's."""
    return not is_ours(name) and name != UNREGISTERED


def network_rows(variant: str, refined: bool, options: argparse.Namespace, seed: int) -> Frames:
    """Ours, trained where it is not yet, with or without optimisation on the sequence."""
    return registration_of(variant, refined, options, seed).register


def closing_of(options: argparse.Namespace, records: Sequence[SequenceRecord]) -> float:
    """How far points end from where they began that follow every frame to the next, around the cycle; mean, pixels."""
    pairwise, errors = registration_of("frame by frame", False, options, options.seeds[0]), []
    for record in records:
        values = read_sequence(record["image"]).values
        for k in range(values.shape[2]):
            scaled = scaled_frames(values[:, :, k])
            steps = [pairwise.register(scaled[[t, (t + 1) % len(scaled)]], 0)[1] for t in range(len(scaled))]
            errors.append(closing_error(torch.stack(steps)))
    return float(np.mean(errors))


def consecutive(options: argparse.Namespace, seed: int) -> Frames:
    """Every frame to the one before it, frame by frame, composed from the reference on, forwards and backwards."""
    pairwise = registration_of("frame by frame", False, options, seed)

    def register(scaled: Tensor, reference: int) -> Tensor:
        fields = torch.zeros(len(scaled), scaled.ndim - 1, *scaled.shape[1:])
        for ahead in (1, -1):
            last = len(scaled) if ahead > 0 else -1
            for t in range(reference + ahead, last, ahead):
                step = pairwise.register(scaled[[t - ahead, t]], 0)[1:]  # from the frame before to this one
                fields[t] = compose(inner=step, outer=fields[t - ahead][None])[0]
        return fields

    return register


def each_frame(
    make: Callable[[], Callable[[np.ndarray, np.ndarray], np.ndarray]], _: argparse.Namespace, seed: int
) -> Frames:
    """A registration of pairs, for every frame with the reference; nothing of it is drawn by ``seed``."""
    method = make()

    def register(scaled: Tensor, reference: int) -> Tensor:
        images = scaled.numpy()
        fields = [method(image, images[reference]) for image in images]
        ddf = torch.from_numpy(np.stack(fields)).float()
        ddf[reference] = 0
        return ddf

    return register


ROWS: dict[str, Callable[[argparse.Namespace, int], Frames]] = {
    UNREGISTERED: partial(each_frame, unregistered),
    **{name: partial(network_rows, name, False) for name in VARIANTS},
    **{f"{name}{REFINED}": partial(network_rows, name, True) for name in VARIANTS},
    SHIPPED: partial(network_rows, SHIPPED, False),
    f"{SHIPPED}{REFINED}": partial(network_rows, SHIPPED, True),
    CONSECUTIVE: consecutive,
    "ANTs SyN": partial(each_frame, partial(ants_syn, "mattes")),
    "elastix": partial(each_frame, elastix_bspline),
}


def registration_of(variant: str, refined: bool, options: argparse.Namespace, seed: int) -> SequenceRegistration:
    """A network of ours with the weights that its training left."""
    return _registration(variant, refined, str(trained(variant, options, seed)))


@cache
def _registration(variant: str, refined: bool, weights: str) -> SequenceRegistration:
    config = read("train.yaml", "methods/sequence.yaml", device="cpu", **VARIANTS.get(variant, {}))
    parts = ("network_def", "refinement", "intensity", "precision", "channels_last")
    made = {name: config.get_parsed_content(name) for name in parts}
    network, refinement = made.pop("network_def"), made.pop("refinement")
    return SequenceRegistration(Method(network, weights, refinement if refined else None, **made), 2)


def trained(variant: str, options: argparse.Namespace, seed: int) -> Path:
    """The weights of the last step of a variant, trained if they are not there; those of the bundle as they are."""
    if variant == SHIPPED:
        return Path(read("train.yaml", "methods/sequence.yaml").get_parsed_content("weights"))
    folder = Path(options.output_dir).resolve() / f"{variant.replace(' ', '_')}_seed{seed}"
    path = folder / "model_last.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        values = {"dataset_dir": str(Path(options.dataset_dir).resolve()), "seed": seed}
        values |= {"max_epochs": options.max_epochs, "output_dir": str(folder), **VARIANTS[variant]}
        with (folder / "training.log").open("a", encoding="utf-8") as log:
            done = subprocess.run(
                bundle_command("training", FILES, **values), cwd=BUNDLE, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            raise InputError(f"the training of {variant} failed; {folder / 'training.log'} says why.")
    return path


def scaled_frames(values: np.ndarray) -> Tensor:
    """Frames ``(X, Y, T)`` as every method sees them, ``(T, X, Y)`` in [0, 1]."""
    intensity = read("train.yaml", "methods/sequence.yaml").get_parsed_content("intensity")
    return torch.from_numpy(intensity(np.moveaxis(values, -1, 0)))
