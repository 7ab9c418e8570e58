"""Resampling an image at displaced voxel positions."""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
import torch.nn.functional as F
from monai.networks.blocks import Warp as MonaiWarp
from torch import Tensor

from .grids import identity_grid
from .precision import without_autocast
from .sample import marked


class Warp(MonaiWarp):
    """MONAI's warp layer, made safe for mixed precision and several devices, and about twice as fast.

    MONAI caches its reference grid by shape alone, so the first call decides precision and device of all later ones; in
    bfloat16 a coordinate of 160 is off by up to half a voxel. Here the grid is kept per device and the arithmetic is
    done in 32 bits whatever autocast says. The grid is kept normalised, as ``grid_sample`` wants it, so that a call
    scales and adds once instead of walking over the coordinates axis by axis.

    Args:
        mode: ``"bilinear"`` (trilinear in 3-D) for intensities, ``"nearest"`` for labels.
        padding_mode: what lies outside the moving image, ``"border"`` or ``"zeros"``.
    """

    def __init__(self, mode: str = "bilinear", padding_mode: str = "border") -> None:
        with warnings.catch_warnings():
            # MONAI warns that its C++ extension is absent; PyTorch's own sampler is what we want.
            warnings.simplefilter("ignore")
            super().__init__(mode=mode, padding_mode=padding_mode)

    def forward(self, image: Tensor, ddf: Tensor) -> Tensor:
        """Resample ``image`` ``(B, C, *S)`` at ``x + ddf(x)``, ``ddf`` ``(B, D, *S)`` in voxels.

        Raises:
            ValueError: if the shapes do not match.
        """
        wanted = (image.shape[0], image.ndim - 2, *image.shape[2:])
        if tuple(ddf.shape) != wanted:
            raise ValueError(
                f"an image of shape {tuple(image.shape)} needs a displacement field of shape {wanted}, "
                f"got {tuple(ddf.shape)}"
            )
        grid, scale = normalised_grid(ddf)
        with without_autocast(image.device):
            positions = torch.addcmul(grid, ddf.float().flip(1), scale)
            return F.grid_sample(
                image.float(),
                positions.movedim(1, -1),
                mode=self._interp_mode_native,
                padding_mode=self._padding_mode_native,
                align_corners=True,
            )


def normalised_grid(ddf: Tensor) -> tuple[Tensor, Tensor]:
    """Where ``grid_sample`` finds every voxel of a field ``(B, D, *S)``, and a voxel's size.

    Returns:
        ``(1, D, *S)`` from -1 to 1 and ``(1, D, 1, ...)``, last axis first.
    """
    # What is traced or exported is no ordinary tensor: it must not reach the cache.
    traced = torch.jit.is_tracing() or torch.compiler.is_compiling()
    return _traced_grid(ddf) if traced else _cached_grid(ddf.shape[2:], ddf.device)


@lru_cache(maxsize=4)  # of large volumes a grid is hundreds of megabytes
def _cached_grid(spatial_size: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # what is made in that mode could not be used in training afterwards
        scale = torch.tensor([2 / max(size - 1, 1) for size in reversed(spatial_size)], device=device)
        scale = scale.reshape(1, -1, *(1,) * len(spatial_size))
        return identity_grid(spatial_size, device=device).flip(0)[None] * scale - 1, scale


def _traced_grid(ddf: Tensor) -> tuple[Tensor, Tensor]:
    """What :func:`_cached_grid` gives, computed from ``ddf`` alone: a trace then holds for any size and device."""
    ones = torch.ones_like(ddf[:1, :1], dtype=torch.float32)
    index = torch.cat([ones.cumsum(axis) - 1 for axis in reversed(range(2, ddf.ndim))], dim=1)
    scale = 2 / index.amax(tuple(range(2, ddf.ndim)), keepdim=True).clamp_min(1)
    return index * scale - 1, scale


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


@torch.no_grad()
def common_mask(masks: Tensor, ddf: Tensor) -> Tensor:
    """Where both masks of pairs allow, without gradient: hiding what does not fit is no registration.

    Args:
        masks: ``(B, 2, *S)``, moving then fixed, 1 or 0; the moving one is warped.
        ddf: ``(B, D, *S)``, in voxels.

    Returns:
        ``(B, 1, *S)``, 1 or 0.
    """
    moving, fixed = masks.chunk(2, dim=1)
    return fixed * marked(warp(moving, ddf))
