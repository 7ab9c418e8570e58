"""How a subject differs in shape: an affine map after a smooth diffeomorphism."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.linalg import expm
from torch import Tensor

from ...spatial import ScalingSquaring, identity_grid, jacobian_determinant, upsample_field
from .atlas_geometry import FIELD_OF_VIEW

# Standard deviation of a velocity component and of the Gaussian that smooths it, mm, from large to fine.
SCALES = ((2.6, 26.0), (2.2, 12.0), (1.2, 7.0))
VELOCITY_GRID = 4.0  # mm: the velocity is integrated on a grid this fine
ROTATION, SCALING, SHIFT = 1.5, 0.02, 1.2  # standard deviations: degrees, relative, mm
BRAIN_CENTRE = (0.0, 85.0, 0.0)  # mm
ANTERIOR_ORIGIN = 0.5  # of the field of view: the plane of the coronal section
SMALLEST_JACOBIAN = 0.15


def draw_points(rng: np.random.Generator, spatial_size: Sequence[int]) -> Tensor:
    """Where in the shared anatomy every voxel of a subject lies.

    Args:
        rng: of the subject.
        spatial_size: S, two or three numbers; whatever its size, the grid covers the first D axes of the field of view.

    Returns:
        ``(3, *S)`` mm: left of the midplane, inferior from the top, anterior of the central section; 0 along
        an axis that the grid has not.
    """
    spacing = voxel_spacing(spatial_size)
    column = (-1,) + (1,) * len(spatial_size)
    ddf = draw_displacement(rng, spatial_size)
    steps = torch.tensor(spacing).reshape(column)
    points = (identity_grid(spatial_size) + 0.5 + ddf) * steps
    centre = np.array(FIELD_OF_VIEW) * (0.5, 0.0, ANTERIOR_ORIGIN) + (0, 0.5, 0)
    points = points - torch.tensor(centre[: len(spacing)], dtype=torch.float32).reshape(column)
    points = _affine(points, rng)
    return torch.cat([points, points.new_zeros(3 - len(spacing), *spatial_size)])


def voxel_spacing(spatial_size: Sequence[int]) -> list[float]:
    """Anatomical size of a voxel, mm, for each axis of the grid."""
    return [extent / size for extent, size in zip(FIELD_OF_VIEW, spatial_size, strict=False)]


def draw_displacement(rng: np.random.Generator, spatial_size: Sequence[int]) -> Tensor:
    """A diffeomorphic displacement, ``(D, *S)`` voxels: the exponential of Gaussian noise at several scales."""
    spacing = voxel_spacing(spatial_size)
    factor = max(1, int(VELOCITY_GRID / max(spacing)))
    coarse = [-(-size // factor) for size in spatial_size]
    velocity = _draw_velocity(rng, coarse, [factor * step for step in spacing])
    ddf = ScalingSquaring(num_steps=6)(velocity)
    # The squarings interpolate, so a rare steep place could fold: it is made less steep.
    while jacobian_determinant(ddf).min() < SMALLEST_JACOBIAN:
        velocity = 0.9 * velocity
        ddf = ScalingSquaring(num_steps=6)(velocity)
    return upsample_field(ddf, spatial_size)[0]


def _draw_velocity(rng: np.random.Generator, size: Sequence[int], spacing: Sequence[float]) -> Tensor:
    """Sum of smooth noises, ``(1, D, *S)``, in voxels of a grid of ``spacing``."""
    velocity = np.zeros((len(size), *size))
    for strength, smoothness in SCALES:
        for axis, step in enumerate(spacing):
            velocity[axis] += strength / step * smooth_noise(rng, size, [smoothness / other for other in spacing])
    return torch.from_numpy(velocity).float()[None]


def smooth_noise(rng: np.random.Generator, size: Sequence[int], sigma: Sequence[float]) -> np.ndarray:
    """Gaussian noise of unit variance, smoothed by ``sigma`` voxels along each axis, ``(*S)``."""
    noise: np.ndarray = gaussian_filter(rng.standard_normal(size), sigma, mode="wrap")
    return noise / noise.std()


def _affine(points: Tensor, rng: np.random.Generator) -> Tensor:
    """Rotate, scale and shift points ``(D, *S)`` about the brain's centre."""
    dims = len(points)
    matrix = _draw_rotation(rng, dims) @ np.diag(np.exp(rng.normal(0, SCALING, dims)))
    centre = np.array(BRAIN_CENTRE[:dims])
    offset = centre - matrix @ centre + rng.normal(0, SHIFT, dims)
    flat = torch.from_numpy(matrix).float() @ points.flatten(1) + torch.from_numpy(offset).float().unsqueeze(1)
    return flat.reshape(points.shape)


def _draw_rotation(rng: np.random.Generator, dims: int) -> np.ndarray:
    """A small rotation: one angle for every pair of axes."""
    generator = np.zeros((dims, dims))
    for i, j in combinations(range(dims), 2):
        generator[i, j] = np.radians(rng.normal(0, ROTATION))
    rotation: np.ndarray = expm(generator - generator.T)
    return rotation
