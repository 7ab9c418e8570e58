"""Bringing an image onto the atlas's grid: its spacing, its place and its size do not matter afterwards."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform

from ..physical import Grid, crop, resample
from .atlas import OWN_SIZE, TO_ATLAS, Atlas


class AlignToAtlasd(MapTransform):
    """Resample images onto the atlas's grid by the affine map that makes them look like the atlas.

    The search starts from the headers' spacing and the arrays' middles: a slice's origin is often that of another
    plane. The map stays in the metadata, for :class:`CarryAtlasLabelsd`.

    Args:
        keys: images ``(1, *S)`` in the canonical orientation, scaled to [0, 1], any ``S``.
        atlas: see :class:`Atlas`.
    """

    def __init__(self, keys: KeysCollection, atlas: Atlas) -> None:
        super().__init__(keys)
        self.atlas = atlas

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace images by ones on the atlas's grid, linearly interpolated once."""
        record = dict(data)
        for key in self.key_iterator(record):
            record[key] = self._aligned(record[key])
        return record

    def _aligned(self, image: MetaTensor) -> MetaTensor:
        from ..physical.affine_search import find_affine  # imports ITK, which takes seconds

        atlas = self.atlas["image"]
        grid, own = _grid(atlas), _grid(image)
        fixed, moving = (crop(each[0].numpy(), where.affine) for each, where in ((atlas, grid), (image, own)))
        affine = find_affine(fixed, moving)
        to_atlas = np.linalg.inv(affine @ grid.affine) @ own.affine
        meta = {**image.meta, "affine": atlas.affine, TO_ATLAS: to_atlas, OWN_SIZE: np.array(own.size)}
        values = resample(moving, grid, affine)[0]
        return MetaTensor(values, meta=meta, applied_operations=image.applied_operations)


def _grid(image: MetaTensor) -> Grid:
    """Where the voxels of an image ``(1, *S)`` lie, mm from its middle along its own axes."""
    size = tuple(image.shape[1:])
    spacing = image.affine[:3, : len(size)].norm(dim=0).numpy()
    affine = np.diag([*spacing, 1.0])
    affine[:-1, -1] = -spacing * (np.array(size) - 1) / 2
    return Grid(size, affine)
