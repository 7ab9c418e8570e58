"""The affine map that is left between two images, found from their slopes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from scripts.spatial import affine_field, homogeneous, identity_grid, lucas_kanade, warp
from support import both_dims

SIZES = {2: (40, 48), 3: (24, 28, 26)}


def waves(dims: int, affine: Tensor | None = None) -> Tensor:
    """Two channels of smooth waves, seen at the points that a map ``(1, D, D + 1)`` takes the voxels to."""
    points = identity_grid(SIZES[dims]).flatten(1)
    if affine is not None:
        points = affine[0, :, :-1] @ points + affine[0, :, -1:]
    lengths = torch.tensor([5.0, 7.0])[:, None, None] + torch.arange(dims)[:, None]
    return (points / lengths).sin().sum(1).unflatten(1, SIZES[dims])[None]


def small(dims: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.eye(dims) + 0.01 * torch.randn(dims, dims, generator=generator)
    return torch.cat([matrix, 0.4 * torch.randn(dims, 1, generator=generator)], 1)[None]


@both_dims
def test_a_small_map_is_found(dims: int) -> None:
    """In two steps, to a hundredth of a voxel: fixed(x) = moving(A x)."""
    moving, truth = waves(dims), small(dims)
    fixed, found = waves(dims, truth), torch.eye(dims, dims + 1)[None]
    for _ in range(2):
        step = lucas_kanade(waves(dims, found), fixed)
        found = (homogeneous(found) @ homogeneous(step))[:, :-1]
    error = affine_field(found, SIZES[dims]) - affine_field(truth, SIZES[dims])
    assert float(error.abs().max()) < 0.02
    assert float((warp(moving, affine_field(truth, SIZES[dims])) - fixed)[..., 4:-4].abs().mean()) < 0.05


@both_dims
def test_the_same_image_is_not_moved(dims: int) -> None:
    image = waves(dims)
    torch.testing.assert_close(lucas_kanade(image, image), torch.eye(dims, dims + 1)[None])


@both_dims
def test_what_has_no_weight_does_not_pull(dims: int) -> None:
    truth = small(dims)
    fixed, spoilt = waves(dims, truth), waves(dims, truth)
    block = (..., *[slice(8, 16)] * dims)
    spoilt[block] = 3.0
    weight = torch.ones(1, 1, *SIZES[dims])
    weight[block] = 0
    expected, found = (lucas_kanade(waves(dims), image, weight) for image in (fixed, spoilt))
    torch.testing.assert_close(found, expected)
    assert float((lucas_kanade(waves(dims), spoilt) - expected).abs().max()) > 0.01


@both_dims
def test_pairs_of_a_batch_are_found_by_themselves(dims: int) -> None:
    truth = small(dims)
    moving, fixed = waves(dims), waves(dims, truth)
    both = lucas_kanade(torch.cat([moving, fixed]), torch.cat([fixed, moving]))
    torch.testing.assert_close(both, torch.cat([lucas_kanade(moving, fixed), lucas_kanade(fixed, moving)]))


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_flat_image_is_not_moved(value: float) -> None:
    flat = torch.full((1, 1, 12, 14), value)
    torch.testing.assert_close(lucas_kanade(flat, waves(2)[:, :1, :12, :14]), torch.eye(2, 3)[None])
