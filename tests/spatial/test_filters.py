"""Means along axes, against SciPy and by hand."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from scripts.spatial import along_axes, block_means, smooth, window_means
from support import both_dims


def places(size: int) -> Tensor:
    return torch.arange(size, dtype=torch.float32)


@pytest.mark.parametrize(("size", "window", "stride"), [(10, 3, 1), (11, 5, 3), (7, 9, 2)])
def test_matrix_of_windows_cuts_them_at_the_edge(size: int, window: int, stride: int) -> None:
    means = window_means(places(size), window, stride)
    for row, centre in zip(means, range(0, size, stride), strict=True):
        inside = [i for i in range(size) if abs(i - centre) <= window // 2]
        expected = torch.zeros(size)
        expected[inside] = 1 / len(inside)
        torch.testing.assert_close(row, expected)


def test_means_of_a_block_are_those_of_its_two_windows() -> None:
    values = torch.rand(12)
    windows = window_means(places(12), 5) @ values
    torch.testing.assert_close(block_means(places(12), 5) @ values, windows.reshape(6, 2).mean(1))


@both_dims
def test_every_axis_is_multiplied(dims: int) -> None:
    image = torch.rand(2, 3, *(4, 5, 6)[:dims])
    doubled = along_axes(image, lambda along: 2 * torch.eye(len(along)))
    torch.testing.assert_close(doubled, 2**dims * image)


@both_dims
def test_smoothing_is_scipys_away_from_the_edge(dims: int) -> None:
    image = torch.rand(1, 1, *(24, 25, 26)[:dims])
    expected = torch.from_numpy(gaussian_filter(image[0, 0].numpy(), 1.5, truncate=8))
    inside = (slice(10, -10),) * dims
    torch.testing.assert_close(smooth(image, 1.5)[0, 0][inside], expected[inside], rtol=1e-4, atol=1e-5)


@both_dims
def test_smoothing_keeps_a_constant_up_to_the_edge(dims: int) -> None:
    constant = torch.full((1, 2, *(9, 8, 7)[:dims]), 3.0)
    torch.testing.assert_close(smooth(constant, 2.0), constant)


def test_what_is_kept_can_be_used_in_training_after_inference_mode() -> None:
    with torch.inference_mode():
        smooth(torch.rand(1, 1, 13, 13), 0.9)
    image = torch.rand(1, 1, 13, 13, requires_grad=True)
    smooth(image, 0.9).sum().backward()
    assert image.grad is not None
