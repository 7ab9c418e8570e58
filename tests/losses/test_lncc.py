"""Local correlation against its definition and against MONAI's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from monai.losses import LocalNormalizedCrossCorrelationLoss
from torch import Tensor

from scripts.losses import FastLNCC

SIZES = [(20, 23), (11, 12, 13)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def two_images(size: tuple[int, ...], batch: int = 2) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    first = torch.rand(batch, 1, *size, generator=random)
    return first, 0.6 * first + 0.4 * torch.rand(batch, 1, *size, generator=random)


def by_definition(first: Tensor, second: Tensor, window: int, stride: int, epsilon: float) -> float:
    """The squared correlation coefficient of every window, cut at the edge, in NumPy and 64 bits."""
    values = []
    for a, b in zip(first[:, 0].double().numpy(), second[:, 0].double().numpy(), strict=True):
        for centre in itertools.product(*(range(0, n, stride) for n in a.shape)):
            box = tuple(slice(max(0, c - window // 2), c + window // 2 + 1) for c in centre)
            p, q = a[box], b[box]
            cross = ((p - p.mean()) * (q - q.mean())).mean()
            values.append(cross**2 / (p.var() * q.var() + epsilon))
    return 1 - float(np.mean(values))


@all_sizes
@pytest.mark.parametrize(("window", "stride"), [(3, 1), (5, 1), (5, 2), (7, 3), (9, 4)])
def test_is_its_definition(size: tuple[int, ...], window: int, stride: int) -> None:
    first, second = two_images(size)
    expected = by_definition(first, second, window, stride, 1e-5)
    assert float(FastLNCC(window, stride)(first, second)) == pytest.approx(expected, abs=1e-4)


@all_sizes
def test_is_monai_s_where_no_window_is_cut(size: tuple[int, ...]) -> None:
    """MONAI pads with zeros at the edge, so images with a dark edge are compared; it averages over empty windows too."""
    window, pad = 5, 4
    images = [torch.nn.functional.pad(x, [pad] * 2 * len(size)) for x in two_images(size)]
    monai = LocalNormalizedCrossCorrelationLoss(len(size), window, smooth_nr=0, smooth_dr=1e-7)(*images) + 1
    assert float(FastLNCC(window, epsilon=1e-12)(*images)) == pytest.approx(float(monai), abs=2e-3)


@all_sizes
def test_linear_change_of_intensity_does_not_matter(size: tuple[int, ...]) -> None:
    first, second = two_images(size)
    loss = FastLNCC(5, epsilon=1e-9)
    assert float(loss(first, first)) == pytest.approx(0, abs=1e-4)
    assert float(loss(first, 0.2 + 0.5 * first)) == pytest.approx(0, abs=1e-3)
    assert float(loss(first, 1 - first)) == pytest.approx(0, abs=1e-3)
    assert float(loss(first, 0.5 * second)) == pytest.approx(float(loss(first, second)), abs=1e-3)
    assert float(loss(first, second)) == pytest.approx(float(loss(second, first)), abs=1e-5)


@all_sizes
def test_unrelated_images_have_little(size: tuple[int, ...]) -> None:
    """Noise of n samples correlates by 1 / (n - 1) squared, on average."""
    random = torch.Generator().manual_seed(1)
    first, second = (torch.rand(2, 1, *size, generator=random) for _ in range(2))
    assert float(FastLNCC(9)(first, second)) > 0.9


@all_sizes
def test_empty_images_say_nothing(size: tuple[int, ...]) -> None:
    flat = torch.full((1, 1, *size), 0.3)
    assert float(FastLNCC(5)(flat, flat)) == pytest.approx(1, abs=1e-4)
    moving = flat.clone().requires_grad_()
    FastLNCC(5)(moving, two_images(size, 1)[0]).backward()
    assert moving.grad is not None and moving.grad.isfinite().all()


@pytest.mark.parametrize(("window", "stride"), [(4, 1), (0, 1), (-3, 1), (9, 0)])
def test_bad_arguments_are_named(window: int, stride: int) -> None:
    with pytest.raises(ValueError, match=f"got {window} and {stride}"):
        FastLNCC(window, stride)


@pytest.mark.parametrize("shapes", [((1, 1, 8, 8), (1, 1, 8, 9)), ((1, 2, 8, 8), (1, 2, 8, 8))], ids=str)
def test_bad_images_are_named(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match=r"takes two images \(B, 1, \*S\), got \(1, . 8, 8\)|takes two images"):
        FastLNCC(3)(*(torch.zeros(shape) for shape in shapes))
