"""Writing a label map on the grid of the file it belongs to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.data import MetaTensor
from monai.transforms import SaveImaged

from ..files import atomic_path
from ..physical.headers import read_geometry
from ..physical.writing import write_like


class SaveLabelMapd(SaveImaged):
    """MONAI's ``SaveImaged``, its names and folders, for label maps of slices too.

    MONAI drops every trailing axis of one voxel, and with it the third column of the affine, which is singular for a
    coronal or sagittal slice; here the axes are kept as the image's file had them, and its header: where a NIfTI file
    says twice where it lies, and differently, programs choose. The file is complete or absent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saver.folder_layout.makedirs = False  # the folder is made with the file, and not left empty without it

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write ``(1, *S)``, stored as the tensor's file is, under the header of this file."""
        record = dict(data)
        for key in self.key_iterator(record):
            label: MetaTensor = record[key]
            array = np.asarray(label[0].cpu(), dtype=self.saver.init_kwargs["output_dtype"])
            name = self.saver.folder_layout.filename(**self.saver.fname_formatter(label.meta, self.saver))
            path = str(label.meta["filename_or_obj"])
            with atomic_path(name) as temporary:
                write_like(temporary, array, read_geometry(path), path)
        return record
