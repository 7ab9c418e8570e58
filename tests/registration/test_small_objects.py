"""Objects of a few voxels, faint ones, and grids too coarse for what is there: registered, or refused in a sentence."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from phantom import with_field, write
from scripts.errors import InputError
from scripts.registration import register_files
from support import assert_one_sentence, both_dims

pytestmark = pytest.mark.usefixtures("no_picture")
SHIFT = 3  # voxels


def cube(dims: int, width: int, shift: int = 0) -> np.ndarray:
    """A bright cube in darkness, brighter towards one corner: less than 0.5 % of the image."""
    image = np.zeros((64, 32, 32)[:dims] if dims == 3 else (180, 180), np.float32)
    inside = tuple(slice(size // 2 + shift, size // 2 + shift + width) for size in image.shape)
    image[inside] = 100 + np.indices((width,) * dims).sum(axis=0)
    return image


@both_dims
@pytest.mark.parametrize("width", [1, 2, 4, 6])
def test_a_small_object_is_found(dims: int, width: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fixed, moving = (
        str(write(tmp_path / f"{name}.nii.gz", cube(dims, width, shift), np.eye(4)))
        for name, shift in (("fixed", 0), ("moving", SHIFT))
    )
    assert 0 < np.count_nonzero(cube(dims, width)) < 0.005 * cube(dims, width).size
    with caplog.at_level(logging.WARNING):
        result = with_field(0, affine=True, spacing=None)(fixed, moving)
    assert caplog.text == ""
    centre = np.array([*(np.array(cube(dims, width).shape) // 2 + (width - 1) / 2), 1])
    start, target = (result.pair.frame.coordinates(image.geometry) for image in (result.fixed, result.moving))
    there = target @ (centre + np.array([SHIFT] * dims + [0]))
    np.testing.assert_allclose(result.deformation.affine @ start @ centre, there, atol=0.5)
    assert result.report["similarity"]["affine"]["correlation"] > 0.9


@pytest.mark.parametrize("rows", [4, 20], ids=["cut out", "alone"])
def test_a_strip_keeps_its_thin_side(rows: int, tmp_path: Path) -> None:
    """A grid as coarse as its length asks for would show nothing of it; cut out, it is registered or doubted."""
    texture = np.zeros((rows, 1500), np.float32)
    middle = slice(rows // 2 - 2, rows // 2 + 2)
    texture[middle, 100:1400] = 0.5 + gaussian_filter(np.random.default_rng(0).standard_normal((4, 1300)), (0, 8))
    fixed, moving = (
        str(write(tmp_path / f"{name}.nii.gz", np.roll(texture, shift, 1), np.eye(4)))
        for name, shift in (("fixed", 0), ("moving", SHIFT))
    )
    result = with_field(0, affine=True, spacing=None)(fixed, moving)
    assert result.seen.grid.spacing.tolist() == [1, 1]
    registered = result.report["similarity"]["affine"]["correlation"] > 0.9
    assert registered or (rows == 4 and result.report["verdict"]["doubtful"])


@pytest.mark.parametrize("spacing", [100.0, 1000.0, 1e30])
def test_a_grid_that_shows_nothing_is_refused(spacing: float, tmp_path: Path) -> None:
    path = str(write(tmp_path / "image.nii.gz", cube(2, 12), np.eye(4)))
    with pytest.raises(InputError, match=r"too large for its object; give a smaller --spacing\.$") as caught:
        register_files(with_field(affine=True, spacing=spacing), str(tmp_path / "out"), path, path)
    assert_one_sentence(str(caught.value), path)
    assert not (tmp_path / "out").exists()
