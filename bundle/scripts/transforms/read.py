"""Reading a subject's image and labels in one orientation, and refusing what cannot be registered."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform

from ..errors import InputError
from ..physical import Image, Turn, read_image, read_label

LARGEST_ID = 2**24  # whole numbers above it are not exact in the 32-bit floats that labels are warped in
MIN_SIZE = 8  # voxels along every axis: below it no level of the network sees structure


class ReadSubjectd(MapTransform, InvertibleTransform):
    """Read images and label maps, channel first, in the canonical orientation, and check them.

    Every file comes out as a MetaTensor ``(1, *S)`` of ``spatial_dims`` axes, ordered and turned as its header says, so
    that how it is stored does not matter; a slice stored as a volume one voxel thick loses that axis. ``image``-like
    keys are 32-bit floats, the ``label_keys`` are 32-bit integers. A label map is taken to lie where its image lies.
    The inverse brings what has the size of the image back onto the file's own grid.

    Args:
        keys: the keys to read; missing ones are passed over with ``allow_missing_keys``.
        spatial_dims: 2 or 3.
        label_keys: which of ``keys`` are label maps; each is compared with the image read first.
        allow_missing_keys: pass over keys that a record lacks.
    """

    def __init__(
        self,
        keys: str | list[str],
        spatial_dims: int,
        label_keys: list[str] | tuple[str, ...] = ("label",),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.spatial_dims, self.label_keys = spatial_dims, tuple(label_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace the paths of a record by tensors.

        Raises:
            InputError: if a file cannot be read, has another number of axes, holds NaN, infinity or one
                value only, or if a label map has another size than its image.
        """
        record = dict(data)
        first: Image | None = None
        for key in self.key_iterator(record):
            path = str(record[key])
            image = read_label(path, first) if key in self.label_keys else read_image(path)
            self._check(image, key in self.label_keys)
            record[key] = self._as_tensor(image, torch.int32 if key in self.label_keys else torch.float32)
            first = image if first is None else first
        return record

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Tensors ``(C, *S)`` on the grids of their files: their axes, their order and the files' affine."""
        record = dict(data)
        for key in self.key_iterator(record):
            info = self.pop_transform(record[key])["extra_info"]
            turn = Turn(tuple(map(int, info["order"])), tuple(map(int, info["signs"])))
            values = np.stack([turn.undo(channel) for channel in np.asarray(record[key].cpu())])
            stored = torch.from_numpy(values.reshape(len(values), *(int(n) for n in info["size"])))
            meta = {**record[key].meta, "affine": torch.as_tensor(np.asarray(info["affine"]))}
            record[key] = MetaTensor(stored, meta=meta, applied_operations=record[key].applied_operations)
        return record

    def _check(self, image: Image, is_label: bool) -> None:
        size = image.array.shape
        if len(size) != self.spatial_dims:
            raise InputError(
                f"{image.path} is a {len(size)}-D image of {image.geometry.size}, but this configuration takes "
                f"one-channel {self.spatial_dims}-D images; choose a method for {len(size)}-D images or other files."
            )
        if min(size) < MIN_SIZE:
            raise InputError(f"{image.path} measures {size} voxels; every axis needs {MIN_SIZE} or more.")
        largest = int(np.abs(image.values).max()) if is_label else 0
        if largest > LARGEST_ID:
            raise InputError(f"{image.path} holds the label id {largest}; renumber ids above {LARGEST_ID}.")

    def _as_tensor(self, image: Image, kind: torch.dtype) -> MetaTensor:
        geometry, turn, stored = image.geometry, image.geometry.canonical, image.affine_ras
        meta = {"filename_or_obj": image.path, "original_affine": stored, "spatial_shape": np.array(geometry.size)}
        values = torch.from_numpy(np.ascontiguousarray(image.canonical)).to(kind)[None]
        tensor = MetaTensor(values, affine=torch.from_numpy(geometry.turned(stored)), meta=meta)
        info = {"order": list(turn.order), "signs": list(turn.signs), "size": list(geometry.size), "affine": stored}
        self.push_transform(tensor, extra_info=info)
        return tensor
