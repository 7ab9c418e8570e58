"""One image against the bundle's atlas: the pair before the network, the atlas's labels after it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor

from ..errors import InputError
from ..files import is_file, not_a_file
from ..spatial import grid_points, invert_field, sample

TO_ATLAS, OWN_SIZE = "to_atlas", "own_size"  # metadata of an aligned image: its voxels on the atlas's grid, its size
Prepare = Callable[[Mapping[Hashable, Any]], Mapping[Hashable, Any]]


class Atlas:
    """An image with labels, read when first used.

    Args:
        image, label: the atlas's files; ``None``: the method has none.
        prepare: the transform that users' images go through, so that both end on one grid.
    """

    def __init__(self, image: str | None, label: str | None, prepare: Prepare) -> None:
        self.paths: dict[Hashable, str | None] = {"image": image, "label": label}
        self.prepare = prepare
        self._ready: dict[str, MetaTensor] = {}

    def __getitem__(self, key: str) -> MetaTensor:
        """``image`` or ``label``, ``(1, *S)`` on the working grid."""
        if not self._ready:
            for path in self.paths.values():
                if path is None:
                    raise InputError("the method has no atlas; name one with --atlas_image and --atlas_label.")
                if not is_file(path):
                    raise InputError(f"the atlas file {path} {not_a_file(path)}; name one with --atlas_image.")
            self._ready = {str(name): value for name, value in self.prepare(self.paths).items()}
        return self._ready[key]


class AtlasTransform(MapTransform):
    """A transform of tensors that knows the atlas; what it makes of one keeps the metadata of the image.

    Args:
        keys: what is transformed.
        atlas: see :class:`Atlas`.
    """

    def __init__(self, keys: KeysCollection, atlas: Atlas) -> None:
        super().__init__(keys)
        self.atlas = atlas

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace the value of every key."""
        record = dict(data)
        for key in self.key_iterator(record):
            record[key] = self.changed(record[key], record)
        return record

    def changed(self, value: Any, record: Mapping[Hashable, Any]) -> MetaTensor:
        """What stands in the place of ``value``, one of ``record``."""
        raise NotImplementedError


def with_metadata_of(image: MetaTensor, values: Tensor, **more: Any) -> MetaTensor:
    """``values`` with an image's metadata, some of it changed, so that what is found comes back to its own grid."""
    return MetaTensor(values, meta={**image.meta, **more}, applied_operations=image.applied_operations)


class PairWithAtlasd(AtlasTransform):
    """Append the atlas to an image: ``(1, *S)`` becomes the pair ``(2, *S)``, image (moving) then atlas (fixed)."""

    def changed(self, value: MetaTensor, record: Mapping[Hashable, Any]) -> MetaTensor:
        """The pair."""
        return with_metadata_of(value, torch.cat([value.as_tensor(), self.atlas["image"].as_tensor()]))


class CarryAtlasLabelsd(AtlasTransform):
    """Replace a field that takes an image to the atlas by the atlas's labels, carried back onto the image.

    A field is ``(D, *S)``, or stands in a mapping as ``ddf``. The labels are looked up once, at the voxels of the image
    as it was before :class:`AlignToAtlasd`: from grid to grid by nearest neighbour, thin structures would suffer twice.
    """

    def changed(self, value: Any, record: Mapping[Hashable, Any]) -> MetaTensor:
        """Labels ``(1, *S)``, 32-bit integers; nearest neighbour, so no id is invented; 0 beyond the atlas."""
        image = record["image"]
        ddf = torch.as_tensor(value["ddf"] if isinstance(value, Mapping) else value)[None].cpu()
        size = [int(n) for n in image.meta.get(OWN_SIZE, ddf.shape[2:])]
        to_atlas = np.asarray(image.meta.get(TO_ATLAS, np.eye(ddf.shape[1] + 1)))
        points = grid_points(size, to_atlas[:-1])
        points = points + sample(invert_field(ddf), points, padding_mode="border")
        label = self.atlas["label"].as_tensor()
        return with_metadata_of(image, sample(label[None], points, "nearest")[0].to(label.dtype))
