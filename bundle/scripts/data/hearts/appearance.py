"""How a heart looks in its scanner: flow in the blood, coil sensitivity, unsteady gain and Rician noise."""

from __future__ import annotations

import numpy as np

from ..noise import smooth_noise
from .anatomy import Tissue
from .grid import Grid

BRIGHTEST = (280.0, 600.0)  # range of the intensity that is 1 before the scanner
BIAS, BIAS_SMOOTHNESS = 0.12, 45.0  # relative, mm
COIL = (0.0, 0.0025)  # relative per mm: sensitivity falls from the chest wall to the back
BLOOD_SWING = (0.03, 0.12)  # relative: brightening and dimming of the blood over a cycle
FLOW, FLOW_SMOOTHNESS, FLOW_TIMES = (0.06, 0.16), 5.0, 6  # relative, mm, and how often a cycle it is drawn anew
GAIN = 0.01  # standard deviation from frame to frame, relative
NOISE = (0.008, 0.022)  # standard deviation, of the brightest


class Scanner:
    """What turns the tissue of one heart into images."""

    def __init__(self, rng: np.random.Generator, grid: Grid) -> None:
        self.rng, self.grid = rng, grid
        self.brightest, self.noise, self.swing = (rng.uniform(*span) for span in (BRIGHTEST, NOISE, BLOOD_SWING))
        self.swing_phase, strength = rng.uniform(0, 1), rng.uniform(*FLOW)
        direction = np.radians(rng.uniform(195, 250))
        x, y, _ = grid.points
        coil = rng.uniform(*COIL) * (np.cos(direction) * x + np.sin(direction) * y)
        self.sensitivity = np.exp(coil + BIAS * self._smooth(BIAS_SMOOTHNESS))
        self.flow = [strength * self._smooth(FLOW_SMOOTHNESS) for _ in range(FLOW_TIMES)]

    def render(self, tissue: Tissue, phase: float) -> np.ndarray:
        """The image of a frame, ``(X, Y, Z)`` int16."""
        swing = self.swing * (np.sin(2 * np.pi * (phase - self.swing_phase)) + np.sin(2 * np.pi * self.swing_phase))
        image = tissue.mean * (1 + tissue.blood * (swing + self._flow_at(phase)))
        image = image * self.sensitivity * (1 + GAIN * self.rng.normal())
        real, imaginary = self.noise * self.rng.standard_normal((2, *image.shape))
        return np.round(self.brightest * np.hypot(image + real, imaginary)).astype(np.int16)

    def _flow_at(self, phase: float) -> np.ndarray:
        """Between the two draws around a phase; periodic."""
        place = (phase % 1) * FLOW_TIMES
        before, share = int(place) % FLOW_TIMES, place % 1
        first, second = self.flow[before], self.flow[(before + 1) % FLOW_TIMES]
        return (1 - share) * first + share * second

    def _smooth(self, smoothness: float) -> np.ndarray:
        return smooth_noise(self.rng, self.grid.spatial_size, [smoothness / step for step in self.grid.spacing])
