"""Which planes of an image a figure shows: through the middle of what is brighter than the background.

A volume whose orientation is known is shown upright, from the front and from below, as radiologists look at it. Of one
whose orientation is not known the planes have numbers instead of names; they stand upright where the array axes run
left-right, superior to inferior, posterior to anterior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ORIENTATIONS = ((0, 1, False), (0, 2, True), (2, 1, False))  # axis across, axis down, drawn bottom to top?
ANATOMICAL = {
    "sagittal": ("PA", "SI"),
    "coronal": ("RL", "SI"),
    "axial": ("RL", "AP"),
}  # from left to right, top to foot
CONVENTION = "The patient's left (L) is on the right of the picture: radiological convention."
MARGIN = 4  # voxels around the brain


@dataclass(frozen=True)
class View:
    """A plane through the middle of ``box``: which array axes run across and down the page.

    Attributes:
        across, down: the array axes.
        flip: the axis down the page is drawn bottom to top.
        box: what is shown, a slice an array axis.
        mirror: the axis across the page is drawn right to left.
        name: of the anatomical plane, empty where the orientation is not known.
        sides: letters of the directions to the left and the right of the picture, empty likewise.
        voxel: its size across and down, in one unit.
    """

    across: int
    down: int
    flip: bool
    box: tuple[slice, ...]
    mirror: bool = False
    name: str = ""
    sides: tuple[str, str] = ("", "")
    voxel: tuple[float, float] = (1.0, 1.0)

    def plane(self, array: np.ndarray, crop: bool = True) -> np.ndarray:
        """The plane of an array ``(..., *S)`` as ``(..., down, across)``; all of it or what lies in the box."""
        index: list[Any] = list(self.box) if crop else [slice(None)] * len(self.box)
        for axis in self.cut_axes():
            index[axis] = self.position(axis)
        cut = array[(..., *index)]
        return cut if self.down < self.across else np.swapaxes(cut, -1, -2)

    def cut_axes(self) -> list[int]:
        """The axes that the plane does not show: none in 2-D, one in 3-D."""
        return [axis for axis in range(len(self.box)) if axis not in (self.across, self.down)]

    def position(self, axis: int) -> int:
        """Where the plane cuts an axis."""
        return (self.box[axis].start + self.box[axis].stop) // 2

    def label(self) -> str:
        """Which plane it is and where it cuts the volume; empty in 2-D."""
        name = f"{self.name}, slice" if self.name else ""
        return ", ".join(f"{name or f'axis {axis} at'} {self.position(axis)}" for axis in self.cut_axes())

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top in voxel coordinates, the first row on top."""
        across, down = self.box[self.across], self.box[self.down]
        return across.start - 0.5, across.stop - 0.5, down.stop - 0.5, down.start - 0.5

    def aspect(self) -> float:
        """Height over width, as the voxels lie in space."""
        left, right, bottom, top = self.extent()
        return (bottom - top) * self.voxel[1] / ((right - left) * self.voxel[0])


def bounding_box(images: Sequence[np.ndarray], margin: int = MARGIN) -> tuple[slice, ...]:
    """The smallest box around what is brighter than the background in any image ``(*S)``, and a margin."""
    shape = images[0].shape
    bright = np.zeros(shape, dtype=bool)
    for image in images:
        bright |= image > image.min() + 0.05 * (image.max() - image.min())
    if not bright.any():
        return tuple(slice(0, size) for size in shape)
    found = np.argwhere(bright)
    low, high = found.min(axis=0) - margin, found.max(axis=0) + margin + 1
    return tuple(slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(low, high, shape, strict=True))


def central_views(box: tuple[slice, ...], orientation: str = "") -> list[View]:
    """The plane itself in 2-D, the three orthogonal planes through the middle of the box in 3-D.

    Args:
        box: what is shown, a slice an array axis.
        orientation: of a volume, a letter an axis, of where its index grows to: ``LIA`` is to the patient's left, down
            and to the front. Empty where it is not known; in 2-D it says nothing.
    """
    if len(box) != 3 or not orientation:
        return [View(*axes, box) for axes in ORIENTATIONS if max(axes[:2]) < len(box)]
    return [_anatomical(name, across, down, box, orientation) for name, (across, down) in ANATOMICAL.items()]


def _anatomical(name: str, across: str, down: str, box: tuple[slice, ...], orientation: str) -> View:
    """The plane with the directions ``across`` from the left to the right and ``down`` from the top to the foot."""
    first, second = (next(k for k, letter in enumerate(orientation) if letter in ends) for ends in (across, down))
    flip, mirror = orientation[second] != down[1], orientation[first] != across[1]
    return View(first, second, flip, box, mirror, name, (across[0], across[1]))
