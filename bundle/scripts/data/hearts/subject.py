"""One subject of the cohort of hearts, from a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy
from .appearance import Scanner
from .cycle import end_systole
from .grid import Grid, make_grid
from .motion import Motion
from .traits import BREATHING, draw_traits

BLEND = 0.45  # of a voxel in the plane: half the width of the border between two tissues
DECIMALS = 4  # of a displacement in mm: rounding errors of the first frame's are none


@dataclass(frozen=True)
class Subject:
    """A sequence of T frames over one cycle, the first at end-diastole.

    Attributes:
        grid: of every frame.
        motion: of which ``displacement`` is a sample.
        images: ``(X, Y, Z, T)`` int16.
        labels: ``(X, Y, Z, T)`` uint8.
        displacement: ``(X, Y, Z, T, 3)`` float32, mm along the axes of the array: what is in a voxel of the first
            frame is that far away in each frame.
        frame_seconds: time from a frame to the next.
    """

    grid: Grid
    motion: Motion
    images: np.ndarray
    labels: np.ndarray
    displacement: np.ndarray
    frame_seconds: float


def make_subject(
    seed: int, index: int, spatial_size: Sequence[int], num_frames: int, breathing: float = BREATHING
) -> Subject:
    """Make a subject.

    Args:
        seed: of the cohort.
        index: of the subject; with the size and the number of frames they decide everything.
        spatial_size: two sizes for a stack of slices, three for a volume.
        num_frames: T, of which the last is one step before the next cycle.
        breathing: largest drift, mm.
    """
    shape, texture, noise = (np.random.default_rng(key) for key in np.random.SeedSequence([seed, index]).spawn(3))
    grid, traits = make_grid(spatial_size), draw_traits(shape, breathing)
    motion = Motion(traits, end_systole(traits, num_frames) / num_frames, len(spatial_size) == 3)
    anatomy = Anatomy(texture, motion, grid, BLEND * max(grid.spacing[:2]))
    scanner = Scanner(noise, grid)
    phases = [frame / num_frames for frame in range(num_frames)]
    images, labels, displacement = [], [], []
    for phase in phases:
        before = motion.backward(grid.points, phase)
        images.append(scanner.render(anatomy.paint(before), phase))
        labels.append(anatomy.label(before))
        displacement.append(np.round(motion.forward(grid.points, phase) - grid.points, DECIMALS).astype(np.float32))
    fields = np.moveaxis(np.stack(displacement), (0, 1), (-2, -1))
    return Subject(grid, motion, np.stack(images, -1), np.stack(labels, -1), fields, traits.period / num_frames)
