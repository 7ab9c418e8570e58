"""How a deformation changes volume, and where it folds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def jacobian_determinant(ddf: Tensor) -> Tensor:
    """Determinant of the Jacobian of ``x + ddf(x)``.

    Central differences inside, one-sided at the edges (``torch.gradient``), so the result has the
    field's own size and is exact for affine fields.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.

    Returns:
        ``(B, 1, *S)``: 1 where volume is kept, below 1 where the moving image is compressed into
        less space, 0 or negative where space folds.

    Raises:
        ValueError: if the number of channels is not the number of spatial axes.
    """
    return determinant(deformation_gradient(ddf))[:, None]


def deformation_gradient(ddf: Tensor) -> list[list[Tensor]]:
    """The matrix ``F`` of derivatives of ``x + ddf(x)``, by the differences of :func:`jacobian_determinant`.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.

    Returns:
        D rows of D tensors ``(B, *S)``: row ``i``, column ``j`` is the change of coordinate ``i`` along axis ``j``,
        voxels a voxel.

    Raises:
        ValueError: if the number of channels is not the number of spatial axes.
    """
    dims = ddf.ndim - 2
    if ddf.shape[1] != dims:
        raise ValueError(f"a displacement field of {dims} axes needs {dims} channels, got shape {tuple(ddf.shape)}")
    gradients = [torch.gradient(ddf[:, i].float(), dim=tuple(range(1, ddf.ndim - 1))) for i in range(dims)]
    return [[gradients[i][j] + (i == j) for j in range(dims)] for i in range(dims)]


def determinant(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    """Determinant of matrices given by their entries, by expansion along the first row.

    For the 2 x 2 and 3 x 3 matrices of every voxel this is many times faster than ``torch.linalg.det``, which
    factorises one matrix after the other.

    Args:
        rows: D rows of D tensors of one shape.
    """
    if len(rows) == 1:
        return rows[0][0]
    minors = [[[*row[:j], *row[j + 1 :]] for row in rows[1:]] for j in range(len(rows))]
    terms = [(-1) ** j * entry * determinant(minors[j]) for j, entry in enumerate(rows[0])]
    return sum(terms[1:], start=terms[0])


def folded_fraction(ddf: Tensor) -> Tensor:
    """Share of voxels whose Jacobian determinant is not positive.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.

    Returns:
        ``(B,)``, between 0 and 1.
    """
    return (jacobian_determinant(ddf) <= 0).flatten(1).float().mean(1)
