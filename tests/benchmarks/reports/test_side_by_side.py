"""Methods side by side on one pair whose structures are known, in 2-D and 3-D."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reports.side_by_side import (
    SavedPair,
    choose_structure,
    enlarged,
    read_pair,
    save_field_figure,
    save_method_figure,
    structure_view,
)
from scripts.errors import InputError
from scripts.reports.panels import FIXED_COLOUR, FOLDED_COLOUR, GRID_COLOUR, OWN_COLOUR
from support import Picture, coloured

SIZES = [(40, 48), (24, 28, 20)]


def label_map(size: tuple[int, ...], shift: int) -> np.ndarray:
    """Label 1, large, never moves; label 2 lies ``shift`` further on; label 3 is one voxel, too small to be seen."""
    label = np.zeros(size, np.int32)
    label[(slice(2, 10), slice(2, 10), *(slice(None),) * (len(size) - 2))] = 1
    label[(slice(12 + shift, 18 + shift), slice(14, 20), *(slice(10, 16),) * (len(size) - 2))] = 2
    label[(-1,) * len(size)] = 3
    return label


def pair(size: tuple[int, ...], left: int) -> SavedPair:
    """The moving structure is 4 voxels off; this method leaves it ``left`` voxels off."""
    fixed, moving, warped = (label_map(size, shift) for shift in (0, 4, left))
    noise = np.random.default_rng(0).random(size) * 0.2
    images = [np.minimum(label, 2) / 2 + 0.1 * (label == 0) + noise for label in (fixed, moving, warped)]
    return SavedPair(*images, fixed, moving, warped, np.zeros((len(size), *size), np.float32))


@pytest.mark.parametrize("size", SIZES)
def test_the_structure_that_the_methods_improve_is_chosen(size: tuple[int, ...]) -> None:
    assert choose_structure([pair(size, 2), pair(size, 0)]) == 2


def test_a_wide_structure_is_enlarged_where_there_is_no_other() -> None:
    moving, fixed = np.zeros((40, 48), np.int32), np.zeros((40, 48), np.int32)
    moving[2:30, 4:40], fixed[10:38, 4:40] = 5, 5
    saved = replace(pair((40, 48), 0), moving_label=moving, fixed_label=fixed, warped_label=fixed)
    assert choose_structure([saved]) == 5
    moving[:2, 20:30], fixed[:3, 22:32] = 7, 7  # gains less
    assert choose_structure([replace(saved, moving_label=moving, fixed_label=fixed)]) == 7


def test_a_pair_without_common_labels_has_no_structure() -> None:
    nothing = replace(pair((40, 48), 0), moving_label=np.zeros((40, 48), np.int32))
    with pytest.raises(InputError, match="no label"):
        choose_structure([nothing])


@pytest.mark.parametrize("size", SIZES)
def test_the_enlarged_plane_shows_the_whole_structure_of_every_image(size: tuple[int, ...]) -> None:
    saved = pair(size, 2)
    view = structure_view(saved, 2)
    masks = [label == 2 for label in (saved.fixed_label, saved.moving_label)]
    close = enlarged(view, masks)
    for mask in masks:
        assert close.plane(mask).sum() == view.plane(mask, crop=False).sum() > 0
    height, width = close.plane(saved.fixed).shape
    assert height == width < max(size) / 1.2


def columns_with(pixels: np.ndarray, colour: str, count: int) -> list[bool]:
    """Which of the ``count`` columns of panels show a colour."""
    return [bool(part.any()) for part in np.array_split(coloured(pixels, colour), count, axis=1)]


@pytest.mark.parametrize("size", SIZES)
def test_every_image_has_its_outlines(size: tuple[int, ...], tmp_path: Path, picture: Picture) -> None:
    """Moving, fixed, worse, better: the better one's own outline covers that of the fixed image."""
    methods = {"worse": pair(size, 2), "better": pair(size, 0)}
    save_method_figure(tmp_path / "methods.png", methods, 2, "the structure", "title")
    pixels = picture(tmp_path / "methods.png")
    assert columns_with(pixels, FIXED_COLOUR, 4) == [True, True, True, False]
    assert columns_with(pixels, OWN_COLOUR, 4) == [True, False, True, True]


@pytest.mark.parametrize("size", SIZES)
def test_what_folds_is_seen_in_the_method_that_folds(size: tuple[int, ...], tmp_path: Path, picture: Picture) -> None:
    methods = {"worse": pair(size, 2), "better": pair(size, 0)}
    jac_dets = {name: np.ones(size) for name in methods}
    jac_dets["worse"][(slice(4, -4),) * len(size)] = -1
    save_field_figure(tmp_path / "fields.png", methods, jac_dets, dict.fromkeys(methods, "caption"))
    panels = picture(tmp_path / "fields.png")[:-60]  # without the colour bar
    assert columns_with(panels, GRID_COLOUR, 2) == [True, True]
    assert columns_with(panels, FOLDED_COLOUR, 2) == [True, False]


def test_a_saved_pair_comes_back_and_another_file_is_refused(tmp_path: Path) -> None:
    saved = pair((40, 48), 1)
    np.savez_compressed(tmp_path / "pair.npz", **saved.__dict__)
    np.testing.assert_array_equal(read_pair(tmp_path / "pair.npz").warped_label, saved.warped_label)
    np.savez_compressed(tmp_path / "part.npz", fixed=saved.fixed)
    for name in ("part.npz", "absent.npz"):
        with pytest.raises(InputError, match=name):
            read_pair(tmp_path / name)
