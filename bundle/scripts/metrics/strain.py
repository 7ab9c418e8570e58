"""How much tissue is stretched between the reference of a sequence and another frame, by the field between them.

The field of a registration to the reference follows every point of the reference, so its strain is Lagrangian: lengths
are compared with those in the reference. Of a heart the strain is told along the directions of its wall, as by Mansi
et al., IJCV 92, 2011, doi 10.1007/s11263-010-0405-z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..spatial import deformation_gradient, identity_grid

PLANE = (2, 3)  # dimensions of a tensor (B, C, *S) that span the short-axis plane: the first two array axes


def green_lagrange_strain(ddf: Tensor, spacing: Sequence[float]) -> Tensor:
    """Green-Lagrange strain ``E = (F^T F - I) / 2`` of ``x + ddf(x)``, ``F`` its gradient in millimetres.

    For a unit direction ``n`` a line that is ``1 + e`` times as long afterwards has ``n^T E n = e + e^2 / 2``. It is 0
    wherever the motion is rigid (Holzapfel, Nonlinear Solid Mechanics, 2000, section 2.5). The square takes roughness
    of a field for stretch in every direction: the mean strain of a field that is not smooth is too large.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.
        spacing: size of a voxel along each array axis, mm.

    Returns:
        ``(B, D, D, *S)``, symmetric, without a unit.

    Raises:
        ValueError: if the field has not one channel per spatial axis, or the spacing not one number.
    """
    rows = deformation_gradient(ddf)
    if len(spacing) != len(rows):
        raise ValueError(f"a field of {len(rows)} axes needs a spacing of {len(rows)} numbers, got {list(spacing)}")
    gradient = torch.stack(
        [
            torch.stack([entry * (spacing[i] / spacing[j]) for j, entry in enumerate(row)], dim=1)
            for i, row in enumerate(rows)
        ],
        dim=1,
    )
    identity = torch.eye(len(rows), device=ddf.device).reshape(len(rows), len(rows), *(1,) * len(rows))
    return (torch.einsum("bki...,bkj...->bij...", gradient, gradient) - identity) / 2


def radial_strain(ddf: Tensor, label: Tensor, myocardium: int, ventricle: int, spacing: Sequence[float]) -> Tensor:
    """Mean Green-Lagrange strain of the myocardium away from the ventricle's centre: positive where the wall thickens.

    The direction of a voxel is that from the centroid of the ventricle to it in the short-axis plane, which the first
    two array axes span; in 3-D every slice along the third axis has its own centroid. What has no direction, slices
    without a ventricle among it, is left out.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``, ``D`` 2 or 3, on the grid of the reference.
        label: of the reference, ``(1, 1, *S)`` or ``(B, 1, *S)``, integer.
        myocardium, ventricle: label ids.
        spacing: size of a voxel along each array axis, mm.

    Returns:
        ``(B,)``, without a unit; NaN where no voxel of the myocardium has a direction.

    Raises:
        ValueError: if the field has not one channel per spatial axis, or the spacing not one number.
    """
    return _wall_strain(ddf, label, myocardium, ventricle, spacing, lambda radial: radial)


def circumferential_strain(
    ddf: Tensor, label: Tensor, myocardium: int, ventricle: int, spacing: Sequence[float]
) -> Tensor:
    """Mean Green-Lagrange strain of the myocardium around the ventricle's centre: negative where the wall shortens.

    The direction is at right angles to that of :func:`radial_strain`, in the short-axis plane; arguments, result and
    errors are those of that function.
    """
    return _wall_strain(
        ddf, label, myocardium, ventricle, spacing, lambda radial: torch.stack([-radial[:, 1], radial[:, 0]], dim=1)
    )


def _wall_strain(
    ddf: Tensor,
    label: Tensor,
    myocardium: int,
    ventricle: int,
    spacing: Sequence[float],
    turn: Callable[[Tensor], Tensor],
) -> Tensor:
    """Mean of ``n^T E n`` over the myocardium, ``n`` what ``turn`` makes of the radial directions ``(., 2, *S)``."""
    direction = turn(_radial_directions(label == ventricle, spacing))
    strain = green_lagrange_strain(ddf, spacing)[:, :2, :2]
    along = (direction[:, :, None] * strain * direction[:, None]).sum((1, 2))
    counted = ((label == myocardium)[:, 0] & direction.isfinite().all(1)).expand_as(along)
    return torch.where(counted, along, 0).flatten(1).sum(1) / counted.flatten(1).sum(1)


def _radial_directions(ventricle: Tensor, spacing: Sequence[float]) -> Tensor:
    """Unit vectors in the short-axis plane away from the centroid of a mask ``(., 1, *S)``, NaN where there are none.

    Returns:
        ``(., 2, *S)``, of lengths in millimetres.
    """
    index = identity_grid(ventricle.shape[2:], device=ventricle.device)[:2]
    points = torch.stack([axis * size for axis, size in zip(index, spacing, strict=False)])
    centroid = (points * ventricle).sum(PLANE, keepdim=True) / ventricle.sum(PLANE, keepdim=True)
    offset = points - centroid
    return offset / offset.square().sum(1, keepdim=True).sqrt()
