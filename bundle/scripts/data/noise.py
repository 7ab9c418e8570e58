"""Random fields that are smooth in space: texture, bias and velocities of the cohorts that the bundle makes itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn.functional import interpolate

from ..spatial import LINEAR_MODES


def smooth_noise(rng: np.random.Generator, size: Sequence[int], sigma: Sequence[float]) -> np.ndarray:
    """Gaussian noise of unit variance, smoothed by ``sigma`` voxels along each axis, ``(*S)`` float32."""
    factor = max(1, int(min(sigma) / 3))  # smoother noise than that needs no full grid
    coarse = [-(-count // factor) for count in size]
    noise = gaussian_filter(rng.standard_normal(coarse, np.float32), [width / factor for width in sigma], mode="wrap")
    if factor > 1:
        batch = torch.from_numpy(noise)[None, None]
        noise = interpolate(batch, tuple(size), mode=LINEAR_MODES[len(size)], align_corners=False)[0, 0].numpy()
    unit: np.ndarray = noise / noise.std()
    return unit
