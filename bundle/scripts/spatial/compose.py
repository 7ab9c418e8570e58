"""One field after another."""

from __future__ import annotations

from torch import Tensor

from .warp import warp


def compose(inner: Tensor, outer: Tensor) -> Tensor:
    """The field of warping with ``inner`` first and the result with ``outer``.

    ``warp(warp(moving, inner), outer)`` is, up to interpolation, ``warp(moving, compose(inner, outer))``:
    ``u(x) = outer(x) + inner(x + outer(x))``.

    Args:
        inner: displacement in voxels, ``(B, D, *S)``, applied to the moving image first.
        outer: displacement in voxels, ``(B, D, *S)``, on the final grid.

    Returns:
        ``(B, D, *S)``, in voxels.

    Raises:
        ValueError: if the shapes do not match.
    """
    return outer + warp(inner, outer)
