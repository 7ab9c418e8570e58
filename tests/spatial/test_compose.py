"""Composition against warping twice."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from scripts.spatial import compose, identity_grid, warp


@pytest.mark.parametrize("size", [(24, 28), (14, 16, 18)])
def test_order_is_inner_first(size: tuple[int, ...]) -> None:
    """A scaling and a shift do not commute; only the stated order agrees with warping twice."""
    dims = len(size)
    grid = identity_grid(size)[None]
    inner = torch.full_like(grid, 1.5)
    outer = 0.1 * grid
    torch.testing.assert_close(compose(inner, outer), 0.1 * grid + 1.5)
    torch.testing.assert_close(
        compose(0.1 * grid, inner)[(..., *(slice(0, -3),) * dims)],
        (0.1 * (grid + 1.5) + 1.5)[(..., *(slice(0, -3),) * dims)],
    )


@pytest.mark.parametrize("size", [(24, 28), (14, 16, 18)])
def test_warping_once_is_warping_twice(size: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    dims = len(size)
    mode = "bilinear" if dims == 2 else "trilinear"
    smooth = [F.interpolate(torch.randn(1, dims, *[4] * dims), size=size, mode=mode) for _ in range(2)]
    image = F.interpolate(torch.rand(1, 1, *[5] * dims), size=size, mode=mode)
    twice = warp(warp(image, smooth[0]), smooth[1])
    once_field = compose(*smooth)
    inner = (..., *(slice(4, -4),) * dims)
    torch.testing.assert_close(compose(smooth[0], torch.zeros_like(smooth[0])), smooth[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(compose(torch.zeros_like(smooth[1]), smooth[1]), smooth[1])
    error, swapped = (
        (warp(image, field) - twice)[inner].abs().mean() for field in (once_field, compose(*smooth[::-1]))
    )
    assert float(error) < 0.02  # the second interpolation blurs, no more
    assert float(error) < 0.5 * float(swapped)
