"""One subject of the embedded cohort, from two numbers and a size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .anatomy import build_tissue
from .appearance import render
from .deform import draw_points, voxel_spacing
from .traits import draw_traits

BLEND = 0.55  # of a voxel: half the width of the border between two tissues


def make_subject(seed: int, index: int, spatial_size: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Image and label map of a subject.

    Args:
        seed: of the cohort.
        index: of the subject; together they decide everything.
        spatial_size: S, two or three numbers.

    Returns:
        ``(*S)`` float32 image and ``(*S)`` uint8 label map.
    """
    shape, anatomy, scanner = (np.random.default_rng(key) for key in np.random.SeedSequence([seed, index]).spawn(3))
    points = draw_points(shape, spatial_size)
    traits = draw_traits(anatomy, len(spatial_size))
    with torch.inference_mode():
        tissue = build_tissue(points.flatten(1), traits, BLEND * max(voxel_spacing(spatial_size)))
    image = render(tissue, spatial_size, scanner)
    label = tissue.label.reshape(tuple(spatial_size)).numpy() * (image > 0)
    return image, label.astype(np.uint8)
