"""Which subject the others are registered to, where the user names none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .labels import BACKGROUND, label_sizes
from .subjects import Record

CANDIDATES = 20  # reading more label maps would cost a user with volumes more than it is worth


def choose_atlas(records: Sequence[Record], num_candidates: int = CANDIDATES) -> Record:
    """A complete and typical subject.

    Of the first ``num_candidates`` with labels, those with the most structures; of them, the one whose structures are
    nearest in size to the candidates' median (mean absolute difference of the logarithms of voxel counts).

    Args:
        records: subjects of the training part, in order.
        num_candidates: how many are looked at.

    Returns:
        One of ``records``; the first if none has labels.

    Raises:
        InputError: if a label map cannot be read.
    """
    candidates = [record for record in records if "label" in record][:num_candidates]
    if len(candidates) < 2:
        return candidates[0] if candidates else records[0]
    sizes = _structure_sizes(candidates)
    complete = (sizes > 0).sum(axis=1)
    logs = np.log1p(sizes)
    distance = np.abs(logs - np.median(logs, axis=0)).mean(axis=1)
    distance[complete < complete.max()] = np.inf
    return candidates[int(distance.argmin())]


def _structure_sizes(records: Sequence[Record]) -> np.ndarray:
    """Voxels of every structure that any of the records has, ``(N, K)``."""
    counts = [label_sizes(record["label"]) for record in records]
    ids = sorted(set().union(*counts) - {BACKGROUND})
    return np.array([[count.get(label, 0) for label in ids] for count in counts], dtype=float)
