"""Coronal slices of whole heads with labels: what the network for slices of any contrast has seen of skulls and skin.

    python -m benchmarks.brain_volumes HEADS OUT
    python -m benchmarks.head_slices OUT/heads OUT/head_slices

The middle coronal slice of every box around a brain, 1 mm, stored left-right by head-feet as neurite-OASIS stores its
own. The result is a data set for ``--dataset_dir``, of the same split.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import zoom

from scripts.errors import InputError
from scripts.files import atomic_folder
from scripts.progress import progress

from .command import command_line, start

STORED = ("R", "I", "P")  # where the axes of the volume grow to: its last one is cut


def middle_slice(volume: nib.Nifti1Image, order: int) -> np.ndarray:
    """The slice ``(left-right, head-feet)`` in the middle, 1 mm, interpolated by splines of ``order``; 0: nearest."""
    wanted = nib.orientations.axcodes2ornt(STORED)
    turned = volume.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(volume.affine), wanted))
    plane = np.asanyarray(turned.dataobj)[:, :, turned.shape[2] // 2].astype(np.float32)
    return np.asarray(zoom(plane, turned.header.get_zooms()[:2], order=order, grid_mode=True, mode="nearest"))


def write_slices(heads: Path, out: Path) -> None:
    """Write the data set; it appears when it is complete."""
    names = sorted(path.name for path in (heads / "images").iterdir())
    with atomic_folder(out) as folder:
        for kind in ("images", "labels"):
            (folder / kind).mkdir()
        for table in (*heads.glob("*.csv"), heads / "split.json"):
            shutil.copy(table, folder)
        for name in progress(names, "slices", "subject"):
            for kind, order, stored in (("images", 3, np.float32), ("labels", 0, np.int16)):
                plane = middle_slice(nib.load(heads / kind / name), order)
                values = np.maximum(plane, 0) if kind == "images" else plane
                nib.save(nib.Nifti1Image(values[..., None].astype(stored), np.eye(4)), folder / kind / name)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, docs=False)
    parser.add_argument("heads", type=Path)
    parser.add_argument("out", type=Path)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Write the data set."""
    options = parse_arguments(arguments)
    if not (options.heads / "images").is_dir() or not (options.heads / "split.json").is_file():
        raise InputError(f"{options.heads} has no images/ and split.json; name a folder of heads with labels.")
    write_slices(options.heads, options.out)


if __name__ == "__main__":
    start(main)
