"""Whether a registration is to be looked at before it is believed: a few measures, each with one limit.

The correlation over the whole image proves little: background agrees with background, and a refinement makes nearly any
two heads alike. Inside the objects it falls where the wrong things were laid on each other, and the deformation left
to do after the affine map grows. ``python -m benchmarks.verdict`` measures how often this is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

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
    "local_shift": Sign(
        0, 0.032, "the deformation besides the affine map is large (mean {:.3f} of the object's size, limit {:.3f})"
    ),
    "scale": Sign(
        1 / 1.5, 1.5, "the affine map changes the size {:.2f} times (limit {:.2f}); are both spacings right?"
    ),
    "folded": Sign(0, 0.01, "the deformation folds inside the object (share {:.3f}, limit {:.3f})"),
}


def verdict(fixed: Tensor, warped: Tensor, ddf: Tensor, affine: np.ndarray) -> dict[str, Any]:
    """Measures of a result, and the reasons to doubt it.

    Args:
        fixed: on the working grid, scaled to 0..1, ``(1, 1, *S)``.
        warped: the moving image on it after the last stage, likewise.
        ddf: what was found besides the affine map, on the working grid, in its voxels, ``(1, D, *S)``.
        affine: the affine map, ``(D + 1, D + 1)``.

    Returns:
        ``doubtful``: whether there is any reason; ``reasons``: a sentence each; ``measures``: by the names of
        :data:`SIGNS`, ``None`` where the fixed image shows nothing, which is a reason too.
    """
    measures = measures_of(fixed, warped, ddf, affine)
    reasons = [reason for name, value in measures.items() if (reason := _doubt(SIGNS[name], value))]
    return {"doubtful": bool(reasons), "reasons": reasons, "measures": measures}


def measures_of(fixed: Tensor, warped: Tensor, ddf: Tensor, affine: np.ndarray) -> dict[str, float | None]:
    """The measures alone, see :func:`verdict`."""
    inside, covered = (image[0, 0] > BACKGROUND for image in (fixed, warped))
    values: dict[str, Callable[[], float]] = {
        "likeness": lambda: _correlation(fixed[0, 0][inside | covered], warped[0, 0][inside | covered]),
        "overlap": lambda: 2 * float((inside & covered).sum()) / float(inside.sum() + covered.sum()),
        "local_shift": lambda: _local_shift(ddf, inside),
        "scale": lambda: float(abs(np.linalg.det(affine[:-1, :-1])) ** (1 / ddf.shape[1])),
        "folded": lambda: float((jacobian_determinant(ddf)[0, 0][inside] <= 0).float().mean()),
    }
    return {name: value() if bool(inside.any()) else None for name, value in values.items()}


def _doubt(sign: Sign, value: float | None) -> str | None:
    if value is None:
        return "the fixed image shows nothing on the working grid"
    if sign.least <= value <= sign.most:
        return None
    return sign.sentence.format(value, sign.least if value < sign.least else sign.most)


def _correlation(first: Tensor, second: Tensor) -> float:
    a, b = (each.double() - each.double().mean() for each in (first, second))
    norm = float(a.norm() * b.norm())
    return float(a @ b) / norm if norm else 0.0


def _local_shift(ddf: Tensor, inside: Tensor) -> float:
    """Mean length of the field inside the object, a common shift left out, over the D-th root of its voxels."""
    shifts = ddf[0][:, inside].double()
    lengths = (shifts - shifts.mean(1, keepdim=True)).square().sum(0).sqrt()
    return float(lengths.mean()) / float(inside.sum()) ** (1 / len(shifts))
