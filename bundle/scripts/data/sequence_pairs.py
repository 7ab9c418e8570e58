"""Sequences as pairs: every frame with the reference frame, along the axis of the batch and in order of time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from ..errors import InputError
from .augment import augmented, plain
from .pairs import read_all, spacing_of
from .sequences import SequenceRecord, slices_of


class SequenceDataset(Dataset[dict[str, Any]]):
    """Sequences, each a batch of pairs: its frames are the moving images, its reference frame the fixed one of all.

    Args:
        data: records of sequences.
        spatial_dims: 2 or 3; in 2-D every slice of a stack is a sequence of its own.
        transform: reads and prepares one record of a slice; its result is cached.
        random_reference: draw the reference frame, anew every epoch; else it is the first labelled one, or the first.
        labelled_only: leave out the sequences that have fewer than two labelled frames.
        max_frames: of a step, about evenly over the whole sequence, so that it stays a cycle; ``None``: all.
        seed: of what is drawn.
        augment: random transform of the frames, a MONAI dictionary transform with keys ``moving, fixed``; it sees the
            frames as channels, so that all go through the same.
        cache_rate: share of sequences kept in memory.
        cache_workers: threads that read them.

    Raises:
        InputError: if no sequence is left.
    """

    def __init__(
        self,
        data: Sequence[SequenceRecord],
        spatial_dims: int,
        transform: Callable[..., Any],
        random_reference: bool = False,
        labelled_only: bool = False,
        max_frames: int | None = None,
        seed: int = 0,
        augment: Callable[..., Any] | None = None,
        cache_rate: float = 1.0,
        cache_workers: int = 2,
    ) -> None:
        self.random_reference, self.max_frames = random_reference, max_frames
        self.seed, self.epoch, self.augment = seed, 0, augment
        self.sequences = read_all(slices_of(data, spatial_dims), transform, cache_rate, cache_workers)
        everyone = range(len(self.sequences))
        self.used = [i for i in everyone if not labelled_only or len(self.sequences[i]["labelled"]) > 1]
        if not self.used:
            raise InputError("no sequence has two labelled frames; name them NAME_frameNN_gt.nii.gz, NN from 01.")

    def set_epoch(self, epoch: int) -> None:
        """Draw those of another epoch; they depend on the seed and the epoch alone."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.used)

    @property
    def moving_subjects(self) -> list[str]:
        """Names of the frames of all sequences, in order."""
        records = [self.sequences[i] for i in self.used]
        return [_frame(_name(record), frame) for record in records for frame in range(len(record["image"]))]

    def __getitem__(self, index: int) -> dict[str, Any]:
        """The pairs of a sequence of ``T`` frames.

        ``moving, fixed`` and ``moving_label, fixed_label`` are ``(T, 1, *S)``; where a frame or the reference has no
        label map, and for the reference beside itself, the moving label is 0 all over. ``measured`` lists the pairs
        with labels, ``spacing`` ``(T, D)`` is in millimetres.
        """
        record = self.sequences[self.used[index]]
        draw = random.Random(f"sequence-{self.seed}-{self.epoch}-{index}")
        image, label = plain(record["image"]), plain(record["label"])
        reference = self._reference(record, draw)
        frames = self._chosen(len(image), draw)
        pair = {"moving": image[frames], "fixed": image[[reference]]}
        if self.augment is not None:
            pair = augmented(self.augment, pair, f"{self.seed}-{self.epoch}-{index}")
        measured = [k for k, t in enumerate(frames) if t != reference and {t, reference} <= set(record["labelled"])]
        moving_label = torch.zeros_like(label[frames])
        moving_label[measured] = label[frames][measured]
        labels = {"moving_label": moving_label, "fixed_label": label[[reference]]}
        tensors = {key: value[:, None] for key, value in {**pair, **labels}.items()}
        count, name = len(frames), _name(record)
        return {
            **{key: value.expand(count, *value.shape[1:]) for key, value in tensors.items()},
            "moving_id": [_frame(name, frame) for frame in frames],
            "fixed_id": [_frame(name, reference)] * count,
            "measured": measured,
            "spacing": spacing_of(record["image"])[: image.ndim - 1].expand(count, -1),
            "orientation": [""] * count,
        }

    def _reference(self, record: Mapping[str, Any], draw: random.Random) -> int:
        labelled = record["labelled"]
        return draw.randrange(len(record["image"])) if self.random_reference else (labelled[0] if labelled else 0)

    def _chosen(self, count: int, draw: random.Random) -> list[int]:
        """The frames of a step, in order: every n-th from one of the first n on."""
        step = 1 if self.max_frames is None else -(-count // self.max_frames)
        return list(range(draw.randrange(step), count, step))


def _name(record: Mapping[str, Any]) -> str:
    return str(record["subject"]) if record["slice"] is None else f"{record['subject']}_slice{record['slice'] + 1}"


def _frame(name: str, index: int) -> str:
    return f"{name}_frame{index + 1:02}"


def one_sequence(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``collate_fn`` of a loader: the frames of one sequence are the batch.

    Raises:
        InputError: if there are several sequences.
    """
    if len(items) != 1:
        raise InputError(f"batch_size is {len(items)}, but a step takes the frames of one sequence; set it to 1.")
    return items[0]
