"""Growing a batch to a size that can be halved, and back."""

from __future__ import annotations

import pytest
import torch

from scripts.spatial import crop_to, pad_to_multiple


@pytest.mark.parametrize(("size", "padded"), [((5, 8), (8, 8)), ((9, 1), (12, 4)), ((3, 4, 6), (4, 4, 8))], ids=str)
def test_padding_and_cropping(size: tuple[int, ...], padded: tuple[int, ...]) -> None:
    x = torch.rand(1, 2, *size) + 1
    grown = pad_to_multiple(x, 4)
    assert grown.shape == (1, 2, *padded)
    assert torch.equal(crop_to(grown, size), x)
    assert grown.sum() == pytest.approx(float(x.sum()))
    assert pad_to_multiple(grown, 4) is grown
