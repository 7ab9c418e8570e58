"""Small data sets on disk, in the layouts that the bundle reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

Write = Callable[[str, np.ndarray], str]
SIZES = {2: (12, 14, 1), 3: (9, 10, 11)}
NEURITE = {
    2: ("slice_norm.nii.gz", "slice_seg24.nii.gz", "seg24_labels.txt"),
    3: ("aligned_norm.nii.gz", "aligned_seg35.nii.gz", "seg35_labels.txt"),
}
TABLE = (
    "#ID   Label Name   R   G   B   A\n\n0  Unknown  0 0 0 0\n2  Left-Cortex  205 62 78 0\n10  Left-Thalamus  0 1 2 0\n"
)


def image_of(dims: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(SIZES[dims], dtype=np.float32)


def label_of(dims: int, ids: Sequence[int], seed: int = 0) -> np.ndarray:
    """A map in which every id occurs."""
    label = np.random.default_rng(seed).choice([0, *ids], SIZES[dims]).astype(np.int16)
    label.flat[: len(ids)] = ids
    return label


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an array as NIfTI below the test's folder and return the path."""

    def write_array(name: str, array: np.ndarray) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(array, np.eye(4)), path)
        return str(path)

    return write_array


@pytest.fixture
def neurite(tmp_path: Path, write: Write) -> Callable[..., Path]:
    """A folder in the layout of neurite-OASIS: ``s00``, ``s01`` and so on, each with the labels 2 and 10."""

    def build(count: int, dims: int = 2, table: bool = True) -> Path:
        image_name, label_name, table_name = NEURITE[dims]
        for n in reversed(range(count)):
            write(f"neurite/s{n:02d}/{image_name}", image_of(dims, n))
            write(f"neurite/s{n:02d}/{label_name}", label_of(dims, [2, 10], n))
        if table:
            (tmp_path / "neurite" / table_name).write_text(TABLE)
        return tmp_path / "neurite"

    return build
