"""What is measured of a field alone."""

from __future__ import annotations

import pytest
import torch

from scripts.metrics import FoldedFraction

SIZES = [(8, 10), (6, 7, 8)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_folded_fraction_of_every_pair(size: tuple[int, ...]) -> None:
    """No fold; a step of -3 voxels, which folds two rows; everything turned inside out."""
    ddf = torch.zeros(3, len(size), *size)
    ddf[1, 0, 3:] = -3.0
    ddf[2, 0] = -2.0 * torch.arange(size[0]).view(-1, *(1,) * (len(size) - 1))
    assert FoldedFraction()({"ddf": ddf}, {}).tolist() == pytest.approx([0, 2 / size[0], 1])
