"""The method's scaling of intensities, as a dictionary transform."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform

from ..physical import Intensity


class ScaleIntensityd(MapTransform):
    """Apply a scaling of arrays to images.

    Args:
        keys: images, ``(C, *S)``.
        intensity: from an array to its scaled copy, such as :class:`scripts.physical.PercentileScaling`.
        allow_missing_keys: pass over keys that a record lacks.
    """

    def __init__(self, keys: KeysCollection, intensity: Intensity, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.intensity = intensity

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace images by 32-bit ones on the same grid."""
        record = dict(data)
        for key in self.key_iterator(record):
            image = record[key]
            scaled = torch.from_numpy(self.intensity(np.asarray(image)))
            record[key] = scaled
            if isinstance(image, MetaTensor):
                record[key] = MetaTensor(scaled, meta=image.meta, applied_operations=image.applied_operations)
        return record
