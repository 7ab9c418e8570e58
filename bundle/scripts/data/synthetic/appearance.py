"""How a subject looks: contrast, bias field, texture and noise on top of the tissue's mean intensities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..noise import smooth_noise
from .anatomy import CORTEX, WHITE_MATTER, Tissue
from .deform import voxel_spacing

GAMMA, GAIN = 0.06, 0.015  # standard deviations, relative: contrast below white matter; all intensities
BIAS, BIAS_SMOOTHNESS = 0.025, 35.0  # relative, mm
TEXTURES = ((0.007, 0.8), (0.009, 3.0))  # standard deviation of the intensity, and smoothness in mm
FLUID_TEXTURE, FLUID_SMOOTHNESS = 0.07, 2.2  # vessels and membranes between brain and skull
NOISE = 0.004
LEVELS = 255  # the images of neurite-OASIS have whole multiples of 1 / 255
BRIGHTEST = 0.9


def render(tissue: Tissue, spatial_size: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """The image of a subject, ``(*S)`` float32 between 0 and 0.9; 0 outside the brain."""
    mean, inside = (part.reshape(tuple(spatial_size)).numpy() for part in (tissue.intensity, tissue.inside))
    noise = _Noise(rng, spatial_size)
    image = WHITE_MATTER * (mean / WHITE_MATTER) ** np.exp(GAMMA * rng.normal())
    unlabelled = tissue.label.reshape(tuple(spatial_size)).numpy() == 0
    fluid = unlabelled * np.clip(1 - mean / CORTEX, 0, 1)
    image += FLUID_TEXTURE * np.abs(noise(FLUID_SMOOTHNESS)) * fluid
    for strength, smoothness in TEXTURES:
        image += strength * noise(smoothness)
    image *= np.exp(GAIN * rng.normal() + BIAS * noise(BIAS_SMOOTHNESS))
    image = np.hypot(image, NOISE * rng.standard_normal(image.shape, np.float32))
    levels = np.round(np.clip(image * inside, 1 / LEVELS, BRIGHTEST) * LEVELS)
    return np.where(inside > 0.5, levels / LEVELS, 0).astype(np.float32)


class _Noise:
    """Smooth noise on the subject's grid by its smoothness in mm."""

    def __init__(self, rng: np.random.Generator, spatial_size: Sequence[int]) -> None:
        self.rng, self.size, self.spacing = rng, tuple(spatial_size), voxel_spacing(spatial_size)

    def __call__(self, smoothness: float) -> np.ndarray:
        return smooth_noise(self.rng, self.size, [smoothness / step for step in self.spacing])
