"""Finding image sequences and the labels of some of their frames; slices of a stack as sequences of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..physical import read_sequence_grid

ENDING = "_4d.nii.gz"
LABEL = re.compile(r"(?P<subject>.+)_frame(?P<frame>\d+)_gt\.nii(\.gz)?$")

SequenceRecord = dict[str, Any]


def find_sequences(dataset_dir: str | Path) -> list[SequenceRecord]:
    """List the sequences of a folder in the layout of ACDC (Bernard et al., TMI 2018, doi 10.1109/TMI.2018.2837502).

    ``NAME_4d.nii.gz`` with ``NAME_frameNN_gt.nii.gz``, the label maps of some frames, numbered from 1; in the folder
    itself or in folders right below it.

    Returns:
        Records of ``subject``, ``image`` (path) and ``labels`` (frame, from 0, to path), sorted by name.

    Raises:
        InputError: if the folder is missing or holds no sequence.
    """
    root = Path(dataset_dir)
    if not root.is_dir():
        raise InputError(f"dataset_dir {root} is not a folder; give one of sequences, NAME{ENDING}.")
    paths = sorted({*root.glob(f"*{ENDING}"), *root.glob(f"*/*{ENDING}")}, key=lambda path: path.name)
    if not paths:
        raise InputError(f"{root} holds no sequence: neither *{ENDING} nor */*{ENDING} (the layout of ACDC).")
    return [_record(path) for path in paths]


def _record(path: Path) -> SequenceRecord:
    name = path.name.removesuffix(ENDING)
    found = ((LABEL.match(file.name), file) for file in sorted(path.parent.glob(f"{name}_frame*")))
    labels = {int(match["frame"]) - 1: str(file) for match, file in found if match and match["subject"] == name}
    return {"subject": name, "image": str(path), "labels": labels}


def slices_of(records: Sequence[SequenceRecord], spatial_dims: int) -> list[SequenceRecord]:
    """The sequences that are registered: of a stack, in 2-D, one a slice; a volume, in 3-D, is one.

    Returns:
        Records with, besides, ``slice``: along the third axis, from 0; ``None`` in 3-D.

    Raises:
        InputError: if a file cannot be read, or in 3-D holds single slices.
    """
    found = []
    for record in records:
        size = read_sequence_grid(record["image"]).size
        if spatial_dims == 3 and size[2] == 1:
            raise InputError(f"{record['image']} is a sequence of slices; set spatial_dims to 2.")
        found += [{**record, "slice": k} for k in (range(size[2]) if spatial_dims == 2 else [None])]
    return found


def labelled_frames(records: Sequence[SequenceRecord]) -> list[SequenceRecord]:
    """A record of ``label`` for every label map of subjects, whether they have one or one a frame."""
    found = [record for record in records if "label" in record]
    return found + [{"label": path} for record in records for path in record.get("labels", {}).values()]
