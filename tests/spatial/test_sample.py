"""Reading images at points, affine maps of points, inverses at points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from scripts.spatial import grid_points, identity_grid, invert_field, invert_points, map_points, sample, warp

SIZES = [(17, 20), (11, 12, 13)]
MODES = {2: "bicubic", 3: "trilinear"}


def smooth(size: tuple[int, ...], amplitude: float) -> Tensor:
    torch.manual_seed(1)
    dims = len(size)
    field = F.interpolate(torch.randn(1, dims, *[4] * dims), size=size, mode=MODES[dims], align_corners=True)
    return amplitude * field


@pytest.mark.parametrize("size", SIZES)
def test_at_displaced_voxels_it_is_warp(size: tuple[int, ...]) -> None:
    image, ddf = torch.rand(1, 2, *size), smooth(size, 2)
    points = identity_grid(size)[None] + ddf
    for mode in ("bilinear", "nearest"):
        torch.testing.assert_close(sample(image, points, mode, "border"), warp(image, ddf, mode), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_linear_image_is_read_exactly_anywhere(size: tuple[int, ...]) -> None:
    """An image that is its own coordinate has the point's coordinate for a value, also on another grid."""
    image = identity_grid(size, dtype=torch.float64)[None]
    points = torch.rand(1, len(size), *[5] * len(size), dtype=torch.float64)
    points = points * (torch.tensor(size).reshape(1, -1, *[1] * len(size)) - 1)
    torch.testing.assert_close(sample(image, points), points)


def test_axis_of_one_voxel() -> None:
    image = torch.arange(6.0).reshape(1, 1, 6, 1)
    points = torch.tensor([[2.0, 3.5], [0, 0]]).reshape(1, 2, 2, 1)
    torch.testing.assert_close(sample(image, points).flatten(), torch.tensor([2.0, 3.5]))


def test_wrong_number_of_channels() -> None:
    with pytest.raises(ValueError, match="2 channels"):
        sample(torch.rand(1, 1, 4, 4), torch.zeros(1, 3, 4, 4))


@pytest.mark.parametrize("size", SIZES)
def test_affine_points(size: tuple[int, ...]) -> None:
    rng, dims = np.random.default_rng(0), len(size)
    affine = rng.normal(size=(3, dims + 1))
    points = grid_points(size, affine)
    index = np.array([n // 2 for n in size])
    np.testing.assert_allclose(points[(0, slice(None), *index)], affine @ np.append(index, 1))
    inner, outer = (np.vstack([rng.normal(size=(dims, dims + 1)), np.eye(dims + 1)[-1]]) for _ in range(2))
    twice = map_points(outer[:-1], grid_points(size, inner[:-1]))
    torch.testing.assert_close(twice, grid_points(size, (outer @ inner)[:-1]))


@pytest.mark.parametrize("size", SIZES)
def test_inverse_at_points_solves_the_equation(size: tuple[int, ...]) -> None:
    """Where the fixed point iteration fails, on a field that stretches fourfold, Newton's steps still arrive."""
    dims = len(size)
    centre = torch.tensor([(n - 1) / 2 for n in size]).reshape(1, -1, *[1] * dims)
    grid = identity_grid(size)[None]
    ddf = 3.0 * (grid - centre) + smooth(size, 0.3)
    points = grid
    exact = invert_points(ddf, points, points + invert_field(ddf))
    inside = (..., *[slice(2, n - 2) for n in size])
    error = (exact + sample(ddf, exact, padding_mode="border") - points)[inside]
    assert float(error.abs().max()) < 0.006
    rough = points + invert_field(ddf)
    assert float((rough + sample(ddf, rough, padding_mode="border") - points)[inside].abs().max()) > 0.05


@pytest.mark.parametrize("size", SIZES)
def test_inverse_of_a_shift(size: tuple[int, ...]) -> None:
    ddf = torch.full((1, len(size), *size), 1.75)
    points = identity_grid(size)[None]
    torch.testing.assert_close(invert_points(ddf, points, points.clone()), points - 1.75)


@pytest.mark.parametrize("size", SIZES)
def test_folded_field_gives_finite_points(size: tuple[int, ...]) -> None:
    points = identity_grid(size)[None]
    assert torch.isfinite(invert_points(smooth(size, 20), points, points.clone())).all()
