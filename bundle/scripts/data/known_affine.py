"""Pairs under random affine maps that are known: what a network is to find."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform, RandomizableTransform
from torch import Tensor

from ..spatial import grid_points, sample

IMAGES = ("moving", "fixed")
LABELS = ("moving_label", "fixed_label")


class RandomAffinePaird(RandomizableTransform, MapTransform):
    """The images of a pair under affine maps of their own, drawn anew, and the map that then lies between them.

    For images that lie over each other, as those of a data set that went through the affine stage. Between two subjects
    that is nearly true; of ``same`` of the pairs both images are those of one subject, of which it is exactly so.

    Args:
        rotation: greatest angle, degrees; in 3-D about an axis of any direction.
        scale: least and greatest size, of what is seen to what it was.
        stretch: greatest relative difference from it along an axis.
        shear: greatest, as the tangent of an angle.
        shift: greatest distance along an axis, in sizes of the image.
        same: share of the pairs that are of one subject.
        crop: probability that of an image only a part is seen, a box.
        least: share of an axis that such a box has at least.
        flip: probability that both images are mirrored before, left to right.
        labels: whether label maps are moved, too; else they are left out.
        moved: which of the two images are moved and cropped; the other stays as it is.
    """

    def __init__(
        self,
        rotation: float = 180.0,
        scale: tuple[float, float] = (0.7, 1.4),
        stretch: float = 0.1,
        shear: float = 0.1,
        shift: float = 0.1,
        same: float = 0.5,
        crop: float = 0.0,
        least: float = 0.5,
        flip: float = 0.0,
        labels: bool = True,
        moved: Sequence[str] = IMAGES,
    ) -> None:
        MapTransform.__init__(self, (*IMAGES, *LABELS), allow_missing_keys=True)
        RandomizableTransform.__init__(self, 1.0)
        self.rotation, self.scale, self.stretch, self.shear = rotation, scale, stretch, shear
        self.shift, self.same, self.crop, self.least, self.flip = shift, same, crop, least, flip
        self.labels, self.moved = labels, tuple(moved)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """``moving, fixed`` ``(1, *S)`` and their labels, moved, and ``affine`` ``(D, D + 1)``, fixed voxel to moving.

        What of an image lay outside is background.
        """
        pair = {key: value for key, value in data.items() if self.labels or key not in LABELS}
        if self.R.random() < self.flip:
            pair = {key: value.flip(1) for key, value in pair.items()}
        if self.R.random() < self.same:
            pair.update({f"moving{end}": pair[f"fixed{end}"] for end in ("", "_label") if f"fixed{end}" in pair})
        maps = {name: np.eye(pair[name].ndim) for name in IMAGES}
        for name in self.moved:
            maps[name] = self._drawn(pair[name].shape[1:])
            points = grid_points(pair[name].shape[1:], maps[name][:-1], torch.float32)
            pair[name] = self._cropped(sample(pair[name][None], points)[0])
            if f"{name}_label" in pair:
                label = pair[f"{name}_label"]
                pair[f"{name}_label"] = sample(label[None], points, "nearest")[0].to(label.dtype)
        between = np.linalg.inv(maps["moving"]) @ maps["fixed"]
        return {**pair, "affine": torch.from_numpy(between[:-1]).float()}

    def _cropped(self, image: Tensor) -> Tensor:
        """At times a random box of it alone."""
        if self.R.random() >= self.crop:
            return image
        seen = torch.zeros_like(image)
        size = [round(n * self.R.uniform(self.least, 1)) for n in image.shape[1:]]
        starts = [self.R.randint(n - kept + 1) for n, kept in zip(image.shape[1:], size, strict=True)]
        box = (slice(None), *(slice(start, start + kept) for start, kept in zip(starts, size, strict=True)))
        seen[box] = image[box]
        return seen

    def _drawn(self, spatial_size: tuple[int, ...]) -> np.ndarray:
        """A random map ``(D + 1, D + 1)`` of voxels around the middle of the image, from what is seen to the image."""
        dims = len(spatial_size)
        low, high = np.log(self.scale)
        size = np.exp(self.R.uniform(low, high) + self.R.uniform(-1, 1, dims) * np.log1p(self.stretch))
        slant = np.eye(dims) + np.triu(self.R.uniform(-self.shear, self.shear, (dims, dims)), 1)
        around = np.eye(dims + 1)
        around[:-1, :-1] = np.linalg.inv(self._rotation(dims) @ slant @ np.diag(size))
        middle, back = np.eye(dims + 1), np.eye(dims + 1)
        back[:-1, -1] = (np.array(spatial_size) - 1) / 2
        middle[:-1, -1] = -back[:-1, -1] + self.R.uniform(-self.shift, self.shift, dims) * spatial_size
        return back @ around @ middle

    def _rotation(self, dims: int) -> np.ndarray:
        """About an axis of any direction in 3-D, in the plane in 2-D: the exponential of an antisymmetric matrix."""
        plane = random_plane(self.R.standard_normal((dims, dims)))
        return rotation_in(plane, np.deg2rad(self.rotation) * self.R.random())


def random_plane(normal: np.ndarray) -> np.ndarray:
    """A plane of any direction, as :func:`rotation_in` takes it, of normally distributed numbers ``(D, D)``."""
    plane: np.ndarray = normal - normal.T
    return plane / (np.linalg.norm(plane) / np.sqrt(2))


def rotation_in(plane: np.ndarray, angle: float) -> np.ndarray:
    """The rotation by ``angle`` (radians) in a plane: ``(D, D)`` antisymmetric, of norm sqrt 2 (Rodrigues' formula)."""
    turn: np.ndarray = np.eye(len(plane)) + np.sin(angle) * plane + (1 - np.cos(angle)) * plane @ plane
    return turn
