"""What a measure is: the likeness of a registered pair in one number, or in one a label."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

# f(pred, target) -> (B,), NaN where a pair has none. pred is what the inferer gives, target what prepare_pair gives.
Measure = Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], Tensor]


class LabelMeasure(ABC):
    """A measure with a value a label; that of the pair is the mean over the labels that have one.

    A label that is absent from the fixed or from the original moving map has no value (NaN).

    Args:
        ids: label ids, without the background.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)

    @abstractmethod
    def of_labels(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B, K)`` in the order of ``ids``, NaN where a label has no value."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``, NaN where no label has a value."""
        return self.of_labels(pred, target).nanmean(1)


def original_label(target: Mapping[str, Tensor]) -> Tensor:
    """The moving labels as the pair came with them, ``(B, 1, *S)``; they decide absence, the same at every stage."""
    return target.get("unaligned_label", target["moving_label"])
