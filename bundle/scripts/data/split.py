"""Dividing subjects into training, validation and test."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from .subjects import PARTS, Record, read_parts

TEST_SHARE = 1 / 5  # the paper's 4 : 1
MOST_NEEDED = {"training": 2}
VALIDATION_SHARE = 1 / 20  # of the training part


def split_subjects(records: Sequence[Record], seed: int = 0) -> dict[str, list[Record]]:
    """Seeded 4:1 split into training and test; a twentieth of the training part becomes validation.

    Args:
        records: the subjects, in any order: they are sorted by name first.
        seed: of the shuffle.

    Returns:
        ``training``, ``validation`` and ``test``, each sorted by name.
    """
    shuffled = sorted(records, key=lambda record: record["subject"])
    random.Random(seed).shuffle(shuffled)
    num_test = round(len(shuffled) * TEST_SHARE)
    num_validation = max(1, round((len(shuffled) - num_test) * VALIDATION_SHARE))
    parts = shuffled[:num_test], shuffled[num_test : num_test + num_validation], shuffled[num_test + num_validation :]
    test, validation, training = (sorted(part, key=lambda record: record["subject"]) for part in parts)
    return {"training": training, "validation": validation, "test": test}


def split_by_file(records: Sequence[Record], path: str | Path) -> dict[str, list[Record]]:
    """Split as a JSON file says: lists of subject names under ``training``, ``validation`` and ``test``.

    Raises:
        InputError: if the file names an unknown subject, or one subject in two parts.
    """
    by_name = {record["subject"]: record for record in records}
    names = {part: read_parts(Path(path)).get(part, []) for part in PARTS}
    everyone = [name for part in names.values() for name in part]
    for name in everyone:
        if not isinstance(name, str) or name not in by_name:
            raise InputError(f"{path} names the subject {name}, which the data set does not hold.")
        if everyone.count(name) > 1:
            raise InputError(f"{path} names the subject {name} twice; a subject belongs to one part.")
    return {part: [by_name[name] for name in names[part]] for part in PARTS}


def check_parts(
    parts: Mapping[str, Sequence[Record]], source: str | Path, needs: Mapping[str, int] = MOST_NEEDED
) -> None:
    """Check that every part holds a subject, training two (an atlas and one to move), and that names are unique.

    Args:
        parts: part to records.
        source: of the data, for the sentence.
        needs: subjects that a part needs, where more than one.

    Raises:
        InputError: if not; the sentence names the part or the subject.
    """
    for part in PARTS:
        have, need = len(parts.get(part, ())), needs.get(part, 1)
        if have < need:
            raise InputError(f"{source} leaves {have} subjects for {part}, which needs at least {need}; add subjects.")
    names = Counter(record["subject"] for part in PARTS for record in parts[part])
    for name, count in names.items():
        if count > 1:
            raise InputError(f"{source} holds the subject {name} {count} times; each needs its own name, and one part.")
