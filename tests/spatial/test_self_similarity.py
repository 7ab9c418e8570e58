"""The self-similarity context is that of its paper, and no contrast changes it."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
import torch.nn.functional as F

from scripts.spatial import self_similarity
from support import smooth_image

SIZES = [(24, 30), (16, 18, 14)]
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


@each_size
def test_agrees_with_the_definition_at_a_voxel(size: tuple[int, ...]) -> None:
    """Patch by patch, as in the paper, at a voxel so far inside that no edge is seen."""
    image = smooth_image(size).double()
    dims, centre = len(size), [n // 2 for n in size]
    neighbours = [(axis, 2 * step) for axis in range(dims) for step in (-1, 1)]

    def patch(axis: int, shift: int) -> torch.Tensor:
        starts = [c + shift * (k == axis) for k, c in enumerate(centre)]
        return image[(0, 0, *(slice(s - 1, s + 2) for s in starts))]

    pairs = [(a, b) for a, b in combinations(neighbours, 2) if a[0] != b[0]]
    unlike = torch.stack([(patch(*a) - patch(*b)).square().mean() for a, b in pairs])
    unlike -= unlike.min()
    context = self_similarity(image.float(), radius=1, distance=2)
    assert context.shape == (1, {2: 4, 3: 12}[dims], *size)
    torch.testing.assert_close(
        context[(0, slice(None), *centre)].double(), torch.exp(-unlike / unlike.mean()), atol=1e-4, rtol=0
    )


@each_size
def test_inverted_and_stretched_contrast_is_the_same(size: tuple[int, ...]) -> None:
    image = smooth_image(size)
    for other in (1 - image, 5 * image - 2):
        torch.testing.assert_close(self_similarity(other, 1, 2), self_similarity(image, 1, 2), atol=1e-3, rtol=0)


def test_an_image_of_one_intensity_is_alike_everywhere() -> None:
    assert torch.equal(self_similarity(torch.full((1, 1, 8, 8), 0.5), 1, 1), torch.ones(1, 4, 8, 8))


@each_size
def test_beyond_its_edge_an_image_is_as_at_its_edge(size: tuple[int, ...]) -> None:
    image, margin = smooth_image(size), 6
    wider = F.pad(image, [margin] * 2 * len(size), mode="replicate")
    inside = (..., *[slice(margin, -margin)] * len(size))
    torch.testing.assert_close(self_similarity(wider, 1, 2)[inside], self_similarity(image, 1, 2), atol=1e-3, rtol=0)
