"""The affine stage, in the frame: ITK's search on the prepared images."""

from __future__ import annotations

import numpy as np

from .prepare import Prepared


def find_affine(fixed: Prepared, moving: Prepared) -> np.ndarray:
    """The affine map from coordinates in ``fixed`` to coordinates in ``moving``, ``(D + 1, D + 1)``, mm."""
    from ..data.itk_affine import matrix_of, place, register_affine  # imports ITK, which takes seconds

    images = [place(image.values[0, 0].numpy(), image.grid.affine) for image in (fixed, moving)]
    return matrix_of(register_affine(*images))
