"""Fields between resolutions: values are voxels of their own grid, edges stay together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from scripts.spatial import halve_field, identity_grid, upsample_field

FINE_SIZES = [(16, 24), (15, 9), (8, 12, 10), (9, 11, 8)]
all_sizes = pytest.mark.parametrize("size", FINE_SIZES, ids=str)


def coarse_size(size: tuple[int, ...], factor: int) -> tuple[int, ...]:
    return tuple(-(-n // factor) for n in size)


def linear_field(size: tuple[int, ...], factor: int = 1) -> Tensor:
    """A displacement that is linear in space, in voxels of the grid that is ``factor`` times coarser.

    The centre of coarse voxel ``i`` lies at fine coordinate ``factor * i + (factor - 1) / 2``.
    """
    dims = len(size)
    slopes = torch.tensor([[0.3, -0.2, 0.1], [0.05, 0.4, -0.3], [-0.1, 0.2, 0.25]])[:dims, :dims]
    points = factor * identity_grid(size) + (factor - 1) / 2
    return (torch.einsum("ij,j...->i...", slopes, points) + 1.5)[None] / factor


def inside(field: Tensor, margin: int) -> Tensor:
    return field[(..., *(slice(margin, n - margin) for n in field.shape[2:]))]


@all_sizes
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_linear_field_is_upsampled_exactly(size: tuple[int, ...], factor: int) -> None:
    if factor == 3:
        size = tuple(3 * (n // 3) for n in size)  # where 3 and 4 both fit, 4 is meant
    coarse = linear_field(coarse_size(size, factor), factor)
    fine = upsample_field(coarse, size)
    assert fine.shape == (1, len(size), *size)
    # half a coarse voxel at the edge is repeated; where the size is not a multiple, the last one is cut
    torch.testing.assert_close(inside(fine, factor), inside(linear_field(size), factor), atol=1e-4, rtol=0)


@all_sizes
def test_linear_field_is_halved_exactly(size: tuple[int, ...]) -> None:
    halved = halve_field(linear_field(size))
    assert halved.shape == (1, len(size), *coarse_size(size, 2))
    torch.testing.assert_close(inside(halved, 1), inside(linear_field(coarse_size(size, 2), 2), 1), atol=1e-5, rtol=0)


@all_sizes
def test_halved_and_upsampled_is_the_field(size: tuple[int, ...]) -> None:
    again = upsample_field(halve_field(linear_field(size)), size)
    torch.testing.assert_close(inside(again, 3), inside(linear_field(size), 3), atol=1e-4, rtol=0)


@all_sizes
def test_constant_displacement_stays_that_many_fine_voxels(size: tuple[int, ...]) -> None:
    field = torch.full((2, len(size), *size), 3.0)
    halved = halve_field(field)
    torch.testing.assert_close(halved, torch.full_like(halved, 1.5))
    torch.testing.assert_close(upsample_field(halved, size), field)


@all_sizes
def test_halving_averages_blocks(size: tuple[int, ...]) -> None:
    """Each coarse value is the mean of a block of two voxels an axis, over two; an odd edge voxel counts twice."""
    field = torch.rand(1, len(size), *size, generator=torch.Generator().manual_seed(0))
    corner = (0, 0, *(slice(0, 2) for _ in size))
    last = (0, 0, *(slice(n - 2 + n % 2, n) for n in size))
    halved = halve_field(field)
    torch.testing.assert_close(halved[(0, 0, *(0,) * len(size))], field[corner].mean() / 2)
    torch.testing.assert_close(halved[(0, 0, *(-1,) * len(size))], field[last].mean() / 2)


@all_sizes
def test_same_size_is_returned_as_it_is(size: tuple[int, ...]) -> None:
    field = linear_field(size)
    assert upsample_field(field, size) is field


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("size", [(9, 9), (17, 33), (49, 21), (35, 9, 13)], ids=str)
def test_factor_is_the_network_s_power_of_two(size: tuple[int, ...], factor: int) -> None:
    """9 voxels over 3 may be 3 or 4 to 1: a network that halves twice means 4, and its voxels are 4 wide."""
    coarse = torch.ones(1, len(size), *coarse_size(size, factor))
    torch.testing.assert_close(upsample_field(coarse, size), torch.full((1, len(size), *size), float(factor)))


@pytest.mark.parametrize("coarse", [(8, 13), (5, 8), (32, 48), (16, 12)], ids=str)
def test_sizes_without_a_common_factor_are_named(coarse: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"\({coarse[0]}, {coarse[1]}\) has no whole factor to \(16, 24\)"):
        upsample_field(torch.zeros(1, 2, *coarse), (16, 24))
