"""Where points come from: the inverse of a field at single points, as exact as the field itself."""

from __future__ import annotations

import torch
from torch import Tensor

from .jacobian import determinant
from .sample import sample

MOST_STEPS = 50
FIXED_POINT_STEPS = 4
TOLERANCE = 5e-3  # voxels within which a point must be hit


def invert_points(ddf: Tensor, points: Tensor, start: Tensor) -> Tensor:
    """Solve ``x + ddf(x) = points`` for ``x`` by Newton's method, where ``start`` does not solve it yet.

    Some steps of the fixed point iteration come first, which are cheap and solve most points. It converges only where a
    field stretches less than twofold; Newton's steps, shortened until they help, converge where it does not fold. They
    work on the points that are not solved alone.

    Args:
        ddf: displacement in voxels, ``(1, D, *S)``; beyond the grid its edge continues.
        points: voxel coordinates, ``(1, D, *T)``.
        start: a guess of ``x``, ``(1, D, *T)``, for instance from :func:`invert_field`.

    Returns:
        ``x`` ``(1, D, *T)``, of the type of ``points``; where there is no solution, what comes nearest.
    """
    dims = ddf.shape[1]
    ddf = ddf.to(points.dtype)
    goal, found = (_as_list(each, dims) for each in (points, start.clone()))
    error = _error(ddf, found, goal)
    for _ in range(FIXED_POINT_STEPS):
        trial = found - error
        trial_error = _error(ddf, trial, goal)
        better = _length(trial_error) < _length(error)
        found, error = torch.where(better, trial, found), torch.where(better, trial_error, error)
    step = torch.ones_like(error[:, :1])
    for _ in range(MOST_STEPS):
        open_ = (_length(error) > TOLERANCE).flatten()
        if not open_.any():
            break
        x, e, s = found[:, :, open_], error[:, :, open_], step[:, :, open_]
        trial = x - s * _solve(_slopes(ddf, x), e)
        trial_error = _error(ddf, trial, goal[:, :, open_])
        better = _length(trial_error) < _length(e)
        found[:, :, open_] = torch.where(better, trial, x)
        error[:, :, open_] = torch.where(better, trial_error, e)
        step[:, :, open_] = torch.where(better, (2 * s).clamp_max(1), s / 2)
    return found.reshape(points.shape)


def _as_list(points: Tensor, dims: int) -> Tensor:
    """Points ``(1, D, *T)`` as ``(1, D, N, 1[, 1])``, which can be indexed and sampled."""
    return points.reshape(1, dims, -1, *[1] * (dims - 1))


def _length(vectors: Tensor) -> Tensor:
    """``norm(dim=1, keepdim=True)``, which takes a hundred times longer where few channels meet millions of points."""
    return vectors.square().sum(1, keepdim=True).sqrt()


def _error(ddf: Tensor, x: Tensor, goal: Tensor) -> Tensor:
    return x + sample(ddf, x, padding_mode="border") - goal


def _slopes(ddf: Tensor, x: Tensor) -> Tensor:
    """Change of channel ``i`` along axis ``j`` over the voxel around every point, ``(1, D * D, *T)``, ``i`` first."""
    ends = torch.eye(x.shape[1], dtype=x.dtype, device=x.device).reshape(x.shape[1], 1, -1, *[1] * (x.ndim - 2)) / 2
    along = [sample(ddf, x + e, padding_mode="border") - sample(ddf, x - e, padding_mode="border") for e in ends]
    return torch.stack(along, dim=2).flatten(1, 2)


def _solve(slopes: Tensor, error: Tensor) -> Tensor:
    """Cramer's rule for ``(1 + slopes) step = error`` at every point; a folded place is kept from dividing by 0."""
    dims = error.shape[1]
    rows = [[slopes[:, dims * i + j] + (i == j) for j in range(dims)] for i in range(dims)]
    det = determinant(rows)
    det = torch.where(det.abs() < 0.02, torch.copysign(torch.full_like(det, 0.02), det), det)
    steps = []
    for column in range(dims):
        replaced = [[error[:, i] if j == column else rows[i][j] for j in range(dims)] for i in range(dims)]
        steps.append(determinant(replaced) / det)
    return torch.stack(steps, dim=1)
