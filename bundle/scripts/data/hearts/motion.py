"""The true motion of a heart and its surroundings, and its inverse, at any point and phase.

Four maps, each invertible by itself: descent of the base towards the apex, contraction in the plane, twist, breathing.
The first three are in closed form; breathing is inverted by a fixed point that contracts by a factor of some percent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .contraction import ABOVE_FADING, FADING, Contraction
from .cycle import contraction, drift
from .traits import Traits
from .walls import Walls, find_walls, largest_radius

TWIST_RADIUS = 48.0  # mm: rotation falls to 1/e there
BREATHING_RADIUS = 95.0  # mm: breathing falls to 1/e there
NUM_ITERATIONS = 12  # of the fixed point


@dataclass(frozen=True)
class Motion:
    """Points are ``(3, ...)`` mm: in the plane from the field of view's middle; from the base's plane to the apex.

    Attributes:
        traits: of the heart.
        systole: phase of end-systole.
        through_plane: whether anything moves along the third axis.
    """

    traits: Traits
    systole: float
    through_plane: bool

    def forward(self, points: np.ndarray, phase: float) -> np.ndarray:
        """Where points of phase 0 are at a phase."""
        amount = contraction(phase, self.systole)
        moved = self._contract(self._descend(points, amount), amount)
        return moved + self._drift(phase, moved)

    def backward(self, points: np.ndarray, phase: float) -> np.ndarray:
        """Where points of a phase were at phase 0."""
        amount = contraction(phase, self.systole)
        before = points
        for _ in range(NUM_ITERATIONS):
            before = points - self._drift(phase, before)
        return self._ascend(self._relax(before, amount), amount)

    def polar(self, points: np.ndarray) -> tuple[np.ndarray, Walls]:
        """Squared distance (mm²) of points of phase 0 from the axis, and the walls in their directions."""
        squared, angle = self._around_axis(points[:2], points[2])
        return squared, find_walls(self.traits, angle, points[2])

    def axis(self, level: np.ndarray) -> np.ndarray:
        """Where the left ventricle's axis is on a level, ``(2, ...)`` mm."""
        along = level - self.traits.length / 2
        return np.stack([c + t * along for c, t in zip(self.traits.centre, self.traits.tilt, strict=True)])

    def distance_from(self, points: np.ndarray, angle: float, radius: np.ndarray) -> np.ndarray:
        """Distance, mm, in the plane, of points of phase 0 from where a direction off the septum has a radius."""
        direction = self.traits.septum + angle
        x, y = points[:2] - self.axis(points[2])
        return np.hypot(x - radius * np.cos(direction), y - radius * np.sin(direction))

    # ---------------------------------------------------------------------------------------- in the plane
    def _contract(self, points: np.ndarray, amount: float) -> np.ndarray:
        level = self._unlowered(points[2], amount)
        squared, angle = self._around_axis(points[:2], level)
        walls = find_walls(self.traits, angle, level)
        moved = Contraction(self.traits, amount, self.through_plane).forward(squared, walls, level)
        return self._from_polar(moved, angle + self._twist(moved, level, amount), level, points[2])

    def _relax(self, points: np.ndarray, amount: float) -> np.ndarray:
        level = self._unlowered(points[2], amount)
        squared, angle = self._around_axis(points[:2], level)
        angle = angle - self._twist(squared, level, amount)
        walls = find_walls(self.traits, angle, level)
        before = Contraction(self.traits, amount, self.through_plane).backward(squared, walls, level)
        return self._from_polar(before, angle, level, points[2])

    def _twist(self, squared: np.ndarray, level: np.ndarray, amount: float) -> np.ndarray:
        """Rotation at a squared radius, radians: one way at the base, the other way at the apex."""
        base, apex = self.traits.twist
        share = np.clip(level / self.traits.length, -0.3, 1)
        return amount * (base + (apex - base) * share) * np.exp(-((squared / TWIST_RADIUS**2) ** 2))

    def _around_axis(self, plane: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = plane - self.axis(level)
        return x**2 + y**2, np.arctan2(y, x)

    def _from_polar(self, squared: np.ndarray, angle: np.ndarray, level: np.ndarray, third: np.ndarray) -> np.ndarray:
        x, y = np.sqrt(squared) * np.stack([np.cos(angle), np.sin(angle)]) + self.axis(level)
        return np.stack([x, y, third])

    # ---------------------------------------------------------------------------------------- along the axis
    def _descend(self, points: np.ndarray, amount: float) -> np.ndarray:
        x, y, level = points
        knots = (-ABOVE_FADING, 0.0, self.traits.length)
        fall = np.interp(level, knots, (0, self._fall(amount), 0))
        return np.stack([x, y, level + self._nearness(points) * fall])

    def _ascend(self, points: np.ndarray, amount: float) -> np.ndarray:
        x, y, level = points
        return np.stack([x, y, self._unlowered(level, amount, self._nearness(points))])

    def _unlowered(self, level: np.ndarray, amount: float, nearness: np.ndarray | float = 1.0) -> np.ndarray:
        """The level before the descent of what is at ``level`` after it; as in the heart, or less ``nearness``."""
        length = self.traits.length
        fall = nearness * self._fall(amount)
        above = (level + ABOVE_FADING) * ABOVE_FADING / (ABOVE_FADING + fall) - ABOVE_FADING
        below = length - (length - level) * length / (length - fall)
        inside = np.where(level < fall, above, below)
        return np.where((level <= -ABOVE_FADING) | (level >= length), level, inside)

    def _fall(self, amount: float) -> float:
        """Descent of the base, mm."""
        return self.traits.shortening * self.traits.length * amount if self.through_plane else 0.0

    def _nearness(self, points: np.ndarray) -> np.ndarray:
        """1 where the heart is, in the plane, less further away."""
        x, y = points[:2] - np.array(self.traits.centre).reshape(2, *[1] * (points.ndim - 1))
        return np.exp(-np.clip(x**2 + y**2 - self._reach**2, 0, None) / FADING)

    @cached_property
    def _reach(self) -> float:
        """The heart's largest distance from its middle, mm, in the plane."""
        return largest_radius(self.traits) + 0.5 * self.traits.length * float(np.hypot(*self.traits.tilt))

    # ---------------------------------------------------------------------------------------- breathing
    def _drift(self, phase: float, points: np.ndarray) -> np.ndarray:
        shift = drift(phase, self.traits) * (1, 1, self.through_plane)
        x, y = points[:2] - np.array(self.traits.centre).reshape(2, *[1] * (points.ndim - 1))
        fading = np.exp(-(((x**2 + y**2) / BREATHING_RADIUS**2) ** 2))
        return shift.reshape(3, *[1] * (points.ndim - 1)) * fading
