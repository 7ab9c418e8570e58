"""Measures by the names that a method's configuration lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import InputError
from .diffeomorphism import NonDiffeomorphicVolume
from .measure import Measure
from .regularity import FoldedFraction, LogJacobianDeviation
from .similarity import MeanAbsoluteError, MeanSquaredError, NormalisedCrossCorrelation, StructuralSimilarity
from .surface import AverageSurfaceDistance, HausdorffDistance95, LostLabels

OF_IMAGES_AND_FIELDS: dict[str, Callable[[], Measure]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "ssim": StructuralSimilarity,
    "ncc": NormalisedCrossCorrelation,
    "folding": FoldedFraction,  # share of voxels
    "ndv": NonDiffeomorphicVolume,  # share of the volume
    "sdlogj": LogJacobianDeviation,
}
OF_LABELS: dict[str, Callable[[Sequence[int]], Measure]] = {
    "hd95": HausdorffDistance95,  # mm
    "asd": AverageSurfaceDistance,  # mm
    "lost": LostLabels,  # labels
}


def named_measures(names: Sequence[str], ids: Sequence[int]) -> dict[str, Measure]:
    """The measures of a list of names, in its order.

    Args:
        names: of :data:`OF_IMAGES_AND_FIELDS` and :data:`OF_LABELS`.
        ids: labels that the latter look at, without the background.

    Raises:
        InputError: if a name is none of them.
    """
    known = [*OF_IMAGES_AND_FIELDS, *OF_LABELS]
    for name in names:
        if name not in known:
            raise InputError(f"measures names {name!r}, which is none; choose of {', '.join(known)}.")
    return {name: OF_LABELS[name](ids) if name in OF_LABELS else OF_IMAGES_AND_FIELDS[name]() for name in names}
