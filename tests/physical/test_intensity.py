"""One scaling of intensities: what it gives does not depend on unit, offset or the background around an object."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.physical import PercentileScaling, bright_box
from support import both_dims


def head(dims: int, size: int = 40) -> np.ndarray:
    """A bright, textured ball in darkness."""
    points = np.indices((size,) * dims) - (size - 1) / 2
    texture = np.random.default_rng(0).uniform(0.5, 1, (size,) * dims)
    return np.where(np.linalg.norm(points, axis=0) < size / 4, texture, 0.0)


@both_dims
def test_range_and_type(dims: int) -> None:
    for array in (head(dims), (1000 * head(dims)).astype(np.int16), head(dims) - 3):
        scaled = PercentileScaling()(array)
        assert scaled.dtype == np.float32 and scaled.shape == array.shape
        assert scaled.min() == 0 and scaled.max() == 1


@both_dims
def test_unit_and_offset_do_not_matter(dims: int) -> None:
    np.testing.assert_allclose(PercentileScaling()(250 * head(dims) + 17), PercentileScaling()(head(dims)), atol=1e-6)


@both_dims
def test_background_around_does_not_matter(dims: int) -> None:
    wide = np.pad(head(dims), 30)
    inner = tuple(slice(30, -30) for _ in range(dims))
    np.testing.assert_array_equal(PercentileScaling()(wide)[inner], PercentileScaling()(head(dims)))


@both_dims
def test_order_is_kept_and_the_brightest_are_cut(dims: int) -> None:
    array = head(dims)
    scaled = PercentileScaling(high=90)(array)
    assert (np.diff(scaled.ravel()[array.ravel().argsort()]) >= 0).all()
    assert (scaled == 1).sum() == pytest.approx(0.1 * (array > 0).sum(), rel=0.05)


def test_a_small_object_and_a_constant() -> None:
    small = np.zeros((30, 30))
    small[4, 5], small[4, 6] = 2.0, 4.0
    assert PercentileScaling()(small)[4, 6] == 1
    assert not PercentileScaling()(np.full((5, 6), 7.0)).any()


@pytest.mark.parametrize("percentiles", [(-1, 99), (0, 101), (float("nan"), 99)])
def test_percentiles_out_of_range(percentiles: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        PercentileScaling(*percentiles)


def test_one_scaling_is_told_from_another() -> None:
    assert repr(PercentileScaling()) == repr(PercentileScaling(0.5, 98.5)) != repr(PercentileScaling(0.5, 99))


@both_dims
def test_box_is_that_of_the_bright_voxels(dims: int) -> None:
    array = np.zeros((9, 10, 11)[:dims], np.float32)
    array[(slice(2, 5), slice(3, 10), slice(0, 1))[:dims]] = 0.5
    array[(0,) * dims] = 0.04  # background
    first, size = bright_box(array)
    assert first.tolist() == [2, 3, 0][:dims] and size.tolist() == [3, 7, 1][:dims]
    whole = bright_box(np.zeros_like(array))
    assert whole[0].tolist() == [0] * dims and whole[1].tolist() == list(array.shape)
