"""What is prepared for comparison: the object amid background, or all there is of what was cut out of more."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from scripts.physical import Grid, Prepared, crop, is_cut_out, resample
from scripts.physical.affine_search import find_affine
from scripts.registration import AffineStage
from scripts.registration.deformation import Deformation
from scripts.registration.working_grid import working_grid
from support import both_dims

SIZES = {2: (40, 48), 3: (30, 36, 32)}


def texture(dims: int) -> np.ndarray:
    """Tissue everywhere, larger than :data:`SIZES` by ten voxels an axis."""
    noise = np.random.default_rng(0).normal(size=[n + 10 for n in SIZES[dims]])
    smooth = gaussian_filter(noise, 3)
    return (0.2 + 0.8 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def cut(dims: int, start: int) -> Prepared:
    window = tuple(slice(start, start + n) for n in SIZES[dims])
    return crop(texture(dims)[window], np.eye(dims + 1))


@both_dims
def test_nothing_is_put_around_what_is_cut_out_of_more(dims: int) -> None:
    part = cut(dims, 0)
    assert part.is_cut_out and part.grid.size == SIZES[dims]
    beyond = Grid(SIZES[dims], np.eye(dims + 1))
    beyond.affine[0, -1] = -5
    seen = resample(part, beyond, np.eye(dims + 1))
    torch.testing.assert_close(seen[:, :, :5], part.values[:, :, :1].expand_as(seen[:, :, :5]), atol=1e-5, rtol=0)


@both_dims
def test_background_lies_around_an_object(dims: int) -> None:
    array = np.zeros(SIZES[dims], dtype=np.float32)
    array[(slice(0, 15),) * dims] = 1  # touches the border
    assert not is_cut_out(array)
    part = crop(array, np.eye(dims + 1))
    assert not part.is_cut_out and part.grid.size == (21,) * dims  # two and a half voxels an axis, and a half
    assert part.values[:, :, 0].max() == 0


@both_dims
def test_parts_cut_out_elsewhere_are_found_by_what_both_show(dims: int) -> None:
    """Both borders would fit best where they are; the tissue is five voxels off."""
    fixed, moving = cut(dims, 0), cut(dims, 5)
    grid = working_grid(fixed, 1.0, SIZES[dims])
    found = AffineStage()(fixed, moving, Deformation.none(grid)).affine
    corners = np.array(SIZES[dims]) / 2
    np.testing.assert_allclose((found @ np.append(corners, 1))[:-1], corners - 5, atol=0.5)


@both_dims
def test_a_coarser_one_lies_where_it_lay(dims: int) -> None:
    part = cut(dims, 0)
    coarse = part.coarser(2.0)
    assert coarse.grid.size == tuple(n // 2 for n in SIZES[dims]) and coarse.is_cut_out
    np.testing.assert_allclose(coarse.grid.affine[:-1, -1], 0.5)
    assert part.coarser(1.0).grid.size == SIZES[dims]
    found = find_affine(part, coarse)
    corners = np.array(SIZES[dims]) / 2
    np.testing.assert_allclose((found @ np.append(corners, 1))[:-1], corners, atol=0.3)
