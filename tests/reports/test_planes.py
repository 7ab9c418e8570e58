"""Planes: every axis is shown, and all that is bright."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from nibabel.orientations import apply_orientation, axcodes2ornt, ornt_transform

from scripts.reports.planes import View, bounding_box, central_views
from support import both_dims

SIZES = {2: (48, 56), 3: (24, 28, 26)}
ORIENTATIONS = [letters for axes in permutations(("LR", "AP", "SI")) for letters in product(*axes)]


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


def displayed(view: View, volume: np.ndarray) -> np.ndarray:
    """The plane as it stands on the page, ``(down, across)``."""
    plane = view.plane(volume)
    return plane[:: -1 if view.flip else 1, :: -1 if view.mirror else 1]


@pytest.mark.parametrize("orientation", ["".join(c) for c in ORIENTATIONS])
def test_a_volume_looks_the_same_however_it_is_stored(orientation: str) -> None:
    """Left on the right of the picture, head up, front up: whatever the order and direction of the array axes."""
    canonical = np.arange(9 * 11 * 13).reshape(9, 11, 13)
    start, end = (axcodes2ornt(code) for code in ("LIA", orientation))
    stored = apply_orientation(canonical, ornt_transform(start, end))
    views = central_views(tuple(slice(0, n) for n in stored.shape), orientation)
    assert [view.name for view in views] == ["sagittal", "coronal", "axial"]
    sagittal, coronal, axial = (displayed(view, stored) for view in views)
    np.testing.assert_array_equal(sagittal, canonical[4])  # down the page inferior, to the right the front
    np.testing.assert_array_equal(coronal, canonical[:, :, 6].T)  # to the right the patient's left
    np.testing.assert_array_equal(axial, canonical[:, 5, ::-1].T)  # the front on top
    assert [view.sides for view in views] == [("P", "A"), ("R", "L"), ("R", "L")]


def test_planes_are_named_only_where_the_orientation_is_known() -> None:
    box = (slice(0, 8), slice(0, 10), slice(0, 12))
    assert [view.label() for view in central_views(box)] == ["axis 2 at 6", "axis 1 at 5", "axis 0 at 4"]
    assert [view.label() for view in central_views(box, "RAS")] == [
        "sagittal, slice 4",
        "coronal, slice 5",
        "axial, slice 6",
    ]
    assert [view.label() for view in central_views(box[:2], "LIA")] == [""]


def test_a_picture_is_as_high_as_its_voxels() -> None:
    box = (slice(0, 10), slice(0, 20))
    assert View(0, 1, False, box).aspect() == 2
    assert View(0, 1, False, box, voxel=(1.0, 3.0)).aspect() == 6
