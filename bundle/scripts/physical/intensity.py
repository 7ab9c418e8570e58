"""The one scaling of intensities, and the box of what is then bright."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Intensity = Callable[..., np.ndarray]  # of an array and, where there is one, its mask, see PercentileScaling

BACKGROUND = 0.05  # of a scaled intensity: what is darker is not looked at
CUT = 0.1  # of an object's section that is seen on a face of the array, for the object to go on behind it


@dataclass(frozen=True)
class PercentileScaling:
    """Intensities to [0, 1], float32: from the background to a high percentile of what is brighter.

    The upper end is a percentile of what lies above the lower one, so that it does not depend on how much background
    there is around an object.

    Args:
        low: percentile of the whole image that becomes 0.
        high: percentile of what is above that which becomes 1; what is brighter (vessels) is cut.

    Raises:
        ValueError: if a percentile is not between 0 and 100.
    """

    low: float = 0.5
    high: float = 98.5

    def __post_init__(self) -> None:
        if not (0 <= self.low <= 100 and 0 <= self.high <= 100):
            raise ValueError(f"percentiles lie between 0 and 100, got {self.low} and {self.high}")

    def __call__(self, array: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """Scale an array of any shape, finite; a constant one becomes 0.

        Args:
            array: intensities.
            mask: of the same shape: where not, an intensity has no say in the upper end, be it that of a bright lesion.
        """
        low = float(np.percentile(array, self.low))
        above = array[array > low]
        if mask is not None and (mask & (array > low)).any():
            above = array[mask & (array > low)]
        if above.size == 0:  # a small object in a large empty field of view
            low, above = float(array.min()), array[array > array.min()]
        if above.size == 0:
            return np.zeros(array.shape, dtype=np.float32)
        high = max(float(np.percentile(above, self.high)), np.nextafter(np.float32(low), np.float32(np.inf)))
        return np.clip((array.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)


def border(array: np.ndarray) -> np.ndarray:
    """The outermost voxels of ``(*S)``, in one row."""
    mask = np.ones(array.shape, dtype=bool)
    mask[tuple(slice(1, -1) for _ in array.shape)] = False
    return array[mask]


def is_cut_out(scaled: np.ndarray) -> bool:
    """Whether what is seen goes on outside: most of the border of ``(*S)`` in [0, 1] is no background."""
    return bool(np.median(border(scaled)) > BACKGROUND)


def cut_faces(scaled: np.ndarray) -> np.ndarray:
    """Beyond which faces of the array ``(*S)`` in [0, 1] its object goes on: ``(D, 2)``, the first and the last face.

    There a part of the face as wide as the object, a tenth of it or more, is no background, as at the neck of a head.
    """
    bright = scaled > BACKGROUND
    _, size = bright_box(scaled)
    across = [np.prod(np.delete(size, axis)) for axis in range(scaled.ndim)]
    return np.array(
        [[bright.take(side, axis).sum() > CUT * across[axis] for side in (0, -1)] for axis in range(scaled.ndim)]
    )


def bright_box(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First voxel and size, ``(D,)`` each, of the box around what is no background; the whole array if all is.

    Args:
        scaled: ``(*S)`` in [0, 1].
    """
    bright = scaled > BACKGROUND
    first, size = np.zeros(scaled.ndim, dtype=int), np.array(scaled.shape)
    for axis in range(scaled.ndim):
        along = np.flatnonzero(bright.any(axis=tuple(k for k in range(scaled.ndim) if k != axis)))
        if along.size:
            first[axis], size[axis] = along[0], along[-1] - along[0] + 1
    return first, size
