"""Similarity measures against SciPy and closed forms, in 2-D and 3-D."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from scipy.stats import pearsonr
from torch import Tensor

from scripts.metrics import MeanAbsoluteError, MeanSquaredError, NormalisedCrossCorrelation, StructuralSimilarity

SIZES = [(24, 19), (13, 15, 17)]


def images(size: tuple[int, ...], seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    fixed = torch.rand(2, 1, *size, generator=generator)
    return 0.7 * fixed + 0.3 * torch.rand(2, 1, *size, generator=generator), fixed


def measure(of: object, warped: Tensor, fixed: Tensor) -> Tensor:
    return of({"warped": warped}, {"fixed": fixed})  # type: ignore[operator]


@pytest.mark.parametrize("size", SIZES)
def test_mean_squared_error_of_every_pair(size: tuple[int, ...]) -> None:
    warped, fixed = torch.zeros(2, 1, *size), torch.zeros(2, 1, *size)
    warped[0, :, 0], fixed[1] = 2.0, -0.5
    found = MeanSquaredError()({"warped": warped}, {"fixed": fixed})
    assert found.tolist() == pytest.approx([4 / size[0], 0.25])


@pytest.mark.parametrize("size", SIZES)
def test_mean_absolute_error_is_of_each_pair(size: tuple[int, ...]) -> None:
    fixed = torch.zeros(2, 1, *size)
    warped = fixed.clone()
    warped[0] += 0.25
    warped[1, :, :2] -= 0.5
    values = measure(MeanAbsoluteError(), warped, fixed)
    assert values.tolist() == pytest.approx([0.25, 0.5 * 2 / size[0]])


@pytest.mark.parametrize("size", SIZES)
def test_correlation_agrees_with_scipy_and_ignores_gain_and_offset(size: tuple[int, ...]) -> None:
    warped, fixed = images(size)
    values = measure(NormalisedCrossCorrelation(), warped, fixed)
    expected = [
        pearsonr(a.flatten().numpy(), b.flatten().numpy()).statistic for a, b in zip(warped, fixed, strict=True)
    ]
    assert values.tolist() == pytest.approx(expected, abs=1e-6)
    assert measure(NormalisedCrossCorrelation(), 3 * warped + 2, fixed).tolist() == pytest.approx(expected, abs=1e-6)
    assert measure(NormalisedCrossCorrelation(), 1 - fixed, fixed).tolist() == pytest.approx([-1, -1])


def test_correlation_with_a_constant_image_is_not_a_number() -> None:
    assert measure(NormalisedCrossCorrelation(), torch.ones(1, 1, 8, 8), torch.rand(1, 1, 8, 8)).isnan().all()


def ssim_by_scipy(a: np.ndarray, b: np.ndarray, window: int) -> float:
    """Wang's formula with separable Gaussian windows that lie wholly in the image."""
    half = window // 2
    kernel = np.exp(-((np.arange(window) - half) ** 2) / (2 * 1.5**2))

    def blur(x: np.ndarray) -> np.ndarray:
        for axis in range(x.ndim):
            x = correlate1d(x, kernel / kernel.sum(), axis=axis)
        return x[(slice(half, -half),) * x.ndim]

    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b, cov = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2, blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return float((numerator / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


@pytest.mark.parametrize("size", SIZES)
def test_structural_similarity_agrees_with_the_formula(size: tuple[int, ...]) -> None:
    warped, fixed = images(size)
    values = measure(StructuralSimilarity(), warped, fixed)
    expected = [
        ssim_by_scipy(a[0].double().numpy(), b[0].double().numpy(), 11) for a, b in zip(warped, fixed, strict=True)
    ]
    assert values.tolist() == pytest.approx(expected, abs=1e-4)
    assert measure(StructuralSimilarity(), fixed, fixed).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_an_image_smaller_than_the_window_gets_a_smaller_one() -> None:
    warped, fixed = images((8, 20))
    expected = ssim_by_scipy(warped[0, 0].double().numpy(), fixed[0, 0].double().numpy(), 7)
    assert measure(StructuralSimilarity(), warped, fixed)[0].item() == pytest.approx(expected, abs=1e-4)
