"""A made-up brain of ellipsoids, moved by a known affine map: what the tests of the affine search look at."""

from __future__ import annotations

import numpy as np

# Ellipsoids of a made-up brain: centre and radii as fractions of the grid, intensity, label id.
STRUCTURES = [
    ((0.50, 0.50, 0.50), (0.34, 0.40, 0.36), 300.0, 1),
    ((0.36, 0.44, 0.46), (0.09, 0.14, 0.12), 500.0, 24),
    ((0.64, 0.40, 0.54), (0.11, 0.10, 0.13), 800.0, 1002),
    ((0.55, 0.66, 0.42), (0.14, 0.08, 0.10), 650.0, 2035),
]
SIZES = {2: (64, 72), 3: (40, 44, 36)}
MATRICES = {
    2: np.array([[1.06, 0.12], [-0.09, 0.93]]),
    3: np.array([[1.05, 0.10, -0.04], [-0.08, 0.94, 0.06], [0.05, -0.05, 1.04]]),
}


def brain(size: tuple[int, ...], matrix: np.ndarray, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Image and label ``size``, moved by ``centre + matrix (x - centre) + shift``, in voxels."""
    dims, centre = len(size), (np.array(size) - 1) / 2
    points = np.moveaxis(np.indices(size).astype(float), 0, -1)
    points = (points - centre - shift) @ np.linalg.inv(matrix).T + centre
    image, label = np.zeros(size, np.float32), np.zeros(size, np.float32)
    for middle, radii, intensity, identifier in STRUCTURES:
        offset = (points - np.array(middle[:dims]) * size) / (np.array(radii[:dims]) * size)
        inside = 1 / (1 + np.exp(20 * (np.linalg.norm(offset, axis=-1) - 1)))
        image += inside.astype(np.float32) * (intensity - image)
        label[inside > 0.5] = identifier
    return image, label


def still(dims: int) -> tuple[np.ndarray, np.ndarray]:
    return brain(SIZES[dims], np.eye(dims), 0)


def moved(dims: int) -> tuple[np.ndarray, np.ndarray]:
    return brain(SIZES[dims], MATRICES[dims], 2.0)
