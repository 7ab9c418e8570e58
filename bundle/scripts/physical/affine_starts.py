"""Guesses from which the affine search may start."""

from __future__ import annotations

from itertools import combinations, product

import itk
import numpy as np

from .intensity import border
from .itk_images import geometry_of


def identity(spatial_dims: int) -> itk.AffineTransform:
    """Affine transform of ``spatial_dims`` dimensions that moves nothing."""
    transform = itk.AffineTransform[itk.D, spatial_dims].New()
    transform.SetIdentity()
    return transform


def starts(fixed: itk.Image, moving: itk.Image) -> tuple[list[itk.AffineTransform], list[itk.AffineTransform]]:
    """No motion, aligned centres of gravity, and aligned objects, unturned and with their main axes aligned.

    The object is what differs from the image's border, be it brighter or darker. The centre of rotation is that of the
    fixed image either way: it decouples matrix and translation.

    Args:
        fixed, moving: scalar images, finite and not constant.

    Returns:
        Those that turn nothing, and those that align main axes.
    """
    dims = fixed.GetImageDimension()
    (gravity, moving_gravity), (centre, moving_centre) = (
        [_moments(image, objects)[0] for image in (fixed, moving)] for objects in (False, True)
    )
    still = np.eye(dims)
    guesses = [(still, gravity, np.zeros(dims)), (still, gravity, moving_gravity - gravity)]
    guesses += [(still, centre, moving_centre - centre)]
    turned = [(turn, centre, moving_centre - centre) for turn in _turns(fixed, moving)]
    return [_transform(*guess) for guess in guesses], [_transform(*guess) for guess in turned]


def about_centre(fixed: itk.Image, affine: np.ndarray) -> itk.AffineTransform:
    """The map ``(D + 1, D + 1)`` as a transform about the fixed object's centre, as all starts are."""
    centre = _moments(fixed, True)[0]
    matrix, shift = affine[:-1, :-1], affine[:-1, -1]
    return _transform(matrix, centre, matrix @ centre + shift - centre)


def _transform(matrix: np.ndarray, centre: np.ndarray, translation: np.ndarray) -> itk.AffineTransform:
    transform = identity(len(centre))
    transform.SetCenter(centre.tolist())
    transform.SetMatrix(itk.matrix_from_array(np.ascontiguousarray(matrix)))
    transform.SetTranslation(translation.tolist())
    return transform


def _turns(fixed: itk.Image, moving: itk.Image) -> list[np.ndarray]:
    """Rotations that take the main axes of the fixed object to those of the moving one, either way round each."""
    axes, moving_axes = (np.linalg.eigh(_moments(image, True)[1])[1] for image in (fixed, moving))
    signs = product((1.0, -1.0), repeat=len(axes))
    rotations = [moving_axes @ np.diag(sign) @ axes.T for sign in signs]
    return [rotation for rotation in rotations if np.linalg.det(rotation) > 0]


def _moments(image: itk.Image, objects: bool) -> tuple[np.ndarray, np.ndarray]:
    """Centre of gravity ``(D,)`` and covariance ``(D, D)``, mm: of the intensities, or of what the border is not.

    ITK's calculator takes intensities alone.
    """
    values = itk.array_view_from_image(image).T.astype(np.float64)
    weights = np.abs(values - np.median(border(values))) if objects else values
    weights = weights / weights.sum()
    geometry, dims = geometry_of(image), values.ndim
    along = [weights.sum(axis=tuple(k for k in range(dims) if k != axis)) for axis in range(dims)]
    centre = np.array([sums @ np.arange(len(sums)) for sums in along])
    offsets = [np.arange(size) - middle for size, middle in zip(values.shape, centre, strict=True)]
    spread = np.diag([sums @ offset**2 for sums, offset in zip(along, offsets, strict=True)])
    for i, j in combinations(range(dims), 2):
        plane = weights.sum(axis=tuple(k for k in range(dims) if k not in (i, j)))
        spread[i, j] = spread[j, i] = offsets[i] @ plane @ offsets[j]
    return geometry.matrix @ centre + geometry.origin, geometry.matrix @ spread @ geometry.matrix.T
