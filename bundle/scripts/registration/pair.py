"""Two images and their labels, read and found to be a pair that can be registered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .geometry import Frame
from .images import Image, read_image, read_label
from .prepare import overlap

LEAST_COSINE = 0.5  # of the angle between the planes of two slices


@dataclass(frozen=True, eq=False)
class Pair:
    """What is registered: the images, their labels where given, and the frame of the fixed image."""

    fixed: Image
    moving: Image
    fixed_label: Image | None
    moving_label: Image | None
    frame: Frame

    @property
    def notes(self) -> list[str]:
        """What was decided on reading and a user should know."""
        images = (self.fixed, self.moving, self.fixed_label, self.moving_label)
        return [image.note for image in images if image is not None and image.note]


def read_pair(fixed: str, moving: str, fixed_label: str | None = None, moving_label: str | None = None) -> Pair:
    """Read a pair.

    Raises:
        InputError: if a file cannot be read, or one image is a slice and the other a volume, or two slices lie across
            each other, or the images do not overlap in space.
    """
    first, second = read_image(fixed), read_image(moving)
    _check_dimensions(first, second)
    dims = max(len(image.geometry.size) for image in (first, second))
    of_first = read_label(fixed_label, first).in_space(dims) if fixed_label else None
    of_second = read_label(moving_label, second).in_space(dims) if moving_label else None
    first, second = first.in_space(dims), second.in_space(dims)
    frame = Frame.of(first.geometry)
    _check_space(first, second, frame)
    return Pair(first, second, of_first, of_second, frame)


def _check_dimensions(fixed: Image, moving: Image) -> None:
    dims, moving_dims = fixed.array.ndim, moving.array.ndim
    if dims != moving_dims:
        raise InputError(
            f"{fixed.path} is a {dims}-D image and {moving.path} a {moving_dims}-D one; give two slices or two volumes."
        )


def _check_space(fixed: Image, moving: Image, frame: Frame) -> None:
    cosine = frame.cosine(moving.geometry)
    if cosine < LEAST_COSINE:
        angle = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
        raise InputError(
            f"the slices {fixed.path} and {moving.path} lie in planes {angle:.0f} degrees apart; their headers should "
            "put them into nearly one plane."
        )
    to_moving = np.linalg.inv(frame.coordinates(moving.geometry)) @ frame.coordinates(fixed.geometry)
    if not overlap(fixed.array.shape, moving.array.shape, to_moving):
        raise InputError(
            f"{fixed.path} and {moving.path} do not overlap in space; correct the origin or direction of one of them."
        )
