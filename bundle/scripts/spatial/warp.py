"""Resampling an image at displaced voxel positions."""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from monai.networks.blocks import Warp as MonaiWarp
from torch import Tensor

from .grids import identity_grid


class Warp(MonaiWarp):
    """MONAI's warp layer, made safe for mixed precision and for several devices.

    MONAI caches its reference grid by shape alone, so the first call decides precision and device of
    all later ones; in bfloat16 a coordinate of 160 is off by up to half a voxel. Here the grid is kept
    per device and the arithmetic is done in 32 bits whatever autocast says.

    Args:
        mode: ``"bilinear"`` (trilinear in 3-D) for intensities, ``"nearest"`` for labels.
        padding_mode: what lies outside the moving image, ``"border"`` or ``"zeros"``.
    """

    ref_grid: Tensor | None

    def __init__(self, mode: str = "bilinear", padding_mode: str = "border") -> None:
        with warnings.catch_warnings():
            # MONAI warns that its C++ extension is absent; PyTorch's own sampler is what we want.
            warnings.simplefilter("ignore")
            super().__init__(mode=mode, padding_mode=padding_mode)

    def get_reference_grid(self, ddf: Tensor, jitter: bool = False, seed: int = 0) -> Tensor:
        """Identity grid ``(1, D, *S)`` in the precision and on the device of ``ddf``."""
        grid = self.ref_grid
        key = (ddf.shape[2:], ddf.dtype, ddf.device)
        if grid is None or (grid.shape[2:], grid.dtype, grid.device) != key:
            grid = identity_grid(ddf.shape[2:], ddf.dtype, ddf.device)[None]
            self.ref_grid = grid
        return grid

    def forward(self, image: Tensor, ddf: Tensor) -> Tensor:
        """Resample ``image`` ``(B, C, *S)`` at ``x + ddf(x)``, ``ddf`` ``(B, D, *S)`` in voxels.

        Raises:
            ValueError: if the shapes do not match.
        """
        with torch.autocast(image.device.type, enabled=False):
            return super().forward(image.float(), ddf.float())


@lru_cache(maxsize=8)
def _layer(mode: str, padding_mode: str) -> Warp:
    return Warp(mode, padding_mode)


def warp(moving: Tensor, ddf: Tensor, mode: str = "bilinear", padding_mode: str = "border") -> Tensor:
    """Resample ``moving`` at ``x + ddf(x)``.

    Args:
        moving: image on the moving grid, ``(B, C, *S)``.
        ddf: displacement in voxels, ``(B, D, *S)``; channel ``i`` moves along array axis ``i``.
        mode: ``"bilinear"`` for intensities, ``"nearest"`` for labels.
        padding_mode: ``"border"`` repeats the edge, ``"zeros"`` is empty outside.

    Returns:
        Image on the fixed grid, ``(B, C, *S)``: 32-bit for intensities, the type of ``moving`` for labels.

    Raises:
        ValueError: if ``ddf`` has not ``D = len(S)`` channels, or another batch or spatial size.
    """
    warped: Tensor = _layer(mode, padding_mode)(moving, ddf)
    return warped.to(moving.dtype) if mode == "nearest" else warped
