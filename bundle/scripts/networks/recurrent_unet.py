"""The dense U-Net for sequences: its encoder remembers what the other frames have shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from .dense_unet import DenseUNet
from .recurrence import Recurrence


class RecurrentUNet(DenseUNet):
    """:class:`DenseUNet` over the frames of one sequence, which stand along the batch's axis, in order of time.

    Every frame, with the reference frame beside it, goes through the encoder by itself; a recurrence over time follows
    chosen rows of it; the decoder makes a field a frame. A batch of one frame is a pair.

    Args:
        channels: of every row, see :class:`DenseUNet`.
        recurrent_rows: rows of the encoder that a :class:`Recurrence` follows, 0 the finest; none: frame by frame.
        bidirectional: see :class:`Recurrence`.
        options: of :class:`DenseUNet`.

    Raises:
        ValueError: if there is no such row, or an argument is out of range.
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 32, 48, 64),
        recurrent_rows: Sequence[int] = (2, 3),
        bidirectional: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(channels=channels, **options)
        if not set(recurrent_rows) <= set(range(len(channels))):
            raise ValueError(f"recurrent_rows must be from 0 to {self.levels}, got {list(recurrent_rows)}")
        rows = sorted(set(recurrent_rows))
        self.recurrences = nn.ModuleDict(
            {f"{i}_0": Recurrence(self.spatial_dims, channels[i], bidirectional=bidirectional) for i in rows}
        )

    def encoded(self, name: str, value: Tensor) -> Tensor:
        """What a node of the encoder hands on."""
        value = super().encoded(name, value)
        return self.recurrences[name](value) if name in self.recurrences else value
