"""Measures of a registration: functions of tensors, one value a pair or a label."""

from .dice import LabelDice, label_dice
from .diffeomorphism import NonDiffeomorphicVolume, non_diffeomorphic_volume
from .measure import LabelMeasure, Measure
from .named import named_measures
from .regularity import FoldedFraction, LogJacobianDeviation, log_jacobian_deviation
from .similarity import (
    MeanAbsoluteError,
    MeanSquaredError,
    NormalisedCrossCorrelation,
    StructuralSimilarity,
    correlation,
)
from .surface import AverageSurfaceDistance, HausdorffDistance95, LostLabels

__all__ = [
    "AverageSurfaceDistance",
    "FoldedFraction",
    "HausdorffDistance95",
    "LabelDice",
    "LabelMeasure",
    "LogJacobianDeviation",
    "LostLabels",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Measure",
    "NonDiffeomorphicVolume",
    "NormalisedCrossCorrelation",
    "StructuralSimilarity",
    "correlation",
    "label_dice",
    "log_jacobian_deviation",
    "named_measures",
    "non_diffeomorphic_volume",
]
