"""What surrounds a heart: lung with its vessels, liver below the diaphragm, the chest wall, sometimes aorta or stomach.

Everything is given at points of phase 0 and moves with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Grid, Texture

LUNG, VESSEL, LIVER, LIVER_VESSEL, MUSCLE, FAT, BONE, AIR = 0.07, 0.42, 0.3, 0.5, 0.22, 0.85, 0.1, 0.02  # intensities
AORTA, STOMACH = 0.75, 0.6
DIAPHRAGM_ROUNDING = 0.004  # 1 / mm: by which the liver's dome falls off to both sides
LAYERS = ((0.0, MUSCLE), (5.0, FAT), (9.0, MUSCLE), (22.0, FAT), (42.0, AIR))  # of the chest wall: depth in mm
RIB_PITCH, RIB_WIDTH, RIB_DEPTH = 24.0, 7.0, 15.5  # mm


@dataclass(frozen=True)
class Layout:
    """Where things are, mm from the middle of the field of view and radians.

    Attributes:
        wall_direction, wall_distance: of the chest wall's inner face.
        ribs: shift of the ribs along it.
        liver, dome: height of the diaphragm's top and where along the first axis it is.
        aorta: centre and radius of the descending aorta; the radius is 0 where it is out of the field.
        stomach: the same of the stomach.
    """

    wall_direction: float
    wall_distance: float
    ribs: float
    liver: float
    dome: float
    aorta: tuple[float, float, float]
    stomach: tuple[float, float, float]


def draw_layout(rng: np.random.Generator) -> Layout:
    """Draw what surrounds a heart."""
    return Layout(
        wall_direction=float(np.radians(rng.uniform(195, 250))),
        wall_distance=float(rng.uniform(50, 62)),
        ribs=float(rng.uniform(0, RIB_PITCH)),
        liver=float(rng.uniform(30, 48)),
        dome=float(rng.uniform(-30, 0)),
        aorta=_draw_disc(rng, (48, 62), (30, 45), (9, 12)),
        stomach=_draw_disc(rng, (35, 60), (55, 70), (12, 20)),
    )


def _draw_disc(
    rng: np.random.Generator, x: tuple[float, float], y: tuple[float, float], radius: tuple[float, float]
) -> tuple[float, float, float]:
    """Centre and radius within their ranges; the radius is 0 for half of all hearts."""
    return float(rng.uniform(*x)), float(rng.uniform(*y)), float(rng.uniform(*radius) * (rng.random() < 0.5))


class Thorax:
    """The surroundings of one heart."""

    def __init__(self, rng: np.random.Generator, grid: Grid, blend: float) -> None:
        """``blend`` is the width of a border between tissues, mm."""
        self.layout, self.blend = draw_layout(rng), blend
        self.fine, self.coarse = Texture(rng, grid, 2.0), Texture(rng, grid, 4.5)

    def paint(self, points: np.ndarray) -> np.ndarray:
        """Intensity at points of phase 0, ``(3, ...)`` mm."""
        x, y, level = points
        fine, coarse, layout = self.fine(points), self.coarse(points), self.layout
        image = LUNG * (1 + 0.3 * coarse) + (VESSEL - LUNG) * _above(fine, 2.1, 0.15)
        liver = LIVER * (1 + 0.05 * fine + 0.04 * coarse) + (LIVER_VESSEL - LIVER) * _above(coarse, 1.5, 0.2)
        top = layout.liver + DIAPHRAGM_ROUNDING * (x - layout.dome) ** 2 + 0.15 * (level - 38)
        image = self._over(image, liver, top - y)
        for (a, b, radius), value in ((layout.stomach, STOMACH * (1 + 0.3 * coarse)), (layout.aorta, AORTA)):
            if radius:
                image = self._over(image, value, np.hypot(x - a, y - b) - radius)
        return self._chest_wall(image, x, y, fine)

    def _chest_wall(self, image: np.ndarray, x: np.ndarray, y: np.ndarray, fine: np.ndarray) -> np.ndarray:
        direction = self.layout.wall_direction
        depth = np.cos(direction) * x + np.sin(direction) * y - self.layout.wall_distance
        along = np.cos(direction) * y - np.sin(direction) * x
        depth = depth + along**2 / 300  # the chest is round
        for start, value in LAYERS:
            image = self._over(image, value * (1 + 0.08 * fine), start - depth)
        place = np.mod(along + self.layout.ribs, RIB_PITCH) - RIB_PITCH / 2
        return self._over(image, BONE + 0.05 * fine, np.hypot(place, 1.3 * (depth - RIB_DEPTH)) - RIB_WIDTH)

    def _over(self, image: np.ndarray, value: np.ndarray | float, distance: np.ndarray) -> np.ndarray:
        """Paint a value where a signed distance, mm, is negative."""
        return image + (value - image) / (1 + np.exp(np.clip(distance / self.blend, -30, 30)))


def _above(noise: np.ndarray, threshold: float, width: float) -> np.ndarray:
    """1 where noise is above a threshold, 0 below, blended over a width."""
    return 1 / (1 + np.exp(np.clip((threshold - noise) / width, -30, 30)))
