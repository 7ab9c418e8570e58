"""In which order and direction an array's axes are stored, and turning them into the canonical ones and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from nibabel.orientations import io_orientation

# Signs that make right-anterior-superior coordinates (NIfTI) left-posterior-superior ones (ITK, DICOM), and back.
RAS_LPS = np.array([-1.0, -1.0, 1.0])
# The axes, LPS, in which the networks see an image, as far as possible: to the left, down, to the front. Those of
# neurite-OASIS. A 2-D file has no third coordinate: its axes go to the left and to the back.
CANONICAL = {2: np.eye(2), 3: np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]])}
ORIENTATION = {3: "LIA"}  # these axes by letters: left, inferior, anterior; a picture has no place in the body


@dataclass(frozen=True)
class Turn:
    """Reorders an array's axes and turns some round.

    Attributes:
        order: ``order[i]`` is the stored axis that becomes axis ``i``.
        signs: 1, or -1 where axis ``i`` is turned round after ordering.
    """

    order: tuple[int, ...]
    signs: tuple[int, ...]

    @classmethod
    def to_canonical(cls, directions: np.ndarray) -> Turn:
        """The turn after which the axes come nearest to the canonical ones.

        Args:
            directions: ``(E, D)``, unit vectors of the stored axes in physical space, LPS.
        """
        return cls.nearest(CANONICAL[len(directions)] @ directions)

    @classmethod
    def nearest(cls, matrix: np.ndarray) -> Turn:
        """The turn of the columns of ``matrix`` ``(E, D)`` that brings them nearest to the identity's."""
        rows, columns = matrix.shape
        padded = np.eye(rows + 1, columns + 1)
        padded[:rows, :columns], padded[-1, -1] = matrix, 1
        found = io_orientation(padded)
        order = np.argsort(found[:, 0])
        return cls(tuple(int(each) for each in order), tuple(int(each) for each in found[order, 1]))

    @property
    def _reversed(self) -> tuple[int, ...]:
        return tuple(axis for axis, sign in enumerate(self.signs) if sign < 0)

    def apply(self, array: np.ndarray) -> np.ndarray:
        """``(*S)`` as stored, turned."""
        return np.flip(array.transpose(self.order), self._reversed)

    def undo(self, array: np.ndarray) -> np.ndarray:
        """A turned array ``(*S)`` as it is stored."""
        return np.flip(array, self._reversed).transpose(np.argsort(self.order))

    def matrix(self, size: tuple[int, ...]) -> np.ndarray:
        """From index in the turned array to index in the stored one of ``size``, ``(D + 1, D + 1)``."""
        dims = len(self.order)
        matrix = np.eye(dims + 1)
        matrix[:dims, :dims] = np.eye(dims)[:, list(self.order)] * self.signs
        for axis, sign in zip(self.order, self.signs, strict=True):
            matrix[axis, -1] = size[axis] - 1 if sign < 0 else 0
        return matrix
