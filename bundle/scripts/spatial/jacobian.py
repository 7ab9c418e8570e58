"""How a deformation changes volume, and where it folds."""

from __future__ import annotations

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
    dims = ddf.ndim - 2
    if ddf.shape[1] != dims:
        raise ValueError(f"a displacement field of {dims} axes needs {dims} channels, got shape {tuple(ddf.shape)}")
    gradients = torch.gradient(ddf.float(), dim=tuple(range(2, ddf.ndim)))
    jacobian = torch.stack(gradients, dim=-1).movedim(1, -2)
    return torch.linalg.det(jacobian + torch.eye(dims, device=ddf.device))[:, None]


def folded_fraction(ddf: Tensor) -> Tensor:
    """Share of voxels whose Jacobian determinant is not positive.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.

    Returns:
        ``(B,)``, between 0 and 1.
    """
    return (jacobian_determinant(ddf) <= 0).flatten(1).float().mean(1)
