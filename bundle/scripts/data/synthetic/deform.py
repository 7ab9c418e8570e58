"""How a subject differs in shape: an affine map after a smooth diffeomorphism."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from scipy.linalg import expm
from torch import Tensor

from ...spatial import ScalingSquaring, identity_grid, jacobian_determinant, upsample_field
from ..noise import smooth_noise
from .atlas_geometry import FIELD_OF_VIEW, ORIGIN

# Standard deviation of a velocity component and of the Gaussian that smooths it, mm, from large to fine.
SCALES = ((1.1, 26.0), (1.7, 12.0), (1.1, 7.0))
STRENGTH = {2: 1.0, 3: 1.35}  # by the number of axes: with these, subjects overlap as much as real ones do
VELOCITY_GRID = 4.0  # mm: the velocity is integrated on a grid this fine
ROTATION, SCALING, SHIFT = 0.8, 0.015, 0.5  # standard deviations: degrees, relative, mm
BRAIN_CENTRE = (0.0, 92.0, 0.0)  # mm
STILLNESS, STILL_RADIUS = 0.6, 30.0  # nuclei vary less than the cortex: velocity is damped by this within so many mm
SMALLEST_JACOBIAN = 0.15  # on the coarse grid


def draw_points(rng: np.random.Generator, spatial_size: Sequence[int]) -> Tensor:
    """Where in the shared anatomy every voxel of a subject lies.

    Args:
        rng: of the subject.
        spatial_size: S, two or three numbers; whatever its size, the grid covers the whole field of view.

    Returns:
        ``(3, *S)`` mm: left of the midplane, inferior from the top, anterior of the central section; 0 along
        an axis that the grid has not.
    """
    dims = len(spatial_size)
    points = _millimetres(identity_grid(spatial_size) + draw_displacement(rng, spatial_size))
    points = _affine(points, rng)
    return torch.cat([points, points.new_zeros(3 - dims, *spatial_size)])


def _millimetres(coordinates: Tensor) -> Tensor:
    """Voxel coordinates ``(D, *S)`` of a grid of their own size, in the anatomy's millimetres."""
    spacing = voxel_spacing(coordinates.shape[1:])
    return (coordinates + 0.5) * _column(spacing) - _column(ORIGIN[len(spacing)])


def _column(values: Sequence[float]) -> Tensor:
    """One value an axis, shaped to meet ``(D, *S)``."""
    return torch.tensor(values).reshape(-1, *[1] * len(values))


def voxel_spacing(spatial_size: Sequence[int]) -> list[float]:
    """Anatomical size of a voxel, mm, for each axis of the grid."""
    return [extent / size for extent, size in zip(FIELD_OF_VIEW[len(spatial_size)], spatial_size, strict=True)]


def draw_displacement(rng: np.random.Generator, spatial_size: Sequence[int]) -> Tensor:
    """A diffeomorphic displacement, ``(D, *S)`` voxels: the exponential of Gaussian noise at several scales."""
    spacing = voxel_spacing(spatial_size)
    factor = max(1, round(VELOCITY_GRID / max(spacing)))
    coarse = [-(-size // factor) for size in spatial_size]
    velocity = _draw_velocity(rng, coarse, [factor * step for step in spacing])
    ddf = ScalingSquaring(num_steps=6)(velocity)
    # Squarings and upsampling interpolate, so a steep place could fold: it is made less steep.
    while jacobian_determinant(ddf).min() < SMALLEST_JACOBIAN:
        velocity = 0.9 * velocity
        ddf = ScalingSquaring(num_steps=6)(velocity)
    return upsample_field(ddf, spatial_size)[0]


def _draw_velocity(rng: np.random.Generator, size: Sequence[int], spacing: Sequence[float]) -> Tensor:
    """Sum of smooth noises, ``(1, D, *S)``, in voxels of a grid of ``spacing``."""
    velocity = np.zeros((len(size), *size))
    for strength, smoothness in SCALES:
        for axis, step in enumerate(spacing):
            noise = smooth_noise(rng, size, [smoothness / other for other in spacing])
            velocity[axis] += STRENGTH[len(size)] * strength / step * noise
    from_centre = _millimetres(identity_grid(size)) - _column(BRAIN_CENTRE[: len(size)])
    stillness = STILLNESS * torch.exp(-from_centre.square().sum(0) / (2 * STILL_RADIUS**2))
    return (torch.from_numpy(velocity).float() * (1 - stillness))[None]


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
