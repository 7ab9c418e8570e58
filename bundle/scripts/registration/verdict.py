"""Whether a registration is to be looked at before it is believed: a few measures, each with one limit.

The correlation over the whole image proves little: background agrees with background, and a refinement makes nearly any
two heads alike. Inside the objects it falls where the wrong things were laid on each other.
``docs/results.md`` says how often this is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ..metrics import correlation
from ..physical import BACKGROUND
from ..spatial import jacobian_determinant


@dataclass(frozen=True)
class Sign:
    """A measure with the range in which it raises no doubt, and what to say outside of it."""

    least: float
    most: float
    sentence: str


SIGNS = {
    "likeness": Sign(
        0.82, 1, "inside the objects the images do not look alike (correlation {:.2f}, {:.2f} or more is)"
    ),
    "overlap": Sign(
        0.85, 1, "the objects do not cover each other (Dice of their outlines {:.2f}, {:.2f} or more does)"
    ),
    "scale": Sign(
        1 / 1.5, 1.5, "the affine map changes the size {:.2f} times (limit {:.2f}); are both spacings right?"
    ),
    "folded": Sign(0, 0.01, "the deformation folds inside the object (share {:.3f}, limit {:.3f})"),
}


def verdict(fixed: Tensor, warped: Tensor, ddf: Tensor, affine: np.ndarray) -> dict[str, Any]:
    """Measures of a result, and the reasons to doubt it.

    Args:
        fixed: on the working grid, scaled to 0..1, ``(1, 1, *S)``; not all of it is background.
        warped: the moving image on it after the last stage, likewise.
        ddf: the whole map on it, in its voxels, ``(1, D, *S)``.
        affine: of the map, ``(D + 1, D + 1)``.

    Returns:
        ``doubtful``: whether there is any reason; ``reasons``: a sentence each; ``measures``: by the names of
        :data:`SIGNS`.
    """
    measures = measures_of(fixed, warped, ddf, affine)
    reasons = [reason for name, value in measures.items() if (reason := _doubt(SIGNS[name], value))]
    return {"doubtful": bool(reasons), "reasons": reasons, "measures": measures}


def measures_of(fixed: Tensor, warped: Tensor, ddf: Tensor, affine: np.ndarray) -> dict[str, float]:
    """The measures alone, see :func:`verdict`."""
    inside, covered = (image[0, 0] > BACKGROUND for image in (fixed, warped))
    shown = [image[..., inside | covered][0] for image in (fixed, warped)]
    return {
        "likeness": float(correlation(*shown).nan_to_num()),
        "overlap": 2 * float((inside & covered).sum()) / float(inside.sum() + covered.sum()),
        "scale": float(abs(np.linalg.det(affine[:-1, :-1])) ** (1 / (len(affine) - 1))),
        "folded": float((jacobian_determinant(ddf)[0, 0][inside] <= 0).float().mean()),
    }


def _doubt(sign: Sign, value: float) -> str | None:
    if sign.least <= value <= sign.most:
        return None
    return sign.sentence.format(value, sign.least if value < sign.least else sign.most)
