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
        moving, missing = moving.float(), (fixed.float() - moving.float()).flatten(2)
        slopes = torch.stack([central_difference(moving, axis) for axis in range(2, fixed.ndim)], 1).flatten(3)
        weighted = slopes if weight is None else slopes * weight.flatten(2)[:, None]
        points = identity_grid(fixed.shape[2:], device=fixed.device).flatten(1)
        centre = points.mean(1, keepdim=True)
        basis = torch.cat([points - centre, torch.ones_like(points[:1])])  # (D + 1, N)
        pull = torch.einsum("bdcn,bcn->bdn", weighted, missing) @ basis.T
        steepness = torch.einsum("bdcn,becn->bden", weighted, slopes)
        normal = torch.einsum("bden,in,jn->bdiej", steepness, basis, basis)
        step = _solved(normal.flatten(3).flatten(1, 2), pull.flatten(1)).unflatten(1, (dims, dims + 1))
        shift = step[..., -1:] - step[..., :-1] @ centre
        return torch.cat([step[..., :-1], shift], 2) + torch.eye(dims, dims + 1, device=fixed.device)


def _solved(normal: Tensor, pull: Tensor) -> Tensor:
    """``(B, K)``, 32-bit, of normal equations ``(B, K, K)`` and ``(B, K)``."""
    normal, pull = normal.double(), pull.double()
    ridge = RIDGE * normal.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-30)
    return torch.linalg.solve(normal + torch.diag_embed(ridge[:, None].expand_as(pull)), pull).float()
