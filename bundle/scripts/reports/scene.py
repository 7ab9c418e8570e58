"""One registration as its figure sees it: images, maps and the scales that its panels share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import InputError
from .panels import Limits, bright_end, intensity_limits

SQUARES = 12  # of a checkerboard along the longest axis


@dataclass(frozen=True)
class Scene:
    """One registration: images and maps ``(*S)``, ``ddf (D, *S)``, label maps by image, and shared scales."""

    fixed: np.ndarray
    moving: np.ndarray
    warped: np.ndarray
    ddf: np.ndarray
    jac_det: np.ndarray
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.fixed.shape
        if len(shape) not in (2, 3):
            raise InputError(f"A registration figure needs images of 2 or 3 dimensions, not of shape {shape}.")
        if self.ddf.shape != (len(shape), *shape):
            raise InputError(f"The ddf has shape {self.ddf.shape}, expected {(len(shape), *shape)}.")
        arrays = {"moving": self.moving, "warped": self.warped, "jac_det": self.jac_det}
        for name, array in {**arrays, **{f"{k}_label": v for k, v in self.labels.items()}}.items():
            if array.shape != shape:
                raise InputError(f"{name} has shape {array.shape}, but the fixed image has {shape}.")

    def intensities(self) -> Limits:
        """The one scale of the three images."""
        return intensity_limits([self.fixed, self.moving, self.warped])

    def before(self) -> np.ndarray:
        """What is wrong without a registration, ``|fixed - moving|``."""
        return np.abs(self.fixed - self.moving)

    def after(self) -> np.ndarray:
        """What is still wrong, ``|fixed - warped|``."""
        return np.abs(self.fixed - self.warped)

    def checkerboard(self) -> np.ndarray:
        """The fixed and the warped image in turn, in squares: edges go on across them where both lie on each other."""
        side = max(2, round(max(self.fixed.shape) / SQUARES))
        squares = sum(np.indices(self.fixed.shape) // side) % 2
        return np.where(squares == 0, self.fixed, self.warped)

    def largest_difference(self) -> float:
        """End of the one scale of both difference panels."""
        return bright_end(np.maximum(self.before(), self.after())) or 1.0

    def displacement(self) -> np.ndarray:
        """Length of the displacement, voxels."""
        return np.sqrt((self.ddf**2).sum(axis=0))

    def largest_displacement(self) -> float:
        """End of the scale of the displacement, voxels."""
        return float(self.displacement().max()) or 1.0

    def folded_percent(self) -> float:
        """Share of the voxels whose determinant is not positive."""
        return 100 * float((self.jac_det <= 0).mean())
