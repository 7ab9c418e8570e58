"""How far the heart has contracted and breathing has moved it, by the phase: 0 and 1 are a cycle's start and end."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from .traits import Traits

# Share of the diastole that has passed, and contraction then: rapid filling, diastasis, the atria's contraction.
DIASTOLE = ((0.0, 1.0), (0.38, 0.3), (0.72, 0.2), (1.0, 0.0))


def end_systole(traits: Traits, num_frames: int) -> int:
    """Index of the frame in which the heart is smallest: from 1 on."""
    return int(np.clip(round(traits.systole * num_frames), 1, num_frames - 1))


def contraction(phase: float, systole: float) -> float:
    """0 at end-diastole, 1 at end-systole (the phase ``systole``); smooth and periodic."""
    knots = [(0.0, 0.0), *((systole + share * (1 - systole), value) for share, value in DIASTOLE)]
    cycles = [(place + start, value) for start in (-1, 0, 1) for place, value in knots[1:]]
    places, values = zip(*cycles, strict=True)
    return float(PchipInterpolator(places, values)(phase))


def drift(phase: float, traits: Traits) -> np.ndarray:
    """Displacement by breathing since phase 0, ``(3,)`` mm; not periodic."""
    return np.array(traits.drift) * np.sin(np.pi / 2 * traits.drift_rate * phase)
