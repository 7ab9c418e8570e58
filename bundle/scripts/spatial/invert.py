"""The field that undoes a field."""

from __future__ import annotations

import torch
from torch import Tensor

from .warp import warp


def invert_field(ddf: Tensor, num_iterations: int = 30) -> Tensor:
    """Invert ``x + ddf(x)`` by the fixed point ``v(x) = -ddf(x + v(x))`` (Chen et al., Medical Physics 35, 2008).

    Converges where the field does not stretch space twofold or more; a folded place has no inverse and gets an
    average one. Half of every step is taken, which keeps steep places from oscillating.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.
        num_iterations: steps of the iteration.

    Returns:
        ``(B, D, *S)`` such that warping with one after the other is nearly the identity.
    """
    inverse = -ddf
    with torch.no_grad():
        for _ in range(num_iterations):
            inverse = (inverse - warp(ddf, inverse)) / 2
    return inverse
