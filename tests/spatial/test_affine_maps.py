"""Affine maps: as fields, and fitted to points by laws that a closed form must keep."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from scripts.spatial import affine_field, fit_affine, fit_linear, fit_rigid, homogeneous, warp
from scripts.spatial.affine import nearest_rotation
from support import both_dims


def some_affine(dims: int, count: int = 3) -> Tensor:
    """Maps far from the identity, of positive determinant."""
    torch.manual_seed(dims)
    matrix = nearest_rotation(torch.randn(count, dims, dims).double()).float() @ torch.diag(
        torch.linspace(0.6, 1.7, dims)
    )
    return torch.cat([matrix, 10 * torch.randn(count, dims, 1)], dim=2)


def cloud(dims: int, count: int = 3) -> tuple[Tensor, Tensor]:
    torch.manual_seed(7)
    return torch.randn(count, 12, dims), torch.rand(count, 12) + 0.1


def moved(points: Tensor, affine: Tensor) -> Tensor:
    return points @ affine[..., :-1].mT + affine[..., -1:].mT


@both_dims
def test_the_field_is_the_map(dims: int) -> None:
    affine, size = some_affine(dims), (5, 7, 6)[:dims]
    ddf = affine_field(affine, size)
    index = torch.tensor([(3, 4, 2)[:dims]]).float()
    found = index + ddf[(slice(None), slice(None), *(3, 4, 2)[:dims])]
    torch.testing.assert_close(found, moved(index, affine)[:, 0], atol=1e-4, rtol=1e-4)


def test_mixed_precision_does_not_round_the_field() -> None:
    affine = torch.tensor([[[1.01, 0, 0.3], [0, 1.01, 0.3]]])
    with torch.autocast("cpu", torch.bfloat16):
        ddf = affine_field(affine, (64, 64))
    torch.testing.assert_close(ddf, affine_field(affine, (64, 64)))


@both_dims
def test_a_shift_by_whole_voxels_rolls_the_image(dims: int) -> None:
    image = torch.rand(1, 1, *(9, 8, 7)[:dims])
    affine = torch.cat([torch.eye(dims), torch.tensor([[2.0], [1], [3]])[:dims]], dim=1)[None]
    warped = warp(image, affine_field(affine, image.shape[2:]))
    inside = (slice(None), slice(None), *(slice(0, 4),) * dims)
    rolled = image.roll([-2, -1, -3][:dims], list(range(2, dims + 2)))
    torch.testing.assert_close(warped[inside], rolled[inside], atol=1e-4, rtol=1e-4)


@both_dims
def test_a_known_affine_is_found_exactly_whatever_the_weights(dims: int) -> None:
    affine, (points, weights) = some_affine(dims), cloud(dims)
    for fit in (fit_affine, fit_linear):
        torch.testing.assert_close(fit(points, moved(points, affine), weights), affine, atol=1e-4, rtol=1e-4)


@both_dims
def test_the_linear_fit_is_least_squares(dims: int) -> None:
    points, weights = cloud(dims)
    others = moved(points, some_affine(dims)) + torch.randn_like(points)
    rows = torch.cat([points, torch.ones_like(points[..., :1])], 2)
    root = weights.sqrt()[..., None]
    expected = torch.linalg.lstsq(root * rows, root * others).solution.mT
    torch.testing.assert_close(fit_linear(points, others, weights), expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("fit", [fit_affine, fit_rigid])
@both_dims
def test_swapped_points_give_the_inverse(fit: object, dims: int) -> None:
    """Also of points that no map takes to each other."""
    points, weights = cloud(dims)
    others = moved(points, some_affine(dims)) + 0.5 * torch.randn_like(points)
    one, other = (homogeneous(fit(*pair, weights)) for pair in ((points, others), (others, points)))  # type: ignore[operator]
    torch.testing.assert_close(one @ other, torch.eye(dims + 1).expand_as(one), atol=1e-3, rtol=1e-3)


@both_dims
def test_the_fit_follows_what_is_done_to_either_image(dims: int) -> None:
    points, weights = cloud(dims)
    others, affine = points + 0.3 * torch.randn_like(points), some_affine(dims)
    before, after = fit_affine(points, others, weights), fit_affine(points, moved(others, affine), weights)
    together = (homogeneous(affine) @ homogeneous(before))[:, :-1]
    torch.testing.assert_close(after, together, atol=1e-3, rtol=1e-3)


@both_dims
def test_rigid_turns_and_shifts_alone(dims: int) -> None:
    """Also where the points are mirrored: determinant 1, not -1."""
    points, weights = cloud(dims)
    matrix = fit_rigid(points, -points * torch.linspace(1, 2, dims) + 0.1, weights)[..., :-1]
    torch.testing.assert_close(torch.det(matrix), torch.ones(3))
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(dims).expand_as(matrix), atol=1e-5, rtol=0)
    turn = torch.cat([matrix, torch.ones(3, dims, 1)], dim=2)
    torch.testing.assert_close(fit_rigid(points, moved(points, turn), weights), turn, atol=1e-4, rtol=1e-4)


@both_dims
def test_the_gradient_is_right_also_where_singular_values_are_equal(dims: int) -> None:
    torch.manual_seed(1)
    turn = nearest_rotation(torch.randn(1, dims, dims).double())
    for matrix in (turn, turn + 0.2 * torch.randn_like(turn)):
        assert torch.autograd.gradcheck(nearest_rotation, matrix.clone().requires_grad_(), atol=1e-4)


def test_points_in_one_place_have_a_finite_fit() -> None:
    points = torch.ones(1, 5, 2, requires_grad=True)
    found = fit_affine(points, torch.randn(1, 5, 2), torch.ones(1, 5))
    found.sum().backward()
    assert torch.isfinite(found).all() and points.grad is not None and torch.isfinite(points.grad).all()
