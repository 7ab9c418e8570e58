"""What is found of a sequence: where every point of its reference frame lies in every frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Motion:
    """What was found, on the axes of the file.

    Attributes:
        ddf: ``(T, D, *S)`` or, of a stack, ``(Z, T, 2, X, Y)``: displacement from the reference to every frame, voxels.
        scaled: the frames as they were compared, ``(T, *S)`` or ``(Z, T, X, Y)``, in [0, 1].
        reference: index of the frame that all others were registered to.
        by_slice: whether the slices of a stack were registered each by itself.
    """

    ddf: Tensor
    scaled: Tensor
    reference: int
    by_slice: bool

    @property
    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """Frames ``(T, *S)`` and field ``(T, D, *S)`` of every sequence that was registered by itself."""
        return list(zip(self.scaled, self.ddf, strict=True)) if self.by_slice else [(self.scaled, self.ddf)]
