"""Drift: what composing motions from frame to frame adds up to."""

from __future__ import annotations

from torch import Tensor

from scripts.spatial import compose


def closing_error(ddf_series: Tensor) -> float:
    """How far from where they began points end that follow a whole cycle of frames, as a mean over the voxels.

    Args:
        ddf_series: displacement from every frame to the next one in voxels, ``(T, D, *S)``, each on the grid of the
            frame it begins in; the last leads back to the first frame.

    Returns:
        Voxels.
    """
    around = ddf_series[:1]
    for ddf in ddf_series[1:].split(1):
        around = compose(inner=ddf, outer=around)
    return float(around.float().square().sum(1).sqrt().mean())
