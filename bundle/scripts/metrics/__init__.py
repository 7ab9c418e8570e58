"""Measures of a registration: functions of tensors, one value a pair or a label."""

from .contrast import contrast_difference, shape_likeness
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
from .strain import circumferential_strain, green_lagrange_strain, radial_strain
from .surface import AverageSurfaceDistance, HausdorffDistance95, LostLabels
from .temporal import carried_volume, ejection_fraction, temporal_roughness

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
    "carried_volume",
    "circumferential_strain",
    "contrast_difference",
    "correlation",
    "ejection_fraction",
    "green_lagrange_strain",
    "label_dice",
    "log_jacobian_deviation",
    "named_measures",
    "non_diffeomorphic_volume",
    "radial_strain",
    "shape_likeness",
    "temporal_roughness",
]
