"""Images on a coarser grid of their own, as a dictionary transform."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor


class Coarserd(MapTransform):
    """Bring images to voxels as near to a spacing as whole ones of their own come; those that are as coarse stay.

    A voxel is the mean of those in it, of a label map the one in its middle.

    Args:
        keys: images and label maps, ``(C, *S)``; without a header their voxels are 1 mm wide.
        spacing: mm; ``None``: nothing changes.
        label_keys: which of them are label maps.
        allow_missing_keys: pass over keys that a record lacks.
    """

    def __init__(
        self,
        keys: KeysCollection,
        spacing: float | None,
        label_keys: Sequence[str] = (),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.spacing, self.label_keys = spacing, set(label_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace the images; their headers follow."""
        record = dict(data)
        for key in self.key_iterator(record) if self.spacing is not None else ():
            image = record[key]
            affine = np.asarray(getattr(image, "affine", np.eye(4)), dtype=float)
            own = np.linalg.norm(affine[:-1, : image.ndim - 1], axis=0)
            steps = np.maximum(np.round(self.spacing / own), 1).astype(int)
            values = torch.as_tensor(np.asarray(image))
            coarse = _middles(values, steps) if key in self.label_keys else _means(values, steps)
            to_own = np.eye(4)
            to_own[range(len(steps)), range(len(steps))] = steps
            to_own[: len(steps), 3] = (steps - 1) / 2
            meta = {**image.meta, "affine": affine @ to_own} if isinstance(image, MetaTensor) else None
            record[key] = coarse if meta is None else MetaTensor(coarse, meta=meta)
        return record


def _means(values: Tensor, steps: np.ndarray) -> Tensor:
    """Over blocks of ``steps`` voxels; at the end over those that are there."""
    pool = F.avg_pool2d if len(steps) == 2 else F.avg_pool3d
    return pool(values[None].float(), tuple(map(int, steps)), ceil_mode=True, count_include_pad=False)[0]


def _middles(values: Tensor, steps: np.ndarray) -> Tensor:
    """One voxel of every block, as many as :func:`_means` gives."""
    for axis, step in enumerate(map(int, steps), start=1):
        size = values.shape[axis]
        index = (torch.arange(0, size, step) + (step - 1) // 2).clamp_max(size - 1)
        values = values.index_select(axis, index)
    return values
