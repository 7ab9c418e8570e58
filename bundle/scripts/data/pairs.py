"""Pairs of subjects, drawn from subjects that were read and transformed once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.pool import ThreadPool
from typing import Any, get_args

import nibabel as nib
import numpy as np
import torch
from monai.data import CacheDataset
from torch import Tensor
from torch.utils.data import Dataset

from ..errors import InputError
from ..options import Pairing
from ..physical import bright_box
from ..progress import progress
from .augment import augmented, plain
from .subjects import Record

PAIRINGS = get_args(Pairing)
SAME_SPACING = 0.05  # relative; scanners differ by so much
SAME_PLACE = 0.15  # of the object's size: in data sets that need no affine stage 0.03 is the most that was seen
IN_REACH = 4  # voxels: so far a network moves even the smallest object


class PairDataset(Dataset[dict[str, Any]]):
    """Moving and fixed images of two subjects.

    Args:
        data: records of the subjects.
        transform: reads and prepares one record; its result is cached.
        atlas: record of the atlas: the fixed image of every pair when ``pairing`` is ``"atlas"``.
        pairing: ``"atlas"`` moves every subject to the atlas (the paper's); ``"random"`` draws two different subjects,
            anew every epoch; the atlas is one of them only where ``data`` holds a single subject; ``"consecutive"``
            moves every subject to the next and, after that, every next to the one before it, as in the test of LKU-Net
            (Jia et al., MLMI 2022, arXiv:2208.04939).
        num_pairs: pairs an epoch; ``None`` for one a subject, or for all consecutive ones. Atlas and consecutive pairs
            beyond the subjects do not exist.
        seed: of the random pairs and of ``augment``.
        augment: random transform of a pair, a MONAI dictionary transform with keys ``moving, fixed`` (and the labels');
            what it draws depends on the seed, the epoch and the index alone.
        cache_rate: share of subjects kept in memory.
        cache_workers: threads that read them.
        same_place: how far an object may lie from the atlas's, in sizes of that; a network of fields moves it no
            further.

    Raises:
        InputError: if the subjects differ in size, spacing or place, the atlas of their pairs lacks labels, or a single
            subject has no other to follow.
        ValueError: if ``pairing`` is unknown.
    """

    def __init__(
        self,
        data: Sequence[Record],
        transform: Callable[..., Any],
        atlas: Record,
        pairing: str = "atlas",
        num_pairs: int | None = None,
        seed: int = 0,
        augment: Callable[..., Any] | None = None,
        cache_rate: float = 1.0,
        cache_workers: int = 2,
        same_place: float = SAME_PLACE,
    ) -> None:
        if pairing not in PAIRINGS:
            raise ValueError(f"pairing must be one of {PAIRINGS}, got {pairing!r}")
        if pairing == "consecutive" and len(data) < 2:
            raise InputError(f"consecutive pairs need at least two subjects, got {len(data)}; choose another pairing.")
        self.pairing, self.seed, self.epoch = pairing, seed, 0
        self.data, self.transform, self.augment = list(data), transform, augment
        self.names = [str(record["subject"]) for record in (*self.data, atlas)]
        self.subjects = read_all([*self.data, atlas], transform, cache_rate, cache_workers)
        _check_alike(self.subjects, same_place)
        self.labelled = _have_labels(self.data, atlas, pairing)
        most = {"atlas": len(data), "consecutive": 2 * (len(data) - 1)}
        available = most.get(pairing, num_pairs or len(data))
        self.num_pairs = min(num_pairs or available, available)

    def set_epoch(self, epoch: int) -> None:
        """Draw the random pairs of another epoch; they depend on the seed and the epoch alone."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_pairs

    @property
    def moving_subjects(self) -> list[str]:
        """Names of the moving subjects of an epoch's pairs, in order."""
        return [self.names[self._choose(index)[0]] for index in range(len(self))]

    def _choose(self, index: int) -> tuple[int, int]:
        if self.pairing == "atlas":
            return index, len(self.subjects) - 1
        if self.pairing == "consecutive":
            back, first = divmod(index, len(self.data) - 1)
            return (first + 1, first) if back else (first, first + 1)
        subjects = range(max(len(self.data), 2))  # the atlas stands behind the data
        moving, fixed = random.Random(f"{self.seed}-{self.epoch}-{index}").sample(subjects, 2)
        return moving, fixed

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The pair: tensors ``moving, fixed`` ``(1, *S)``, with ``moving_label, fixed_label`` where all have labels.

        ``spacing`` ``(D,)`` is the size of a voxel of the fixed image in millimetres, ``orientation`` a letter an axis
        of where its index grows to (``LIA``: left, down, front); empty in 2-D, where headers do not tell.
        """
        moving, fixed = (self.subjects[i] for i in self._choose(index))
        pair = {**self._named(moving, "moving"), **self._named(fixed, "fixed")}
        if self.augment is not None:
            pair = augmented(self.augment, pair, f"{self.seed}-{self.epoch}-{index}")
        before = ["unaligned_image", "unaligned_label"][: 1 + self.labelled]
        unaligned = {key: plain(moving[key]) for key in before if key in moving}
        names = {"moving_id": moving["subject"], "fixed_id": fixed["subject"]}
        return {
            **pair,
            **unaligned,
            **names,
            "spacing": spacing_of(fixed["image"]),
            "orientation": _orientation(fixed["image"]),
        }

    def _named(self, subject: Mapping[str, Any], role: str) -> dict[str, Tensor]:
        named = {role: plain(subject["image"])}
        if self.labelled and isinstance(subject["label"], Tensor):
            named[f"{role}_label"] = plain(subject["label"])
        return named


def spacing_of(image: Tensor) -> Tensor:
    """Millimetres a voxel, an array axis each; 1 where the image came without a header."""
    dims = image.ndim - 1
    affine = getattr(image, "affine", None)
    if affine is None:
        return torch.ones(dims)
    return affine[:-1, :dims].norm(dim=0).float()  # MONAI's pixdim takes two axes of a slice in space for x and y


def _orientation(image: Tensor) -> str:
    """Letters of the axes of a volume ``(1, *S)``; empty in 2-D and for an image without a header."""
    affine = getattr(image, "affine", None)
    return "" if affine is None or image.ndim != 4 else "".join(map(str, nib.aff2axcodes(affine.numpy())))


def read_all(records: Sequence[Record], transform: Callable[..., Any], rate: float, workers: int) -> Any:
    """The prepared subjects, a share of them kept in memory; in threads, and with a sign of life if it takes long."""
    subjects = CacheDataset(records, transform, cache_rate=rate, runtime_cache=True)
    kept = range(subjects.cache_num)
    with ThreadPool(workers) as pool:
        for _ in progress(pool.imap(subjects.__getitem__, kept), "reading subjects", "subject", len(kept)):
            pass
    return subjects


def _check_alike(subjects: Sequence[Mapping[str, Any]], same_place: float) -> None:
    """Refuse what a network would be shown at another size or place than the atlas."""
    atlas = subjects[len(subjects) - 1]
    size, spacing = tuple(atlas["image"].shape[1:]), spacing_of(atlas["image"])
    for subject in (subjects[i] for i in range(len(subjects))):
        if tuple(subject["image"].shape[1:]) != size:
            raise InputError(
                f"{subject['subject']} measures {tuple(subject['image'].shape[1:])} voxels but the atlas "
                f"{atlas['subject']} {size}; set spatial_size or affine: true."
            )
        own = spacing_of(subject["image"])
        if ((own / spacing - 1).abs() > SAME_SPACING).any():
            raise InputError(
                f"{subject['subject']} has voxels of {_text(own)} mm but the atlas {atlas['subject']} of "
                f"{_text(spacing)} mm; bring all onto one grid with --affine true."
            )
        apart = _off_place(subject["image"], atlas["image"])
        if "unaligned_image" not in subject and (apart > same_place).any():
            raise InputError(
                f"the object of {subject['subject']} lies {_text(apart * 100)} % of its size away from that of the "
                f"atlas {atlas['subject']}; align all with --affine true."
            )


def _off_place(image: Tensor, atlas: Tensor) -> Tensor:
    """Distance of two objects along every axis, in sizes of the atlas's object; 0 where it is small.

    Of their middles; of their ends where the grid cuts one off, whose middle is then moved half as far.
    """
    (first, size), (atlas_first, atlas_size) = (bright_box(each[0].numpy()) for each in (image, atlas))
    end, atlas_end = first + size, atlas_first + atlas_size
    ends = np.stack([abs(first - atlas_first), abs(end - atlas_end)])
    middles = abs(first + end - atlas_first - atlas_end) / 2
    is_cut = (np.minimum(first, atlas_first) == 0) | (np.maximum(end, atlas_end) == image.shape[1:])
    voxels = np.where(is_cut, ends.max(0), middles)
    return torch.from_numpy((voxels > IN_REACH) * voxels / atlas_size)


def _text(values: Tensor) -> str:
    return " x ".join(f"{value:.3g}" for value in values.tolist())


def _have_labels(data: Sequence[Record], atlas: Record, pairing: str) -> bool:
    """Whether everyone in the pairs has labels: a batch holds them for all of its pairs or for none."""
    with_atlas = pairing == "atlas" or len(data) < 2
    labelled = all("label" in record for record in data)
    if pairing == "atlas" and labelled and "label" not in atlas:
        raise InputError(
            f"the atlas {atlas['subject']} has no label map, but the subjects that are registered to it have; "
            "name an atlas with labels."
        )
    return labelled and ("label" in atlas or not with_atlas)
