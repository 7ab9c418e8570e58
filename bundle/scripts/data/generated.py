"""Cohorts that the bundle makes itself: a folder that is complete or absent, and a marker that says what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..files import atomic_folder

MARKER = "cohort.json"


def describe_cohort(
    content: str,
    generator_version: Mapping[int, int],
    num_subjects: int,
    spatial_size: Sequence[int],
    seed: int,
    smallest_size: int,
) -> dict[str, Any]:
    """What the marker of a cohort says, its numbers checked.

    Args:
        content: in words.
        generator_version: by the number of axes.
        num_subjects: at least 1.
        spatial_size: S, two or three sizes of at least ``smallest_size`` voxels.
        seed: 0 or more.
        smallest_size: voxels.

    Raises:
        InputError: if a number is out of range.
    """
    size = list(spatial_size)
    if len(size) not in generator_version or any(int(n) != n or n < smallest_size for n in size):
        raise InputError(
            f"the embedded cohort cannot have the size {tuple(size)}; give two or three whole numbers of voxels, "
            f"each {smallest_size} or more."
        )
    return {
        "content": content,
        "generator_version": generator_version[len(size)],
        "num_subjects": check_whole(num_subjects, 1, f"{num_subjects} subjects"),
        "spatial_size": [int(n) for n in size],
        "seed": check_whole(seed, 0, f"the seed {seed}"),
    }


def check_whole(number: int, least: int, what: str) -> int:
    """``number`` where it is a whole one from ``least`` on.

    Raises:
        InputError: if it is not; the sentence says ``what`` cannot be had.
    """
    if int(number) != number or number < least:
        raise InputError(f"the embedded cohort cannot have {what}; give a whole number from {least} on.")
    return int(number)


def write_generated(folder: Path, wanted: dict[str, Any], fill: Callable[[Path], None]) -> Path:
    """Fill a folder and mark it, or find it filled; it appears when it is complete.

    Args:
        folder: where; its parents are made.
        wanted: what the marker says.
        fill: writes the files into the folder it is given, with one thread.

    Returns:
        ``folder``.

    Raises:
        InputError: if the folder cannot be written, or holds something else or another cohort.
    """
    if _is_written(folder, wanted):
        return folder
    try:
        with atomic_folder(folder) as partial, _one_thread():
            fill(partial)
            (partial / MARKER).write_text(json.dumps(wanted, indent=2) + "\n")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{folder} cannot be written ({reason}); name a folder where you may write.") from error
    _is_written(folder, wanted)  # another process may have been faster, with other arguments
    return folder


def _is_written(folder: Path, wanted: dict[str, Any]) -> bool:
    """Whether the folder holds the cohort wanted; not if it is missing or empty.

    Raises:
        InputError: if it holds anything else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{folder} exists and is no embedded cohort (no readable {MARKER}); remove it or name another folder."
        ) from None
    if found != wanted:
        different = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
        raise InputError(
            f"{folder} holds an embedded cohort of another {' and '.join(different) or 'kind'}; "
            "remove it or name another folder."
        )
    return True


@contextmanager
def _one_thread() -> Iterator[None]:
    """For hundreds of short tensor operations: on busy cores, threads wait for each other longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
