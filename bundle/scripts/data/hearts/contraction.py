"""Contraction, in closed form: what a squared radius becomes, and its inverse.

In polar coordinates a map of squared radii alone changes areas by its slope. The slope is constant in each tissue: the
cavities' is what ejection leaves, the wall's the inverse of the shortening, so the wall keeps its volume and thickens
as the cavity shrinks. Beyond the walls the displacement fades exponentially, which Lambert's W inverts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import lambertw

from .traits import Traits
from .walls import Walls

FADING = 2200.0  # mm²: of the displacement beyond the walls; more than any displacement of a squared radius
ABOVE_FADING = 30.0  # mm above the base over which contraction ends


@dataclass(frozen=True)
class Contraction:
    """The state of a heart at one time.

    Attributes:
        traits: of the heart.
        amount: 0 at end-diastole, 1 at end-systole.
        through_plane: whether the long axis moves; else a stack's planes stay, and only the wall knows of shortening.
    """

    traits: Traits
    amount: float
    through_plane: bool

    def forward(self, squared: np.ndarray, walls: Walls, level: np.ndarray) -> np.ndarray:
        """Where a squared radius (mm²) goes; ``walls`` are those in its direction and on its ``level`` (mm)."""
        slopes, inner, outer, right = self._images(walls, level)
        beyond = (right - walls.right) * np.exp(-np.clip(squared - walls.right, 0, None) / FADING)
        return np.select(
            [squared < walls.inner, squared < walls.outer, squared < walls.right],
            [
                slopes[0] * squared,
                inner + slopes[1] * (squared - walls.inner),
                outer + slopes[2] * (squared - walls.outer),
            ],
            squared + beyond,
        )

    def backward(self, squared: np.ndarray, walls: Walls, level: np.ndarray) -> np.ndarray:
        """Where a squared radius came from: the inverse of :meth:`forward`."""
        slopes, inner, outer, right = self._images(walls, level)
        ratio = (walls.right - right) / FADING
        start = np.maximum(squared, right) - walls.right
        beyond = np.maximum(squared, right) + FADING * lambertw(ratio * np.exp(-start / FADING)).real
        return np.select(
            [squared < inner, squared < outer, squared < right],
            [
                squared / slopes[0],
                walls.inner + (squared - inner) / slopes[1],
                walls.outer + (squared - outer) / slopes[2],
            ],
            beyond,
        )

    def _images(
        self, walls: Walls, level: np.ndarray
    ) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
        """Slopes in the left cavity, the wall and the right cavity, and where the three walls go, mm²."""
        slopes = self.slopes(level)
        inner = slopes[0] * walls.inner
        outer = inner + slopes[1] * (walls.outer - walls.inner)
        return slopes, inner, outer, outer + slopes[2] * (walls.right - walls.outer)

    def slopes(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """By how much areas grow in the plane: in the left cavity, the wall and the right cavity."""
        amount = self.amount * np.clip(1 + level / ABOVE_FADING, 0, 1)
        stretch = 1 - self.traits.shortening * amount
        along = stretch if self.through_plane else np.ones_like(stretch)
        left = (1 - self.traits.ejection * amount) / along
        return left, 1 / stretch, (1 - self.traits.right_ejection * amount) / along
