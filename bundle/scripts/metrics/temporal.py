"""How a deformation runs over the frames of a sequence, and what it does to the volumes of labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..spatial import jacobian_determinant


def temporal_roughness(ddf: Tensor, periodic: bool) -> float:
    """Root mean square, over frames and voxels, of the length of the second difference over time.

    It is 0 where every point moves on a straight line at one speed.

    Args:
        ddf: displacement of every frame in voxels, ``(T, D, *S)``.
        periodic: whether the first frame follows the last, as in a heart's cycle; then every frame counts, else all
            but the first and the last.

    Returns:
        Voxels a frame squared.

    Raises:
        ValueError: if there are fewer than 3 frames.
    """
    if len(ddf) < 3:
        raise ValueError(f"a second difference over time needs 3 frames or more, got {len(ddf)}")
    series = torch.cat([ddf[-1:], ddf, ddf[:1]]) if periodic else ddf
    second = series[2:] - 2 * series[1:-1] + series[:-2]
    return float(second.float().square().sum(1).mean().sqrt())


def carried_volume(label: Tensor, ids: Sequence[int], ddf: Tensor) -> Tensor:
    """The volume that every label of the reference takes in each frame: the sum of ``|J|`` over its voxels.

    Args:
        label: of the reference, ``(1, 1, *S)``, integer.
        ids: the ``K`` label ids.
        ddf: displacement from the reference to every frame in voxels, ``(T, D, *S)``.

    Returns:
        ``(T, K)`` in the order of ``ids``, voxels; what folds counts negative.
    """
    masks = torch.stack([(label[0, 0] == i).flatten() for i in ids], dim=1).float()
    # One frame after the other: all gradients of all frames of a volume would not fit.
    return torch.cat([jacobian_determinant(field).flatten(1) @ masks for field in ddf.split(1)])


def ejection_fraction(volumes: Tensor) -> float:
    """Share of the largest volume of a cycle that leaves until the smallest, ``(max - min) / max``.

    Args:
        volumes: of a ventricle in every frame, ``(T,)``, in any unit; end-diastole is where it is largest.

    Returns:
        Between 0 and 1; NaN for a ventricle without volume.
    """
    largest = volumes.max()
    return float((largest - volumes.min()) / largest)
