"""Random transforms of what is registered, such that a resumed training draws the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from monai.transforms import Randomizable
from torch import Tensor


def augmented(augment: Callable[..., Any], pair: dict[str, Tensor], draw: str) -> dict[str, Tensor]:
    """A pair after a random dictionary transform of MONAI.

    Args:
        augment: the transform; of a ``Randomizable`` what is drawn depends on ``draw`` alone.
        pair: its tensors, channel first, by name.
        draw: text of seed, epoch and index.
    """
    if isinstance(augment, Randomizable):
        augment.set_random_state(seed=random.Random(f"augment-{draw}").randrange(2**32))
    return {key: plain(value) for key, value in augment(pair).items()}


def plain(tensor: Any) -> Tensor:
    """Without MONAI's metadata, whose collation would cost more than the images'."""
    found: Tensor = tensor.as_tensor() if hasattr(tensor, "as_tensor") else torch.as_tensor(tensor)
    return found
