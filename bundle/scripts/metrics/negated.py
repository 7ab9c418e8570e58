"""A measure of which less is better, for places where more has to be."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .measure import Measure


class Negated:
    """Minus a measure, so that a training can keep the weights of the smallest surface distance, error or folding.

    Args:
        measure: ``f(pred, target) -> (B,)``.
    """

    def __init__(self, measure: Measure) -> None:
        self.measure = measure

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``, NaN where the measure is."""
        return -self.measure(pred, target)
