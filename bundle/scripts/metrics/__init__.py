"""Measures of a registration: functions of tensors, one value a pair or a label."""

from .dice import LabelDice, label_dice
from .measures import FoldedFraction, MeanSquaredError

__all__ = ["FoldedFraction", "LabelDice", "MeanSquaredError", "label_dice"]
