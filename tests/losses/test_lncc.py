"""The fast LNCC is MONAI's with stride 1, and behaves with larger strides."""

from __future__ import annotations

import pytest
import torch
from monai.losses import LocalNormalizedCrossCorrelationLoss

from scripts.losses import FastLNCC

SIZES = [(25, 30), (15, 18, 16)]


def images(size: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.rand(2, 1, *size, generator=generator) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_a_loop_over_windows(size: tuple[int, ...]) -> None:
    pred, target = (image[:1] for image in images(size))
    window, epsilon, total = 5, 1e-5, 0.0
    for centre in torch.cartesian_prod(*(torch.arange(n) for n in size)):
        cut = tuple(slice(max(0, int(c) - window // 2), int(c) + window // 2 + 1) for c in centre)
        a, b = pred[0, 0][cut].double(), target[0, 0][cut].double()
        cross = ((a - a.mean()) * (b - b.mean())).mean()
        total += float(cross**2 / (a.var(correction=0) * b.var(correction=0) + epsilon))
    expected = 1 - total / pred.numel()
    assert float(FastLNCC(window, 1, epsilon)(pred, target)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_monai_away_from_the_edges(size: tuple[int, ...]) -> None:
    """MONAI counts zeros outside the image; with a zero margin as wide as a window both see the same."""
    inside = tuple(slice(6, n - 6) for n in size)
    pred, target = (torch.zeros_like(image) for image in images(size))
    for image, values in zip((pred, target), images(size), strict=True):
        image[(..., *inside)] = values[(..., *inside)]
    peer = LocalNormalizedCrossCorrelationLoss(len(size), kernel_size=5, smooth_nr=0, smooth_dr=1e-5)
    # MONAI's variances are sums over the window, so its epsilon is ours times the square of the window's voxels
    ours = FastLNCC(5, 1, epsilon=1e-5 / 5 ** (2 * len(size)))(pred, target)
    assert float(ours) == pytest.approx(1 + float(peer(pred, target)), abs=2e-3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stride", [1, 3])
def test_ignores_contrast_and_sees_misalignment(size: tuple[int, ...], stride: int) -> None:
    image, other = images(size)
    loss = FastLNCC(7, stride)
    assert float(loss(image, image)) == pytest.approx(0, abs=0.01)
    assert float(loss(3 * image + 2, image)) == pytest.approx(0, abs=0.01)
    assert float(loss(image.roll(2, -1), image)) > 0.5
    assert float(loss(other, image)) > 0.5


def test_an_empty_background_has_a_finite_gradient() -> None:
    pred = torch.zeros(1, 1, 20, 20, requires_grad=True)
    FastLNCC(5)(pred, torch.zeros(1, 1, 20, 20)).backward()
    assert pred.grad is not None
    assert torch.isfinite(pred.grad).all()


def test_refuses_even_windows_and_misfits() -> None:
    with pytest.raises(ValueError, match="odd"):
        FastLNCC(8)
    with pytest.raises(ValueError, match="got"):
        FastLNCC()(torch.zeros(1, 1, 9, 9), torch.zeros(1, 1, 9, 8))


@pytest.mark.parametrize("size", SIZES)
def test_computes_in_32_bits_under_autocast(size: tuple[int, ...]) -> None:
    pred, target = images(size)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lowered = FastLNCC(7, 3)(pred, target)
    torch.testing.assert_close(lowered, FastLNCC(7, 3)(pred, target), rtol=0, atol=0)
