"""From points to tissue: labels of the ventricles and intensities before any scanner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Grid, Texture
from .motion import Motion
from .thorax import FAT, Thorax

RIGHT, MYOCARDIUM, LEFT = 1, 2, 3
WALL_GREY = 0.27
GROOVE = 0.5  # above the base's plane: thin walls of atria in fat
BLOOD = {LEFT: 0.76, RIGHT: 0.62}
RIGHT_WALL, PERICARDIUM = 3.0, 1.2  # mm: thickness of the right ventricle's wall, and of the dark line around all
FAT_LAYER = (1.5, 2.0)  # mm: mean thickness of the fat in it, and for one standard deviation
TRABECULAE = {LEFT: 2.4, RIGHT: 2.4}  # mm: by which they reach into a cavity, for one standard deviation
PAPILLARY = ((2.1, 0.62, 0.23), (-2.2, 0.6, 0.2))  # angle from the septum, distance and radius relative to the cavity's
PAPILLARY_LEVELS = (14.0, 58.0)  # mm from the base
VALVE, VALVE_THICKNESS = 0.8, 2.5  # share of the valves in what is seen of the base's plane, and mm
NO_CAVITY = 2.0  # mm: a right ventricle narrower than this has none


@dataclass(frozen=True)
class Tissue:
    """What is at every point: ``mean`` intensity, borders blended, and the share of ``blood`` in the ventricles."""

    mean: np.ndarray
    blood: np.ndarray


class Anatomy:
    """One heart and its surroundings at phase 0."""

    def __init__(self, rng: np.random.Generator, motion: Motion, grid: Grid, blend: float) -> None:
        """``blend`` is the width of a border between tissues, mm; about half a voxel."""
        self.motion, self.blend = motion, blend
        self.thorax = Thorax(rng, grid, blend)
        self.fine, self.coarse, self.fat = (Texture(rng, grid, smoothness) for smoothness in (1.8, 3.0, 9.0))

    def label(self, points: np.ndarray) -> np.ndarray:
        """Ids at points of phase 0, ``(3, ...)`` mm; the ventricles end at the base's plane. uint8."""
        squared, walls = self.motion.polar(points)
        inside = [squared < walls.inner, squared < walls.outer, squared < walls.right]
        return (np.select(inside, [LEFT, MYOCARDIUM, RIGHT], 0) * (points[2] >= 0)).astype(np.uint8)

    def paint(self, points: np.ndarray) -> Tissue:
        """Tissue at points of phase 0, ``(3, ...)`` mm: one over another, the inner ones last."""
        squared, walls = self.motion.polar(points)
        radius, inner, outer, right = (np.sqrt(q) for q in (squared, walls.inner, walls.outer, walls.right))
        fine, coarse = self.fine(points), self.coarse(points)
        exists = 1 - np.exp(-(right - outer) / NO_CAVITY)
        above = self._share(points[2])
        grey = (WALL_GREY + (GROOVE - WALL_GREY) * above) * (1 + 0.1 * fine + 0.06 * coarse)
        edge = radius - right - RIGHT_WALL * exists
        fat = np.clip(FAT_LAYER[0] + FAT_LAYER[1] * self.fat(points), 0, None) * (right > 0)
        image = self.thorax.paint(points)
        image = self._over(image, 0.5 * WALL_GREY, edge - fat - PERICARDIUM)
        image = self._over(image, FAT * (1 + 0.05 * fine), edge - fat, fat / (fat + 1))
        image = self._over(image, 0.6 * grey, edge)
        blood = self._share(radius - right + TRABECULAE[RIGHT] * np.abs(coarse)) * exists
        image = image + (BLOOD[RIGHT] - image) * blood
        wall = self._share(radius - outer)
        image, blood = image + (grey - image) * wall, blood * (1 - wall)
        left = self._left_blood(points, radius, inner, fine)
        image, blood = image + (BLOOD[LEFT] - image) * left, blood + (1 - blood) * left
        valves = VALVE * np.exp(-((points[2] / VALVE_THICKNESS) ** 2)) * blood
        return Tissue(image + (grey - image) * valves, blood * (1 - valves))

    def _left_blood(self, points: np.ndarray, radius: np.ndarray, inner: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Share of blood in the left cavity: trabeculae and papillary muscles are not."""
        blood = self._share(radius - inner + TRABECULAE[LEFT] * np.abs(noise)) * (inner > 0)
        top, bottom = PAPILLARY_LEVELS
        reach = np.clip(np.minimum(points[2] - top, bottom - points[2]) / 6, 0, 1)
        for angle, distance, size in PAPILLARY:
            away = self.motion.distance_from(points, angle, distance * inner)
            blood = blood * (1 - reach * self._share(away - size * inner * (1 + 0.25 * noise)))
        return blood

    def _share(self, distance: np.ndarray) -> np.ndarray:
        """1 where a signed distance, mm, is negative, 0 where it is positive."""
        return 1 / (1 + np.exp(np.clip(distance / self.blend, -30, 30)))

    def _over(
        self, image: np.ndarray, value: np.ndarray | float, distance: np.ndarray, strength: np.ndarray | float = 1.0
    ) -> np.ndarray:
        return image + (value - image) * self._share(distance) * strength
