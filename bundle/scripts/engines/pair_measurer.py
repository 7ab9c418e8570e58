"""Measuring the pairs of a batch at every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..metrics import FoldedFraction, LabelDice, LabelMeasure, MeanSquaredError, Measure
from ..reports import PairResult, nan_mean
from .stages import Stages, Tensors


def default_measures() -> dict[str, Measure]:
    """What every stage of every pair is measured by, besides Dice."""
    return {"mse": MeanSquaredError(), "folding": FoldedFraction()}


class PairMeasurer:
    """Dice of every label and any further measures, of every stage.

    Args:
        labels: ids that Dice is measured of.
        measures: name to measure; ``None`` for :func:`default_measures`. A :class:`LabelMeasure` is kept by label too.
    """

    def __init__(self, labels: Sequence[int], measures: Mapping[str, Measure] | None = None) -> None:
        self.dice = LabelDice(list(labels))
        self.measures = dict(default_measures() if measures is None else measures)

    def __call__(self, stages: Stages, names: Sequence[tuple[str, str]], seconds: float) -> list[PairResult]:
        """Measure a batch.

        Args:
            stages: see :func:`scripts.engines.stages.registration_stages`.
            names: of the moving and the fixed image of each pair of the batch.
            seconds: that the registration of the batch took; counted to the last stage, equal shares.
        """
        dice = {stage: self.dice.of_labels(*tensors).cpu().numpy() for stage, tensors in stages.items()}
        by_label = {stage: self._of_labels(*tensors) for stage, tensors in stages.items()}
        values = {stage: self._of_pairs(*tensors, by_label[stage]) for stage, tensors in stages.items()}
        values[list(stages)[-1]]["seconds"] = np.full(len(names), seconds / len(names))
        return [
            PairResult(
                moving,
                fixed,
                {stage: scores[i] for stage, scores in dice.items()},
                {stage: {name: float(v[i]) for name, v in found.items()} for stage, found in values.items()},
                {stage: {name: v[i] for name, v in found.items()} for stage, found in by_label.items()},
            )
            for i, (moving, fixed) in enumerate(names)
        ]

    def _of_labels(self, pred: Tensors, target: Tensors) -> dict[str, np.ndarray]:
        """Measure to ``(B, K)``, of those that have a value a label."""
        return {
            name: measure.of_labels(pred, target).cpu().numpy()
            for name, measure in self.measures.items()
            if isinstance(measure, LabelMeasure)
        }

    def _of_pairs(self, pred: Tensors, target: Tensors, by_label: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Measure to ``(B,)``; of those by label, the mean of the labels that have one."""
        return {
            name: nan_mean(by_label[name], axis=1) if name in by_label else measure(pred, target).cpu().numpy()
            for name, measure in self.measures.items()
        }
