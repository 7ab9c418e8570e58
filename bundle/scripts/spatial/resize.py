"""Moving a field between resolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from .padding import crop_to, pad_to_multiple

LINEAR_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def upsample_field(field: Tensor, spatial_size: Sequence[int]) -> Tensor:
    """Bring a displacement or velocity field to a finer grid; its values stay voxels of its own grid.

    A coarse voxel covers ``f`` fine ones, as after pooling, so displacements grow by the factor ``f`` and the
    grids share their outer edge, not their corner voxels (``align_corners=False``).

    Args:
        field: ``(B, D, *s)``, in voxels of the coarse grid.
        spatial_size: the fine size ``S``; ``s`` must be ``ceil(S / f)`` for one whole ``f``. Where several fit, as to
            3 of 9 voxels, it is the power of two, by which networks divide.

    Returns:
        ``(B, D, *S)``, in voxels of the fine grid.

    Raises:
        ValueError: if no whole factor connects the sizes.
    """
    factor = _factor(field.shape[2:], spatial_size)
    if factor == 1:
        return field
    mode = LINEAR_MODES[field.ndim - 2]
    fine = F.interpolate(field, scale_factor=factor, mode=mode, align_corners=False) * factor
    return crop_to(fine, spatial_size)


def _factor(coarse: Sequence[int], fine: Sequence[int]) -> int:
    fitting = [factor for factor in range(1, 2 * max(fine)) if [-(-size // factor) for size in fine] == list(coarse)]
    if not fitting:
        raise ValueError(f"a field of size {tuple(coarse)} has no whole factor to {tuple(fine)}")
    return min(fitting, key=lambda factor: (factor.bit_count() != 1, factor))


def halve_field(field: Tensor) -> Tensor:
    """Average a field over blocks of two voxels an axis; the inverse of :func:`upsample_field`.

    Args:
        field: ``(B, D, *S)``, in voxels of its grid.

    Returns:
        ``(B, D, *ceil(S / 2))``, in voxels of the coarse grid.
    """
    mode = LINEAR_MODES[field.ndim - 2]
    return F.interpolate(pad_to_multiple(field, 2, "replicate"), scale_factor=0.5, mode=mode, align_corners=False) / 2
