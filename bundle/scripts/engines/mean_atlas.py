"""Making an atlas of one's own: the mean of registered subjects, with the labels that most of them have."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import nibabel as nib
import numpy as np
import torch
from ignite.engine import Engine, Events
from torch import Tensor

from ..errors import InputError
from ..files import atomic_path
from ..spatial import invert_field, warp

logger = logging.getLogger(__name__)


class MeanAtlas:
    """Average every subject that is registered to the reference, in intensity and in shape.

    The images are averaged on the reference's grid; the mean of all fields, undone, then takes that mean from the
    reference's shape to the mean shape (Guimond et al., CVIU 77, 2000, doi 10.1006/cviu.1999.0815). Labels are the most
    frequent ones, brought to the mean shape with nearest neighbour. Neither is any one subject's.

    Args:
        image, label: the NIfTI files to write.
        reference: record of the subject that the others are registered to.
        preprocessing: of a record; gives the reference's header on the working grid.
    """

    def __init__(
        self,
        image: str,
        label: str,
        reference: Mapping[str, str],
        preprocessing: Callable[[Mapping[str, str]], Mapping[str, Any]],
    ) -> None:
        self.paths = {"image": Path(image), "label": Path(label)}
        self.reference = preprocessing(reference)
        self.image, self.field, self.count = torch.zeros(()), torch.zeros(()), 0
        self.votes: dict[int, Tensor] = {}

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator over atlas-based pairs."""
        if idist.get_world_size() > 1:
            raise InputError("an atlas is made by one process; run atlas.yaml without multi_gpu_evaluate.yaml.")
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.add)
        engine.add_event_handler(Events.COMPLETED, lambda _: self.write())
        self._add(self.reference["image"][None], torch.zeros(()), self.reference["label"][None])

    def add(self, engine: Engine) -> None:
        """Count the subjects of the batch just registered in."""
        pred, target = engine.state.output["pred"], engine.state.output["label"]
        warped_label = warp(target["moving_label"], pred["ddf"], "nearest")
        self._add(pred["warped"].cpu(), pred["ddf"].cpu(), warped_label.cpu())

    def _add(self, images: Tensor, fields: Tensor, labels: Tensor) -> None:
        self.image = self.image + images.sum(0).as_subclass(Tensor)
        self.field = self.field + (fields.sum(0) if fields.ndim else fields)
        self.count += len(images)
        for label in labels.unique().tolist():
            present = (labels == label).sum(0)[0].as_subclass(Tensor)
            self.votes[int(label)] = self.votes.get(int(label), torch.zeros_like(present)) + present

    def mean(self) -> tuple[Tensor, Tensor]:
        """Image and label ``(1, *S)`` of the mean shape."""
        # A structure stands at y + ddf(y) in a subject and at y in the reference: y + mean(ddf)(y) is its mean place.
        to_reference = invert_field(self.field[None] / self.count)
        ids = torch.tensor(list(self.votes))
        label = ids[torch.stack(list(self.votes.values())).argmax(0)][None, None].to(torch.int32)
        image = warp(self.image[None] / self.count, to_reference)
        return image[0], warp(label, to_reference, "nearest")[0]

    def write(self) -> None:
        """Write image and label with the reference's header."""
        image, label = self.mean()
        self._save(self.paths["image"], image.numpy().astype(np.float32), np.int16)
        ids = np.uint8 if label.max() < 256 else np.int32
        self._save(self.paths["label"], label.numpy().astype(ids), ids)
        logger.info("atlas of %d subjects: %s, %s", self.count, self.paths["image"], self.paths["label"])

    def _save(self, path: Path, array: np.ndarray, stored: type) -> None:
        """Write ``(1, *S)``; floats are stored as whole numbers and the factor between them: half the size."""
        volume = array[0] if array.ndim == 4 else array[0][..., None]
        file = nib.Nifti1Image(volume, np.asarray(self.reference["image"].affine))
        file.set_data_dtype(stored)
        with atomic_path(path) as temporary:
            nib.save(file, temporary)
