"""What a registration of two files is worth, measured by the same code whoever found it."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scripts.data.subjects import Record
from scripts.metrics import HausdorffDistance95, label_dice
from scripts.metrics.diffeomorphism import DECOMPOSITIONS, cell_simplices, signed_volume
from scripts.physical import BACKGROUND, Geometry, Image, PercentileScaling, read_image, read_label
from scripts.physical.itk_images import resample_once
from scripts.physical.itk_transforms import field_transform
from scripts.spatial import jacobian_determinant, map_points


def measured(vectors: np.ndarray, fixed: Record, moving: Record) -> dict[str, float]:
    """Labels, carried once by nearest neighbour, and the field, both on the fixed file's grid.

    Args:
        vectors: ``(3, *S)``, LPS, mm: a point of the fixed image plus its vector is the point of the moving image.
        fixed, moving: ``image`` and ``label``, files.
    """
    image, other = read_image(fixed["image"]), read_image(moving["image"])
    inside = torch.from_numpy(PercentileScaling()(image.array) > BACKGROUND)
    labels = read_label(fixed["label"], image), read_label(moving["label"], other)
    return {**overlaps(vectors, *labels), **regularity(in_voxels(vectors, image.geometry), inside)}


def overlaps(vectors: np.ndarray, fixed: Image, moving: Image) -> dict[str, float]:
    """Dice and HD95 (mm) of a pair, means over the labels that both maps have.

    A label that the warp lost has a Dice of 0, and no distance.
    """
    warped = resample_once(moving, fixed.geometry, field_transform(vectors, fixed.geometry), nearest=True)
    carried, drawn, original = (
        torch.from_numpy(each.astype(np.int64))[None, None] for each in (warped, fixed.values, moving.values)
    )
    ids = [int(each) for each in np.union1d(fixed.values, moving.values) if each != 0]
    still = torch.zeros(1, 3, *fixed.geometry.size)
    target = {"moving_label": carried, "fixed_label": drawn, "unaligned_label": original}
    target["spacing"] = torch.tensor(fixed.geometry.spacing)[None]
    dice = label_dice(carried, drawn, ids, original).nanmean()
    return {"dice": float(dice), "hd95": float(HausdorffDistance95(ids)({"ddf": still}, target))}


def in_voxels(vectors: np.ndarray, geometry: Geometry) -> Tensor:
    """Vectors ``(3, *S)`` of physical space as displacements in voxels of their grid, ``(1, 3, *S)``, float64."""
    to_voxels = np.column_stack([np.linalg.inv(geometry.matrix), np.zeros(3)])
    return map_points(to_voxels, torch.from_numpy(np.ascontiguousarray(vectors))[None].double())


def regularity(ddf: Tensor, inside: Tensor) -> dict[str, float]:
    """Share of folded voxels, share of the volume that is turned inside out, standard deviation of ``log J``.

    The volume is that of Liu et al., IJCV 132, 2024, of the cells of eight voxels that lie inside.

    Args:
        ddf: ``(1, 3, *S)``, voxels.
        inside: ``(*S)``, true where it is measured.
    """
    jac_det = jacobian_determinant(ddf)[0, 0][inside]
    cells = F.max_pool3d((~inside)[None].float(), 2, stride=1)[0] == 0
    turned = [signed_volume(ddf, simplex)[0][cells].neg().clamp_min(0).sum() for simplex in cell_simplices(3)]
    kept = jac_det[jac_det > 0]
    return {
        "folded": float((jac_det <= 0).double().mean()),
        "ndv": float(sum(turned)) / DECOMPOSITIONS / max(1, int(cells.sum())),
        "sdlogj": float(kept.log().std(correction=0)) if len(kept) else math.nan,
    }
