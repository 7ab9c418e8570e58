"""Two images and their labels, read and found to be a pair that can be registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..errors import InputError
from ..spatial import map_points
from .frame import Frame
from .images import Image, read_image, read_label, read_mask

LEAST_COSINE = 0.5  # of the angle between the planes of two slices


@dataclass(frozen=True, eq=False)
class Pair:
    """What is registered: the images, their labels and masks where given, and the frame of the fixed image."""

    fixed: Image
    moving: Image
    fixed_label: Image | None
    moving_label: Image | None
    frame: Frame
    fixed_mask: Image | None = None
    moving_mask: Image | None = None

    @property
    def notes(self) -> list[str]:
        """What was decided on reading and a user should know."""
        more = (self.fixed_label, self.moving_label, self.fixed_mask, self.moving_mask)
        images = (self.fixed, self.moving, *more)
        return [image.note for image in images if image is not None and image.note]


def read_pair(
    fixed: str,
    moving: str,
    fixed_label: str | None = None,
    moving_label: str | None = None,
    fixed_mask: str | None = None,
    moving_mask: str | None = None,
    as_placed: bool = True,
) -> Pair:
    """Read a pair.

    Args:
        fixed, moving: image files.
        fixed_label, moving_label: label maps of theirs.
        fixed_mask, moving_mask: label maps of theirs, not 0 where they are compared.
        as_placed: whether the images are registered as their headers place them; else they may lie apart.

    Raises:
        InputError: if a file cannot be read, or as :func:`pair_up`, or the images do not overlap in space.
    """
    first, second = read_image(fixed), read_image(moving)
    of_first = read_label(fixed_label, first) if fixed_label else None
    of_second = read_label(moving_label, second) if moving_label else None
    pair = pair_up(first, second, of_first, of_second)
    dims = len(pair.fixed.geometry.size)
    compared = read_mask(fixed_mask, first).in_space(dims) if fixed_mask else None
    compared_moving = read_mask(moving_mask, second).in_space(dims) if moving_mask else None
    pair = replace(pair, fixed_mask=compared, moving_mask=compared_moving)
    if as_placed:
        _check_overlap(pair)
    return pair


def pair_up(fixed: Image, moving: Image, fixed_label: Image | None = None, moving_label: Image | None = None) -> Pair:
    """Put two images and their labels into one space.

    Raises:
        InputError: if one image is a slice and the other a volume, or two slices lie across each other.
    """
    _check_dimensions(fixed, moving)
    dims = max(len(image.geometry.size) for image in (fixed, moving))
    first, second = fixed.in_space(dims), moving.in_space(dims)
    of_first, of_second = (label and label.in_space(dims) for label in (fixed_label, moving_label))
    frame = Frame.of(first.geometry)
    _check_planes(first, second, frame)
    return Pair(first, second, of_first, of_second, frame)


def _check_dimensions(fixed: Image, moving: Image) -> None:
    dims, moving_dims = fixed.array.ndim, moving.array.ndim
    if dims != moving_dims:
        raise InputError(
            f"{fixed.path} is a {dims}-D image and {moving.path} a {moving_dims}-D one; give two slices or two volumes."
        )


def _check_planes(fixed: Image, moving: Image, frame: Frame) -> None:
    cosine = frame.cosine(moving.geometry)
    if cosine < LEAST_COSINE:
        angle = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
        raise InputError(
            f"the slices {fixed.path} and {moving.path} lie in planes {angle:.0f} degrees apart; their headers should "
            "put them into nearly one plane."
        )


def _check_overlap(pair: Pair) -> None:
    fixed, moving, frame = pair.fixed, pair.moving, pair.frame
    to_moving = np.linalg.inv(frame.coordinates(moving.geometry)) @ frame.coordinates(fixed.geometry)
    if not overlap(fixed.array.shape, moving.array.shape, to_moving):
        raise InputError(
            f"{fixed.path} and {moving.path} do not overlap in space; correct the origin or direction of one of them."
        )


def overlap(fixed_size: Sequence[int], moving_size: Sequence[int], to_moving: np.ndarray) -> bool:
    """Whether any of 33 points an axis of the fixed grid lies on the moving one.

    Args:
        fixed_size, moving_size: sizes of the two grids.
        to_moving: ``(D + 1, D + 1)``, from fixed index to moving index.
    """
    axes = [torch.linspace(0, size - 1, min(size, 33), dtype=torch.float64) for size in fixed_size]
    points = map_points(to_moving[:-1], torch.stack(torch.meshgrid(*axes, indexing="ij"))[None])[0].flatten(1)
    end = torch.tensor(moving_size, dtype=torch.float64)[:, None] - 0.5
    return bool(((points >= -0.5) & (points <= end)).all(dim=0).any())
