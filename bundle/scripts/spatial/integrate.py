"""From a stationary velocity field to a displacement: scaling and squaring."""

from __future__ import annotations

import warnings

import torch
from monai.networks.blocks import DVF2DDF
from torch import Tensor

from .warp import Warp


class ScalingSquaring(DVF2DDF):
    """MONAI's ``DVF2DDF`` with a warp that is safe in mixed precision and continues the field at the edge.

    ``exp(v)`` by ``2 ** num_steps`` self-compositions of ``v / 2 ** num_steps`` (Arsigny et al., MICCAI
    2006). MONAI pads the field with zeros, which tears it wherever a path leaves the grid.

    Args:
        num_steps: number of squarings, at least 1.
    """

    def __init__(self, num_steps: int = 7) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(num_steps=num_steps)
        self.warp_layer = Warp("bilinear", "border")

    def forward(self, dvf: Tensor) -> Tensor:
        """Displacement ``(B, D, *S)`` in voxels of the velocity ``dvf`` ``(B, D, *S)`` in voxels per unit time."""
        with torch.autocast(dvf.device.type, enabled=False):
            ddf: Tensor = super().forward(dvf.float())
            return ddf
