"""The affine map that is left between two images that nearly agree, in one step."""

from __future__ import annotations

import torch
from torch import Tensor

from .filters import central_difference
from .grids import identity_grid
from .precision import without_autocast

RIDGE = 1e-6  # of the mean of the normal equations' diagonal: where images say nothing, nothing moves


def lucas_kanade(moving: Tensor, fixed: Tensor, weight: Tensor | None = None) -> Tensor:
    """The affine map of least squared difference, as far as the slopes of the moving image tell it.

    One step of Gauss and Newton (Lucas & Kanade, IJCAI 1981; Baker & Matthews, IJCV 56, 2004,
    doi 10.1023/B:VISI.0000011205.11775.fd, with the slopes of the warped image).

    Args:
        moving, fixed: ``(B, C, *S)``; channels are compared one by one.
        weight: of every voxel, ``(B, 1, *S)``. ``None``: 1.

    Returns:
        ``(B, D, D + 1)``, fixed voxel to moving voxel.
    """
    dims = fixed.ndim - 2
    with without_autocast(fixed.device):
        moving, fixed = moving.float(), fixed.float()
        slopes = [central_difference(moving, axis) for axis in range(2, fixed.ndim)]
        missing = fixed - moving
        if weight is not None:
            missing = missing * weight
        points = identity_grid(fixed.shape[2:], device=fixed.device).flatten(1)
        centre = points.mean(1, keepdim=True)
        basis = torch.cat([points - centre, torch.ones_like(points[:1])])  # (D + 1, N)
        pull = torch.stack([(missing * each).sum(1).flatten(1) @ basis.T for each in slopes], 1)
        rows = []
        for first in slopes:
            weighted = first if weight is None else weight * first
            products = [(weighted * second).sum(1).flatten(1) for second in slopes]
            rows.append(torch.stack([(basis * product[:, None]) @ basis.T for product in products], 2))
        normal = torch.stack(rows, 1).flatten(3).flatten(1, 2).double()
        size = dims * (dims + 1)
        ridge = RIDGE * normal.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-30)[:, None, None]
        normal = normal + ridge * torch.eye(size, dtype=normal.dtype, device=normal.device)
        step = torch.linalg.solve(normal, pull.flatten(1).double()).unflatten(1, (dims, dims + 1)).float()
        shift = step[..., -1:] - step[..., :-1] @ centre
        return torch.cat([step[..., :-1], shift], 2) + torch.eye(dims, dims + 1, device=fixed.device)
