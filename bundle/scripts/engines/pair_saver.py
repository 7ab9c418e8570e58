"""Keeping the images and the field of chosen pairs, so that figures can be drawn later without the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from torch import Tensor

from ..errors import InputError
from ..files import atomic_path
from ..spatial import warp

ROLES = ("fixed", "moving", "fixed_label", "moving_label")


class PairSaver:
    """Write ``pair_<moving>_to_<fixed>.npz`` of chosen pairs when an evaluator has registered them.

    Each file holds ``fixed, moving, warped`` and their label maps ``(*S)``, and ``ddf`` ``(D, *S)`` in voxels.

    Args:
        output_dir: where the files go.
        subjects: names of the moving subjects whose pairs are kept.
        moving_subjects: those that there are.

    Raises:
        InputError: if a subject is none of them, and nothing would be kept of it.
    """

    def __init__(self, output_dir: str, subjects: Sequence[str], moving_subjects: Sequence[str]) -> None:
        self.folder, self.subjects = Path(output_dir), frozenset(subjects)
        if missing := sorted(self.subjects - frozenset(moving_subjects)):
            raise InputError(
                f"saved_pairs: {missing[0]} is the moving subject of none of the {len(moving_subjects)} evaluated "
                f"pairs; {moving_subjects[0]} is that of the first."
            )

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Write the chosen pairs of the batch just registered."""
        batch, output = engine.state.batch, engine.state.output
        for i, (moving, fixed) in enumerate(zip(batch["moving_id"], batch["fixed_id"], strict=True)):
            if moving in self.subjects:
                self._write(self.folder / f"pair_{moving}_to_{fixed}.npz", i, output["label"], output["pred"])

    def _write(self, path: Path, i: int, target: Mapping[str, Tensor], pred: Mapping[str, Tensor]) -> None:
        tensors = {role: target[role] for role in ROLES} | {"warped": pred["warped"]}
        tensors["warped_label"] = warp(target["moving_label"], pred["ddf"], "nearest")
        arrays: dict[str, Any] = {name: tensor[i, 0].cpu().numpy() for name, tensor in tensors.items()}
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, ddf=pred["ddf"][i].cpu().numpy(), **arrays)
