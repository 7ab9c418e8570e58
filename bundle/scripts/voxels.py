"""What the voxels of an image or label map may hold, whoever reads the file."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import InputError

LABEL_TYPES = (np.uint8, np.int16, np.uint16, np.int32)
LARGEST_ID = 2**53  # whole numbers from it on are not exact in the 64-bit floats that some files are read in


def check_intensities(values: np.ndarray, path: str) -> None:
    """Refuse intensities, as the file ``path`` holds them, that nothing can be registered by.

    Raises:
        InputError: if they hold NaN, infinity, what is too large for 32-bit floats, or, in these, one value only.
    """
    if not np.isfinite(values).all():
        raise InputError(f"{path} holds NaN or infinite intensities; replace them by numbers.")
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > float(np.finfo(np.float32).max):
        raise InputError(
            f"{path} holds the intensity {max(low, high, key=abs):g}; scale its intensities to below 1e38."
        )
    if np.float32(low) == np.float32(high):
        raise InputError(f"{path} is constant ({low:g} everywhere); an image with structure is needed.")


def check_label_ids(values: np.ndarray, path: str) -> None:
    """Refuse what is no label map.

    Raises:
        InputError: if a voxel holds no whole number, or one that 64-bit floats round.
    """
    if not np.issubdtype(values.dtype, np.integer) and (
        not np.isfinite(values).all() or (values != np.round(values)).any()
    ):
        raise InputError(f"{path} is no label map: it holds values that are not whole numbers.")
    largest = max(int(values.max()), -int(values.min()))
    if largest >= LARGEST_ID:
        raise InputError(f"{path} holds the label id {largest}; renumber ids from 2**53 on.")


def smallest_type(ids: np.ndarray) -> Any:
    """The smallest of uint8, int16, uint16 and int32 that holds every label id; int64 else."""
    low, high = int(ids.min()), int(ids.max())
    fits = (kind for kind in LABEL_TYPES if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return next(fits, np.int64)
