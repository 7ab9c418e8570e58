"""Reading a sequence: its frames stand where MONAI's transforms expect channels, so that all are treated alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Transform

from ..errors import InputError
from ..physical import read_label_frame, read_sequence
from .read import MIN_SIZE


class ReadSequence(Transform):
    """A record of :func:`scripts.data.sequences.slices_of`, read.

    Axes stay as they are stored: a slice out of a stack may lie any way in space. The frames of ``image`` and of
    ``label`` become the channels of one tensor ``(T, *S)``, 32-bit floats and integers; a frame without a label map is
    0 all over. ``labelled`` lists the frames that have one.

    Args:
        spatial_dims: of a frame: 2 takes the record's slice of the stack, 3 the volume.
    """

    def __init__(self, spatial_dims: int) -> None:
        self.spatial_dims = spatial_dims

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Replace the paths of a record by tensors.

        Raises:
            InputError: if a file cannot be read, a frame is too small, or a label map belongs to no frame.
        """
        record = dict(data)
        sequence = read_sequence(str(record["image"]))
        affine = torch.from_numpy(sequence.geometry.affine_ras)
        labels = record.pop("labels", {})
        image = self._frames(sequence.values, record["slice"])
        if min(image.shape[1:]) < MIN_SIZE:
            raise InputError(f"{sequence.path} measures {image.shape[1:]} voxels; every axis needs {MIN_SIZE} or more.")
        maps = np.zeros(image.shape, dtype=np.int32)
        for frame, path in labels.items():
            if not 0 <= frame < len(image):
                raise InputError(
                    f"{path} labels frame {frame + 1}, but {sequence.path} has frames 1 to {len(image)}; rename it."
                )
            maps[frame] = self._frames(read_label_frame(path, sequence).values[..., None], record["slice"])[0]
        labelled = [frame for frame in sorted(labels) if maps[frame].any()]
        meta = {"filename_or_obj": sequence.path}
        return {
            **record,
            "image": MetaTensor(torch.from_numpy(image), affine=affine, meta=meta),
            "label": torch.from_numpy(maps),
            "labelled": labelled,
        }

    def _frames(self, values: np.ndarray, index: int | None) -> np.ndarray:
        """``(X, Y, Z, T)`` as ``(T, *S)``."""
        frames = np.moveaxis(values, -1, 0)
        return np.ascontiguousarray(frames[..., index] if self.spatial_dims == 2 else frames)
