"""The force of similarity, against a plain computation voxel by voxel."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from scripts.losses import FastLNCC
from scripts.networks.force import (
    EPSILON,
    FAINT,
    FLAT,
    central_differences,
    difference_force,
    followed,
    similarity_force,
)
from scripts.spatial import smooth, upsample_field, warp
from support import both_dims

SIZES = {2: (12, 14), 3: (8, 10, 12)}


def images(dims: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(1, 1, *SIZES[dims], generator=generator) for _ in range(2))
    return smooth(a, 1.0), smooth(b, 1.0)


def slow_force(a: np.ndarray, b: np.ndarray, window: int, contrast: float) -> tuple[np.ndarray, np.ndarray]:
    """The docstring's formulas with loops."""
    padded = np.pad(a, 1, "edge")
    slope = []
    for k in range(a.ndim):
        inner = tuple(slice(None) if j == k else slice(1, -1) for j in range(a.ndim))
        line = padded[inner]
        slope.append((np.take(line, range(2, a.shape[k] + 2), k) - np.take(line, range(a.shape[k]), k)) / 2)
    reach = window // 2
    force = np.zeros((a.ndim, *(n // 2 for n in a.shape)))
    curvature = np.zeros((1, *force.shape[1:]))
    for block in product(*(range(n // 2) for n in a.shape)):
        voxels = list(product(*((2 * i, 2 * i + 1) for i in block)))
        moments = []
        for image in (a, b, a * a, b * b, a * b):
            windows = [image[tuple(slice(max(i - reach, 0), i + reach + 1) for i in voxel)] for voxel in voxels]
            moments.append(np.mean([part.mean() for part in windows]))
        mean_a, mean_b, aa, bb, ab = moments
        var_a, var_b, cov = aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b
        for k in range(a.ndim):
            pull = np.mean([((b[v] - mean_b) - cov / max(var_a, FLAT) * (a[v] - mean_a)) * slope[k][v] for v in voxels])
            difference = np.mean([(b[v] - a[v]) * slope[k][v] for v in voxels])
            force[(k, *block)] = 2 * cov / (var_a * var_b + EPSILON) * pull + contrast * difference
        steepness = np.mean([sum(part[v] ** 2 for part in slope) for v in voxels])
        change = 2 * cov**2 / (var_a * var_b + EPSILON) / max(var_a, FAINT) + contrast
        curvature[(0, *block)] = change * steepness
    return force, curvature


@both_dims
@pytest.mark.parametrize("contrast", [0.0, 10.0])
def test_force_is_the_formula(dims: int, contrast: float) -> None:
    a, b = images(dims)
    both = slow_force(a[0, 0].double().numpy(), b[0, 0].double().numpy(), 5, contrast)
    for found, expected in zip(similarity_force(a, b, 5, contrast), both, strict=True):
        np.testing.assert_allclose(found[0].double().numpy(), expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


@both_dims
def test_following_the_force_makes_images_more_alike(dims: int) -> None:
    """Of the correlation and of the difference, so that neither sign is wrong."""
    fixed, _ = images(dims)
    shift = torch.zeros(1, dims, *fixed.shape[2:])
    shift[:, 0] = 0.7
    moving = warp(fixed, shift)
    step = upsample_field(followed(*similarity_force(moving, fixed, 5, 0.0)), fixed.shape[2:])
    loss = FastLNCC(5)
    assert loss(warp(moving, 0.2 * step), fixed) < loss(moving, fixed)
    assert torch.nn.functional.mse_loss(warp(moving, 0.2 * step), fixed) < torch.nn.functional.mse_loss(moving, fixed)


@both_dims
def test_the_same_image_is_not_pulled_and_an_empty_one_is_finite(dims: int) -> None:
    a, _ = images(dims)
    usual = similarity_force(a, smooth(a, 1.0), 5, 1.0)[0].abs().max()
    assert similarity_force(a, a, 5, 1.0)[0].abs().max() < 1e-3 * usual
    empty = torch.zeros_like(a)
    assert torch.equal(
        followed(*similarity_force(empty, a, 5, 1.0)), torch.zeros(1, dims, *(n // 2 for n in a.shape[2:]))
    )


@both_dims
def test_steps_are_newtons_where_little_is_left_and_below_a_voxel_where_much_is(dims: int) -> None:
    force = torch.randn(2, dims, *SIZES[dims], generator=torch.Generator().manual_seed(0))
    curvature = torch.rand(2, 1, *SIZES[dims]) + 50
    torch.testing.assert_close(followed(force / 1000, curvature), force / 1000 / (curvature / 2), rtol=1e-2, atol=1e-6)
    far = followed(1e6 * force, curvature)
    assert far.square().sum(1).max() < 1
    torch.testing.assert_close(far, force / force.norm(dim=1, keepdim=True), rtol=1e-3, atol=1e-3)


@both_dims
def test_differences_are_numpys(dims: int) -> None:
    image = torch.rand(1, 1, *SIZES[dims])
    inside = (slice(1, -1),) * dims
    expected = np.stack(np.gradient(image[0, 0].numpy()))
    np.testing.assert_allclose(central_differences(image)[0].numpy()[:, *inside], expected[:, *inside], atol=1e-6)


@both_dims
def test_force_of_a_difference_is_its_gradient(dims: int) -> None:
    """Of the channels' squared differences, by automatic differentiation of the blocks' own displacement."""
    warped, fixed = (torch.cat(images(dims)[::way], 1) for way in (1, -1))
    force, curvature = difference_force(warped, fixed)
    slopes = torch.stack([central_differences(warped[:, k : k + 1]) for k in range(2)], 1)  # (B, C, D, *S)
    move = torch.zeros(1, dims, *(n // 2 for n in warped.shape[2:]), requires_grad=True)
    voxels = move
    for axis in range(2, move.ndim):
        voxels = voxels.repeat_interleave(2, axis)
    moved = warped + (slopes * voxels[:, None]).sum(2)
    (gradient,) = torch.autograd.grad((fixed - moved).square().sum() / 2, move)
    torch.testing.assert_close(force, -gradient / 2**dims, rtol=1e-4, atol=1e-6)
    expected = slopes.square().sum((1, 2), keepdim=True)[:, 0]
    for axis in range(2, expected.ndim):
        expected = expected.unflatten(axis, (-1, 2)).mean(axis + 1)
    torch.testing.assert_close(curvature, expected, rtol=1e-4, atol=1e-6)
