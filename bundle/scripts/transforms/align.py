"""Bringing an image onto the atlas's grid: its spacing, its place and its size do not matter afterwards."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.data import MetaTensor

from ..physical import Grid, crop, resample
from .atlas import OWN_SIZE, TO_ATLAS, Atlas, AtlasTransform, with_metadata_of


class AlignToAtlasd(AtlasTransform):
    """Resample images onto the atlas's grid by the affine map that makes them look like the atlas.

    The images are ``(1, *S)``, any ``S``, in the canonical orientation and scaled to [0, 1]. The search starts from the
    headers' spacing and the arrays' middles: a slice's origin is often that of another plane. The map stays in the
    metadata, for :class:`CarryAtlasLabelsd`.

    Args:
        keys: the images.
        atlas: see :class:`Atlas`.
    """

    def __init__(self, keys: KeysCollection, atlas: Atlas) -> None:
        super().__init__(keys, atlas)
        # Imports ITK, which takes seconds; and not when an image comes: MONAI Label has let go of the package by then.
        from ..physical.affine_search import find_affine

        self.find_affine = find_affine

    def changed(self, value: MetaTensor, record: Mapping[Hashable, Any]) -> MetaTensor:
        """The image on the atlas's grid, linearly interpolated once."""
        atlas = self.atlas["image"]
        grid, own = _grid(atlas), _grid(value)
        fixed, moving = (crop(each[0].numpy(), where.affine) for each, where in ((atlas, grid), (value, own)))
        affine = self.find_affine(fixed, moving)
        to_atlas = np.linalg.inv(affine @ grid.affine) @ own.affine
        found = {"affine": atlas.affine, TO_ATLAS: to_atlas, OWN_SIZE: np.array(own.size)}
        return with_metadata_of(value, resample(moving, grid, affine)[0], **found)


def _grid(image: MetaTensor) -> Grid:
    """Where the voxels of an image ``(1, *S)`` lie, mm from its middle along its own axes."""
    size = tuple(image.shape[1:])
    spacing = image.affine[:3, : len(size)].norm(dim=0).numpy()
    affine = np.diag([*spacing, 1.0])
    affine[:-1, -1] = -spacing * (np.array(size) - 1) / 2
    return Grid(size, affine)
