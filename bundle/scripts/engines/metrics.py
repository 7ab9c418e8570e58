"""Any measure of pairs as an Ignite metric, so that training can validate on it."""

from __future__ import annotations

from typing import Any

import torch
from ignite.metrics import Metric
from ignite.metrics.metric import reinit__is_reduced, sync_all_reduce

from ..metrics import Measure


class PairMetric(Metric):
    """Mean of a measure over all pairs that have one.

    Args:
        measure: ``f(pred, target) -> (B,)``, NaN where a pair has no value.
    """

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        super().__init__(output_transform=lambda output: (output["pred"], output["label"]))

    @reinit__is_reduced
    def reset(self) -> None:
        """Forget all pairs."""
        self._sum = torch.zeros((), dtype=torch.float64)
        self._count = torch.zeros((), dtype=torch.float64)

    @reinit__is_reduced
    def update(self, output: Any) -> None:
        """Add the pairs of a batch: ``(pred, target)`` as the inferer and ``prepare_pair`` give them."""
        values = self.measure(*output).double().cpu()
        present = ~values.isnan()
        self._sum += values[present].sum()
        self._count += present.sum()

    @sync_all_reduce("_sum", "_count")
    def compute(self) -> float:
        """The mean; NaN if no pair had a value."""
        return float(self._sum / self._count)
