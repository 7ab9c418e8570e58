"""Paired comparisons with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.reports.statistics import compare_pairs


def test_exact_p_of_a_method_that_always_wins() -> None:
    """Of 2^N signs one has all ranks positive and one all negative."""
    other = np.array([0.5, 0.6, 0.4, 0.7, 0.55, 0.65])
    result = compare_pairs(other + np.array([1, 2, 3, 4, 5, 6]) / 100, other)
    assert result.pairs == 6
    assert result.difference == pytest.approx(0.035)
    assert result.p_value == pytest.approx(2 / 2**6)
    assert 0 < result.low < result.difference < result.high < 0.06


def test_swapping_the_methods_turns_the_sign() -> None:
    rng = np.random.default_rng(0)
    ours, other = rng.random(20), rng.random(20)
    there, back = compare_pairs(ours, other), compare_pairs(other, ours)
    assert back.difference == pytest.approx(-there.difference)
    assert back.p_value == pytest.approx(there.p_value)
    assert back.low == pytest.approx(-there.high, abs=0.02)


def test_interval_of_a_mean_agrees_with_normal_theory() -> None:
    rng = np.random.default_rng(1)
    differences = rng.normal(0.1, 0.5, 400)
    result = compare_pairs(differences, np.zeros(400))
    half = 1.96 * differences.std(ddof=1) / 20
    assert result.low == pytest.approx(differences.mean() - half, abs=0.1 * half)
    assert result.high == pytest.approx(differences.mean() + half, abs=0.1 * half)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    trials = 60
    samples = rng.normal(0.3, 1.0, (trials, 30))
    results = [compare_pairs(sample, np.zeros(30), seed) for seed, sample in enumerate(samples)]
    covered = sum(result.low <= 0.3 <= result.high for result in results)
    assert covered >= binom.ppf(0.001, trials, 0.92)  # small samples cover a little less than 95 %


def test_missing_pairs_are_left_out_on_both_sides() -> None:
    ours = np.array([0.8, np.nan, 0.9, 0.7, 0.6])
    other = np.array([0.7, 0.5, np.nan, 0.5, 0.3])
    result = compare_pairs(ours, other)
    assert result.pairs == 3
    assert result.difference == pytest.approx(0.2)


@pytest.mark.parametrize("count, pairs", [(0, 0), (1, 1)])
def test_too_few_pairs_have_no_test(count: int, pairs: int) -> None:
    result = compare_pairs(np.full(count, 0.5), np.zeros(count))
    assert result.pairs == pairs
    assert np.isnan([result.low, result.high, result.p_value]).all()


def test_equal_methods_differ_by_nothing() -> None:
    result = compare_pairs(np.full(8, 0.5), np.full(8, 0.5))
    assert (result.difference, result.low, result.high, result.p_value) == (0, 0, 0, 1)
