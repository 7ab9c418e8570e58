"""Where the walls of the ventricles are, in polar coordinates around the left ventricle's axis.

Radii are given squared: areas are then differences, and what keeps an area is linear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .traits import Traits

ABOVE = 50.0  # mm: from the base's plane to the top of what is drawn above it, the atria
RIGHT_LENGTH = 0.9  # of the right ventricle, relative to the left one's
APEX_THINNING = 0.8  # thickness of the wall at the apex, relative


@dataclass(frozen=True)
class Walls:
    """Squared radii of three walls, mm², each of the shape of the points asked for; each at least the one before.

    Attributes:
        inner: of the left cavity.
        outer: of the left ventricle.
        right: the far wall of the right cavity; ``outer`` where there is none.
    """

    inner: np.ndarray
    outer: np.ndarray
    right: np.ndarray


def find_walls(traits: Traits, angle: np.ndarray, level: np.ndarray) -> Walls:
    """The walls in a direction (radians) and on a level (mm from the base's plane towards the apex)."""
    cavity = traits.cavity * _outline(traits, angle)
    epicardium = cavity + traits.wall * (1 + traits.asymmetry * np.cos(angle - traits.septum))
    inner = cavity**2 * _section(level, traits.length - APEX_THINNING * traits.wall)
    outer = epicardium**2 * _section(level, traits.length)
    far = epicardium + traits.right_width * _crescent(traits, angle)
    return Walls(inner, outer, outer + (far**2 - epicardium**2) * _section(level, RIGHT_LENGTH * traits.length))


def largest_radius(traits: Traits) -> float:
    """A radius, mm, that no wall exceeds."""
    angle = np.linspace(-np.pi, np.pi, 721)
    return float(np.sqrt(find_walls(traits, angle, np.zeros_like(angle)).right.max())) + 1


def _outline(traits: Traits, angle: np.ndarray) -> np.ndarray:
    turn = np.exp(1j * angle)  # whose powers cost less than cosines
    outline = np.ones_like(angle)
    for order, (cosine, sine) in traits.harmonics.items():
        outline += (complex(cosine, -sine) * turn**order).real
    return outline


def _section(level: np.ndarray, length: float) -> np.ndarray:
    """Area of an ellipsoid's section on a level, relative to the one at the base."""
    return np.clip(1 - (level / np.where(level < 0, ABOVE, length)) ** 2, 0, None)


def _crescent(traits: Traits, angle: np.ndarray) -> np.ndarray:
    """Width of the right ventricle in a direction, relative to its middle: 0 from the insertions of its wall on."""
    away = np.mod(angle - traits.septum + np.pi, 2 * np.pi) - np.pi
    place = np.clip(away / traits.right_angle, -1, 1)
    return (1 - place**2) ** 1.25 * (1 + traits.right_skew * place)
