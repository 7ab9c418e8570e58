"""Reading a subject's image and labels, and refusing what cannot be registered."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import LoadImage, MapTransform

from ..errors import InputError
from ..voxels import check_intensities, check_label_ids

LARGEST_ID = 2**24  # whole numbers above it are not exact in the 32-bit floats that files are read and warped in
MIN_SIZE = 8  # voxels along every axis: below it no level of the network sees structure


class ReadSubjectd(MapTransform):
    """Read images and label maps, channel first, and check them.

    Every file comes out as a MetaTensor ``(1, *S)`` of ``spatial_dims`` axes: a slice stored as a volume one voxel
    thick loses that axis. ``image``-like keys are 32-bit floats, the ``label_keys`` are 32-bit integers.

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
        self.load = LoadImage(image_only=True, ensure_channel_first=True)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace the paths of a record by tensors.

        Raises:
            InputError: if a file cannot be read, has another number of axes, holds NaN, infinity or one
                value only, or if a label map has another size than its image.
        """
        record = dict(data)
        first: MetaTensor | None = None
        for key in self.key_iterator(record):
            path = str(record[key])
            tensor = self._as_slice(self._read(path), path)
            if key in self.label_keys:
                record[key] = _checked_label(tensor, path, first, str(self.first_key(record)))
            else:
                record[key] = _checked_image(tensor, path)
            first = record[key] if first is None else first
        return record

    def _read(self, path: str) -> MetaTensor:
        try:
            tensor = self.load(path)
        except Exception as error:  # every reader has its own exceptions for a broken file
            reason = " ".join(str(error.__cause__ or error).split()) or type(error).__name__
            raise InputError(f"{path} cannot be read as an image ({reason}); give a complete NIfTI file.") from error
        assert isinstance(tensor, MetaTensor)
        return tensor

    def _as_slice(self, tensor: MetaTensor, path: str) -> MetaTensor:
        if self.spatial_dims == 2 and tensor.ndim == 4 and tensor.shape[-1] == 1:
            tensor = tensor[..., 0]
        if tensor.ndim != self.spatial_dims + 1 or tensor.shape[0] != 1:
            raise InputError(
                f"{path} is an array of {tuple(tensor.shape[1:])} with {tensor.shape[0]} channel(s), but this "
                f"configuration takes one-channel {self.spatial_dims}-D images; set spatial_dims or choose other files."
            )
        if min(tensor.shape[1:]) < MIN_SIZE:
            raise InputError(f"{path} measures {tuple(tensor.shape[1:])} voxels; every axis needs {MIN_SIZE} or more.")
        return tensor


def _checked_image(tensor: MetaTensor, path: str) -> MetaTensor:
    tensor = tensor.to(torch.float32)
    check_intensities(tensor.numpy(), path)
    return tensor


def _checked_label(tensor: MetaTensor, path: str, image: MetaTensor | None, image_key: str) -> MetaTensor:
    check_label_ids(tensor.numpy(), path)
    if tensor.abs().max() > LARGEST_ID:
        raise InputError(f"{path} holds the label id {tensor.abs().max():.0f}; renumber ids above {LARGEST_ID}.")
    if image is not None and tensor.shape != image.shape:
        raise InputError(
            f"{path} measures {tuple(tensor.shape[1:])} but its {image_key} {tuple(image.shape[1:])}; "
            "a label map must have its image's size."
        )
    return tensor.to(torch.int32)
