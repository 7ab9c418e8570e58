"""Whether a registration is to be looked at before it is believed: a few measures, each with one limit.

Which of them are asked depends on whether the method is for images of one contrast. The correlation over the whole
image proves little: background agrees with background, and a refinement makes nearly any two heads alike. Inside the
objects it falls where the wrong things were laid on each other.
``docs/results.md`` says how often this is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..metrics import contrast_difference, correlation, shape_likeness
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
    "shape": Sign(
        0.5, 1, "inside the objects the shapes do not look alike (their correlation {:.2f}, {:.2f} or more is)"
    ),
    "contrasts": Sign(
        -1,
        0.09,
        "the images look like two contrasts ({:.2f}, one has {:.2f} or less); take --method any_contrast_{dims}d",
    ),
    "overlap": Sign(
        0.85, 1, "the objects do not cover each other (Dice of their outlines {:.2f}, {:.2f} or more does)"
    ),
    "scale": Sign(
        1 / 1.5, 1.5, "the affine map changes the size {:.2f} times (limit {:.2f}); are both spacings right?"
    ),
    "folded": Sign(0, 0.01, "the deformation folds inside the object (share {:.3f}, limit {:.3f})"),
}


def verdict(
    fixed: Tensor,
    aligned: Tensor,
    warped: Tensor,
    ddf: Tensor,
    affine: np.ndarray,
    same_contrast: bool = True,
    compared: Tensor | None = None,
) -> dict[str, Any]:
    """Measures of a result, and the reasons to doubt it.

    Args:
        fixed: on the working grid, scaled to 0..1, ``(1, 1, *S)``; not all of it is background.
        aligned: the moving image on it before it is deformed, likewise.
        warped: the moving image on it after the last stage, likewise.
        ddf: the whole map on it, in its voxels, ``(1, D, *S)``.
        affine: of the map, ``(D + 1, D + 1)``.
        same_contrast: whether the method compares intensities.
        compared: where the images are, ``(1, 1, *S)``, 1 or 0; a fold counts anywhere. ``None``: everywhere.

    Returns:
        ``doubtful``: whether there is any reason; ``reasons``: a sentence each; ``measures``: by the names of
        :data:`SIGNS`.
    """
    where = torch.ones_like(fixed) if compared is None else compared
    inside, before, covered = (_inside(image * where) for image in (fixed, aligned, warped))
    alike = (
        _of_one_contrast(fixed, aligned, warped, inside | covered, inside & before)
        if same_contrast
        else {"shape": float(shape_likeness(fixed, warped, inside | covered).nan_to_num())}
    )
    measures = {
        **alike,
        "overlap": 2 * float((inside & covered).sum()) / max(float(inside.sum() + covered.sum()), 1),
        "scale": float(abs(np.linalg.det(affine[:-1, :-1])) ** (1 / (len(affine) - 1))),
        "folded": float((jacobian_determinant(ddf)[0, 0][_inside(fixed)] <= 0).float().mean()),
    }
    dims = fixed.ndim - 2
    reasons = [reason for name, value in measures.items() if (reason := _doubt(SIGNS[name], value, dims))]
    return {"doubtful": bool(reasons), "reasons": reasons, "measures": measures}


def _of_one_contrast(fixed: Tensor, aligned: Tensor, warped: Tensor, either: Tensor, both: Tensor) -> dict[str, float]:
    first, second = (image[0, 0][both] for image in (fixed, aligned))
    return {
        "likeness": float(correlation(*(image[0, 0][either][None] for image in (fixed, warped))).nan_to_num()),
        "contrasts": float(contrast_difference(first, second).nan_to_num()) if len(first) > 1 else 0.0,
    }


def _inside(image: Tensor) -> Tensor:
    return image[0, 0] > BACKGROUND


def _doubt(sign: Sign, value: float, dims: int) -> str | None:
    if sign.least <= value <= sign.most:
        return None
    return sign.sentence.format(value, sign.least if value < sign.least else sign.most, dims=dims)
