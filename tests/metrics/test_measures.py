"""Measures that need no labels."""

from __future__ import annotations

import pytest
import torch

from scripts.metrics import FoldedFraction, MeanSquaredError

SIZES = [(8, 10), (6, 7, 8)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_folded_fraction_of_every_pair(size: tuple[int, ...]) -> None:
    """No fold; a step of -3 voxels, which folds two rows; everything turned inside out."""
    ddf = torch.zeros(3, len(size), *size)
    ddf[1, 0, 3:] = -3.0
    ddf[2, 0] = -2.0 * torch.arange(size[0]).view(-1, *(1,) * (len(size) - 1))
    assert FoldedFraction()({"ddf": ddf}, {}).tolist() == pytest.approx([0, 2 / size[0], 1])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_mean_squared_error_of_every_pair(size: tuple[int, ...]) -> None:
    warped, fixed = torch.zeros(2, 1, *size), torch.zeros(2, 1, *size)
    warped[0, :, 0], fixed[1] = 2.0, -0.5
    found = MeanSquaredError()({"warped": warped}, {"fixed": fixed})
    assert found.tolist() == pytest.approx([4 / size[0], 0.25])
