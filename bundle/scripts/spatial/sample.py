"""Reading an image at any points, on a grid of another size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .grids import identity_grid

MARKED = 0.9  # of what a voxel is interpolated from


def sample(image: Tensor, points: Tensor, mode: str = "bilinear", padding_mode: str = "zeros") -> Tensor:
    """Values of ``image`` at ``points``; :func:`warp` is the special case of points near one's own voxel.

    Args:
        image: ``(B, C, *S)``.
        points: voxel coordinates in ``image``, ``(B, D, *T)``; channel ``i`` runs along array axis ``i``.
        mode: ``"bilinear"`` (trilinear in 3-D) for intensities and fields, ``"nearest"`` for labels.
        padding_mode: ``"border"`` repeats the edge, ``"zeros"`` is empty outside.

    Returns:
        ``(B, C, *T)``, of the type of ``points``: give 64-bit points where hundredths of a voxel matter far out.

    Raises:
        ValueError: if ``points`` has not one channel per axis of ``image``.
    """
    size = image.shape[2:]
    if points.shape[1] != len(size):
        raise ValueError(f"points in an image of {len(size)} axes need {len(size)} channels, got {points.shape[1]}")
    # Without align_corners the formula also holds for an axis of one voxel.
    normalised = [(2 * points[:, axis] + 1) / size[axis] - 1 for axis in reversed(range(len(size)))]
    grid = torch.stack(normalised, dim=-1)
    return F.grid_sample(image.to(points.dtype), grid, mode=mode, padding_mode=padding_mode, align_corners=False)


def marked(mask: Tensor) -> Tensor:
    """Of a mask of 0 and 1 that was interpolated, ``(B, 1, *S)``, where it is 1 but for a little: 1 there, else 0.

    So an image that is interpolated in the same way shows there what is marked and hardly anything else.
    """
    return (mask > MARKED).float()


def map_points(affine: np.ndarray, points: Tensor) -> Tensor:
    """Points ``(B, D, *T)`` under an affine map.

    Args:
        affine: ``(D', D + 1)``: the matrix and, as the last column, the translation.
        points: ``(B, D, *T)``.

    Returns:
        ``(B, D', *T)``.
    """
    rows = torch.as_tensor(affine, dtype=points.dtype, device=points.device)
    mapped = rows[:, :-1] @ points.flatten(2) + rows[:, -1:]
    return mapped.unflatten(2, points.shape[2:])


def grid_points(
    spatial_size: Sequence[int],
    affine: np.ndarray,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    """Where the voxels of a grid lie, ``(1, D', *S)`` on ``device``; ``affine`` ``(D', D + 1)`` takes index there."""
    return map_points(affine, identity_grid(spatial_size, dtype=dtype, device=device)[None])
