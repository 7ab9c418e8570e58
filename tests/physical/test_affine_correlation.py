"""The end of an affine search: where two images of one contrast correlate best."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ellipsoids
from scripts.physical import Prepared, crop
from scripts.physical.affine_correlation import follow_correlation, local_contrast
from scripts.registration.working_grid import working_grid
from support import both_dims


def prepared(image: np.ndarray, mask: np.ndarray | None = None) -> Prepared:
    return crop((image / image.max()).astype(np.float32), np.eye(image.ndim + 1), mask)


def pair(dims: int) -> tuple[Prepared, Prepared, np.ndarray]:
    """A made-up brain, the same one moved, and the true map from the one to the other."""
    size = np.array(ellipsoids.SIZES[dims])
    centre, matrix = (size - 1) / 2, ellipsoids.MATRICES[dims]
    truth = np.eye(dims + 1)
    truth[:-1, :-1], truth[:-1, -1] = matrix, centre + 2.0 - matrix @ centre
    return prepared(ellipsoids.still(dims)[0]), prepared(ellipsoids.moved(dims)[0]), truth


def off(dims: int) -> np.ndarray:
    """A map that is wrong by a voxel or two."""
    wrong = np.eye(dims + 1)
    wrong[0, 1], wrong[:-1, -1] = 0.03, 1.0
    return wrong


def apart(one: np.ndarray, other: np.ndarray, dims: int) -> float:
    """Largest distance of where two maps take the corners of the middle half."""
    size = np.array(ellipsoids.SIZES[dims])
    corners = np.array(np.meshgrid(*[(n / 4, 3 * n / 4) for n in size])).reshape(dims, -1)
    return float(np.linalg.norm((one - other)[:-1, :-1] @ corners + (one - other)[:-1, -1:], axis=0).max())


@both_dims
@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_a_map_that_is_nearly_right_becomes_right(dims: int, spacing: float) -> None:
    fixed, moving, truth = pair(dims)
    start = truth @ off(dims)
    found = follow_correlation(fixed, moving, start, working_grid(fixed, spacing, ()))
    assert apart(start, truth, dims) > 1
    assert apart(found, truth, dims) < 0.15 * spacing


@both_dims
def test_the_truth_is_kept(dims: int) -> None:
    fixed, moving, truth = pair(dims)
    assert apart(follow_correlation(fixed, moving, truth, working_grid(fixed, 1.0, ())), truth, dims) < 0.1
    still = np.eye(dims + 1)
    assert apart(follow_correlation(fixed, fixed, still, working_grid(fixed, 1.0, ())), still, dims) < 1e-3


@both_dims
def test_images_that_do_not_meet_stay_where_they_are(dims: int) -> None:
    fixed, moving, far = *pair(dims)[:2], np.eye(dims + 1)
    far[:-1, -1] = 500
    np.testing.assert_array_equal(follow_correlation(fixed, moving, far, working_grid(fixed, 1.0, ())), far)


@both_dims
def test_two_contrasts_stay_where_they_are(dims: int) -> None:
    """They would be moved to where dark lies on dark."""
    fixed, moving, truth = pair(dims)
    brain = ellipsoids.moved(dims)[0]
    inverted = prepared(brain.max() - brain)
    start = truth @ off(dims)
    grid = working_grid(fixed, 1.0, ())
    assert not np.array_equal(follow_correlation(fixed, moving, start, grid), start)
    np.testing.assert_array_equal(follow_correlation(fixed, inverted, start, grid), start)


@both_dims
def test_what_a_mask_hides_does_not_pull(dims: int) -> None:
    """Half of the fixed brain is another one's, moved away; hidden, it changes nothing."""
    image = ellipsoids.still(dims)[0]
    moved, truth = pair(dims)[1:]
    spoilt, mask = image.copy(), np.ones(image.shape, dtype=bool)
    half = (slice(image.shape[0] // 2, None),)
    spoilt[half], mask[half] = np.roll(image, 4, axis=1)[half], False
    start = truth @ off(dims)
    errors = []
    for masked in (mask, None):
        fixed = prepared(spoilt, masked)
        found = follow_correlation(fixed, moved, start, working_grid(fixed, 1.0, ()))
        errors.append(apart(found, truth, dims))
    assert errors[0] < 0.5 < errors[1]


@both_dims
def test_local_contrast_knows_neither_level_nor_scale(dims: int) -> None:
    image = torch.from_numpy(ellipsoids.still(dims)[0])[None, None] / 800
    seen = local_contrast(image)
    torch.testing.assert_close(local_contrast(image / 2 + 0.4), local_contrast(image / 2), atol=2e-3, rtol=0)
    edges = seen.abs() > 0.5
    assert edges.any()
    torch.testing.assert_close(local_contrast(image / 2)[edges], seen[edges], atol=0, rtol=0.5)
    assert float(local_contrast(torch.full_like(image, 0.7)).abs().max()) < 0.1
