"""Whether one method is better than another on the same pairs, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE, RESAMPLES = 0.95, 9999


@dataclass(frozen=True)
class PairedComparison:
    """How a measure of one method differs from that of another.

    Attributes:
        pairs: number of pairs that both have the measure of.
        difference: mean over pairs of ours minus the other's.
        low, high: bootstrap confidence interval of that mean.
        p_value: of Wilcoxon's signed-rank test, two-sided.
    """

    pairs: int
    difference: float
    low: float
    high: float
    p_value: float


def compare_pairs(ours: np.ndarray, other: np.ndarray, seed: int = 0) -> PairedComparison:
    """Wilcoxon's signed-rank test and the bootstrap (BCa, 95 %) of the mean difference, both of SciPy.

    The pairs are what varies: the interval tells what other test pairs would give, with the networks as they are.

    Args:
        ours: the measure of each pair, ``(N,)``; pairs where either side is NaN are left out.
        other: the same pairs by the other method, ``(N,)``.
        seed: of the resampling.

    Returns:
        NaN in place of what cannot be computed: with no pair nothing, with one pair no interval and no test.
    """
    differences = np.asarray(ours, dtype=float) - np.asarray(other, dtype=float)
    differences = differences[~np.isnan(differences)]
    count = len(differences)
    mean = float(differences.mean()) if count else math.nan
    if count < 2:
        return PairedComparison(count, mean, math.nan, math.nan, math.nan)
    if np.ptp(differences) == 0:  # every resample is the same: no bootstrap needed, none possible
        return PairedComparison(count, mean, mean, mean, _wilcoxon(differences))
    rng = np.random.default_rng(seed)
    interval = stats.bootstrap(
        (differences,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, rng=rng
    ).confidence_interval
    return PairedComparison(count, mean, float(interval.low), float(interval.high), _wilcoxon(differences))


def _wilcoxon(differences: np.ndarray) -> float:
    if not differences.any():
        return 1.0  # the two methods give the same: nothing speaks against that they are equal
    return float(stats.wilcoxon(differences).pvalue)
