"""Planes: every axis is shown, and all that is bright."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.reports.planes import bounding_box, central_views
from support import both_dims

SIZES = {2: (48, 56), 3: (24, 28, 26)}


@pytest.mark.parametrize(("dims", "planes"), [(2, 1), (3, 3)])
def test_views_show_every_axis(dims: int, planes: int) -> None:
    box = tuple(slice(2, n - 2) for n in SIZES[dims])
    views = central_views(box)
    assert len(views) == planes
    volume = np.arange(np.prod(SIZES[dims])).reshape(SIZES[dims])
    for view in views:
        plane = view.plane(volume)
        assert plane.shape == (SIZES[dims][view.down] - 4, SIZES[dims][view.across] - 4)
        assert view.aspect() == pytest.approx(plane.shape[0] / plane.shape[1])
        index = [view.position(axis) if axis in view.cut_axes() else 2 for axis in range(dims)]
        assert plane[0, 0] == volume[tuple(index)]
        across = list(index)
        across[view.across] += 1
        assert plane[0, 1] == volume[tuple(across)]


@both_dims
def test_bounding_box_holds_what_is_bright(dims: int) -> None:
    images = [np.zeros(SIZES[dims]) for _ in range(2)]
    images[0][(10,) * dims], images[1][(14,) * dims] = 1.0, 2.0
    assert bounding_box(images, margin=3) == (slice(7, 18),) * dims
    assert bounding_box(images, margin=99) == tuple(slice(0, n) for n in SIZES[dims])
    assert bounding_box([np.ones(SIZES[dims])]) == tuple(slice(0, n) for n in SIZES[dims])
