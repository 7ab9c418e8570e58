"""Objects of which a part lies outside the image: where they go on, what is compared, and that they are found."""

from __future__ import annotations

import numpy as np
import pytest

from ellipsoids import moved, still
from scripts.physical import Grid, PercentileScaling, Prepared, compared, crop
from scripts.physical.affine_search import find_affine
from scripts.physical.intensity import cut_faces
from support import both_dims


def part(array: np.ndarray, axis: int, share: float, first: bool) -> np.ndarray:
    """Without a share of an axis, at its beginning or its end."""
    count = round(share * array.shape[axis])
    return np.delete(array, np.s_[:count] if first else np.s_[-count:], axis=axis)


@both_dims
def test_a_whole_object_goes_on_nowhere(dims: int) -> None:
    scaled = PercentileScaling()(still(dims)[0])
    assert not cut_faces(scaled).any()
    whole = crop(scaled, np.eye(dims + 1))
    assert not whole.is_cut and whole.mask is None


@both_dims
@pytest.mark.parametrize("first", [True, False])
def test_the_face_it_is_cut_at_is_known(dims: int, first: bool) -> None:
    for axis in range(dims):
        scaled = part(PercentileScaling()(still(dims)[0]), axis, 0.4, first)
        expected = np.zeros((dims, 2), bool)
        expected[axis, 0 if first else 1] = True
        np.testing.assert_array_equal(cut_faces(scaled), expected)


def test_specks_on_a_face_are_no_object() -> None:
    scaled = PercentileScaling()(still(2)[0])
    scaled[0, 5:8] = 1.0
    assert not cut_faces(scaled).any()


@both_dims
def test_nothing_is_compared_behind_the_cut(dims: int) -> None:
    scaled = part(PercentileScaling()(still(dims)[0]), 0, 0.4, True)
    image = crop(scaled, np.eye(dims + 1))
    size = tuple(n + 20 for n in scaled.shape)
    around = np.eye(dims + 1)
    around[:-1, -1] = -10
    mask = compared(image, Grid(size, around), np.eye(dims + 1))
    assert mask is not None
    along = mask[0, 0].flatten(1).mean(1).numpy() if dims > 1 else mask[0, 0].numpy()
    assert (along[:10] == 0).all() and (along[10:] == 1).all()


def seen(scaled: np.ndarray, axis: int = 0, shift: int = 0) -> Prepared:
    """Cropped; its first voxel lies ``shift`` mm along an axis."""
    affine = np.eye(scaled.ndim + 1)
    affine[axis, -1] = shift
    return crop(scaled, affine)


@both_dims
def test_part_of_an_object_is_found_in_the_whole(dims: int) -> None:
    """Three fifths of it, by nearly the map of the whole: its own main axes are others, and would turn it."""
    fixed, moving = (PercentileScaling()(image(dims)[0]) for image in (still, moved))
    inside = np.argwhere(fixed > 0.1)[::11].astype(float)
    expected = find_affine(seen(fixed), seen(moving))
    for axis in range(dims):
        count = round(0.4 * moving.shape[axis])
        found = find_affine(seen(fixed), seen(part(moving, axis, 0.4, True), axis, count)) - expected
        apart = inside @ found[:-1, :-1].T + found[:-1, -1]
        assert np.linalg.norm(apart, axis=1).mean() < 1.5


@both_dims
def test_part_of_an_object_that_is_turned_is_found(dims: int) -> None:
    """By ninety degrees, the end of it cut off: then its main axes tell more than anything else."""
    fixed = PercentileScaling()(still(dims)[0])
    turned = np.rot90(fixed)
    expected = find_affine(seen(fixed), seen(turned))
    found = find_affine(seen(fixed), seen(part(turned, 0, 0.25, False))) - expected
    inside = np.argwhere(fixed > 0.1)[::11].astype(float)
    assert crop(part(turned, 0, 0.25, False), np.eye(dims + 1)).is_cut
    assert np.linalg.norm(inside @ found[:-1, :-1].T + found[:-1, -1], axis=1).mean() < 2.0
