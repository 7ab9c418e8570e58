"""Affine maps of voxels, kept as matrices: as fields, inverted, composed, and fitted to pairs of points."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .grids import identity_grid
from .precision import without_autocast

RIDGE = 1e-9  # of the points' spread: points on a line or all in one place have a fit, too
AMBIGUOUS = 0.02  # of the first singular value: where a rotation is not determined, its gradient stays finite


def affine_field(affine: Tensor, spatial_size: Sequence[int]) -> Tensor:
    """The displacement field of an affine map.

    Args:
        affine: ``(B, D, D + 1)``, fixed voxel to moving voxel.
        spatial_size: of the fixed grid, ``S``.

    Returns:
        ``(B, D, *S)`` in voxels: x + ddf(x) is the map of x.
    """
    with without_autocast(affine.device):
        points = identity_grid(spatial_size, dtype=affine.dtype, device=affine.device).flatten(1)
        return (affine[..., :-1] @ points + affine[..., -1:] - points).unflatten(-1, tuple(spatial_size))


def homogeneous(affine: Tensor) -> Tensor:
    """``(B, D + 1, D + 1)``: the map with its last row, so that maps are composed and inverted as matrices are."""
    last = torch.zeros_like(affine[:, :1])
    last[..., -1] = 1
    return torch.cat([affine, last], dim=1)


def fit_affine(fixed: Tensor, moving: Tensor, weights: Tensor) -> Tensor:
    """The affine map that takes weighted points to others, in closed form and symmetric.

    Both clouds of points are brought to the origin and to the identity as their covariance; what is then left between
    them is a rotation, which the orthogonal Procrustes problem gives (Schonemann, Psychometrika 31, 1966,
    doi 10.1007/BF02289451). Points that are an affine map of each other give that map, whatever the weights; with
    errors in both, neither side is taken for the true one, as in least squares: swapped points give the inverse.
    Differentiable.

    Args:
        fixed, moving: ``(B, K, D)``, K > D.
        weights: ``(B, K)``, positive.

    Returns:
        ``(B, D, D + 1)``, float32.
    """
    with without_autocast(fixed.device):
        share = (weights / weights.sum(1, keepdim=True))[..., None].double()
        (centre, root), (moving_centre, moving_root) = (_whitening(p.double(), share) for p in (fixed, moving))
        offsets, moving_offsets = fixed.double() - centre, moving.double() - moving_centre
        crossed = (share * moving_offsets).mT @ offsets
        white = torch.linalg.solve(moving_root, torch.linalg.solve(root, crossed.mT).mT)
        matrix = moving_root @ nearest_rotation(white) @ torch.linalg.inv(root)
        return _with_centres(matrix, centre, moving_centre)


def fit_rigid(fixed: Tensor, moving: Tensor, weights: Tensor) -> Tensor:
    """The rotation and shift that take weighted points nearest to others (Kabsch, Acta Cryst. A32, 1976).

    Args:
        fixed, moving: ``(B, K, D)``, K >= D, in voxels that are cubes.
        weights: ``(B, K)``, positive.

    Returns:
        ``(B, D, D + 1)``, float32, its matrix of determinant 1; swapped points give the inverse.
    """
    with without_autocast(fixed.device):
        share = (weights / weights.sum(1, keepdim=True))[..., None].double()
        centre, moving_centre = ((share * p.double()).sum(1, keepdim=True) for p in (fixed, moving))
        crossed = (share * (moving.double() - moving_centre)).mT @ (fixed.double() - centre)
        return _with_centres(nearest_rotation(crossed), centre, moving_centre)


def fit_linear(fixed: Tensor, moving: Tensor, weights: Tensor) -> Tensor:
    """The affine map that takes weighted points nearest to others, in closed form: least squares of the errors there.

    The first points are taken for exact, as those of a model are. Linear in the others.

    Args:
        fixed, moving: ``(B, K, D)``, K > D.
        weights: ``(B, K)``, at least 0.

    Returns:
        ``(B, D, D + 1)``, float32.
    """
    with without_autocast(fixed.device):
        share = (weights / weights.sum(1, keepdim=True))[..., None].double()
        centre, moving_centre = ((share * p.double()).sum(1, keepdim=True) for p in (fixed, moving))
        offsets = fixed.double() - centre
        crossed = (share * offsets).mT @ (moving.double() - moving_centre)
        matrix = torch.linalg.solve(_covariance(offsets, share), crossed).mT
        return _with_centres(matrix, centre, moving_centre)


def _whitening(points: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted centre ``(B, 1, D)``, and the Cholesky root of the weighted covariance ``(B, D, D)``."""
    centre = (share * points).sum(1, keepdim=True)
    root: Tensor = torch.linalg.cholesky(_covariance(points - centre, share))
    return centre, root


def _covariance(offsets: Tensor, share: Tensor) -> Tensor:
    """Of weighted offsets ``(B, K, D)`` from their centre, ``(B, D, D)``; it can be inverted."""
    covariance = (share * offsets).mT @ offsets
    spread = covariance.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    return covariance + (RIDGE * spread + RIDGE**2) * torch.eye(
        offsets.shape[2], dtype=offsets.dtype, device=offsets.device
    )


def nearest_rotation(matrix: Tensor) -> Tensor:
    """The rotation nearest to a matrix ``(B, D, D)`` (orthogonal Procrustes, of determinant 1).

    By singular values. Their own derivative is infinite where two are equal, which is what good points have; that of
    the rotation is not: with R the rotation and S = R^T M symmetric, a change dM turns R by the antisymmetric W of
    W S + S W = R^T dM - dM^T R, which is solved here in the eigenvectors of S.
    """
    with torch.no_grad():
        left, values, right = torch.linalg.svd(matrix)
        sign = torch.ones_like(values)
        sign[:, -1] = torch.sign(torch.det(left @ right))
        rotation = left @ (sign[..., None] * right)
        signed = sign * values
        sums = (signed[:, :, None] + signed[:, None]).clamp_min(1e-12).clamp_min(AMBIGUOUS * values[:, :1, None])
    turned = right @ (rotation.mT @ matrix) @ right.mT
    return rotation + rotation @ right.mT @ ((turned - turned.mT) / sums) @ right


def _with_centres(matrix: Tensor, centre: Tensor, moving_centre: Tensor) -> Tensor:
    """``(B, D, D + 1)`` of a matrix and the points ``(B, 1, D)`` that it takes to each other."""
    shift = moving_centre.mT - matrix @ centre.mT
    return torch.cat([matrix, shift], dim=2).float()
