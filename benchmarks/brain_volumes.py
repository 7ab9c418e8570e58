"""Whole heads with labels, cut to their brains: what the network for volumes is trained and judged on.

    python -m benchmarks.brain_volumes HEADS OUT

HEADS has ``images/``, ``labels/`` and ``split.json``. ``OUT/heads`` holds every head cut to a box around its brain, as
it was scanned; ``OUT/brains`` the same without what is no brain. Both are data sets for ``--dataset_dir``.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import binary_closing, binary_dilation, binary_fill_holes

from scripts.errors import InputError
from scripts.files import atomic_folder
from scripts.progress import progress

from .command import command_line, start

BOX = {"L": 160, "A": 192, "S": 160}  # mm, along left-right, back-front, feet-head
CLOSING = 3  # voxels of 2 mm
PARTS = ("heads", "brains")


def brain_mask(label: np.ndarray) -> np.ndarray:
    """The brain that a parcellation ``(X, Y, Z)`` covers: gaps closed, a voxel added around, holes filled."""
    padded = np.pad(label > 0, CLOSING + 1)
    closed = binary_fill_holes(binary_dilation(binary_closing(padded, iterations=CLOSING)))
    inside = slice(CLOSING + 1, -CLOSING - 1)
    return np.asarray(closed[inside, inside, inside])


def boxed(volume: nib.Nifti1Image, mask: np.ndarray) -> nib.Nifti1Image:
    """``volume`` cut to :data:`BOX` around the middle of ``mask``, zeros where it ends before; places stay."""
    axes = [next(axis for axis in BOX if axis in pair) for pair in _axis_letters(volume)]
    size = [round(BOX[axis] / step) for axis, step in zip(axes, volume.header.get_zooms(), strict=True)]
    ends = [np.flatnonzero(mask.any(tuple(k for k in range(3) if k != axis)))[[0, -1]] for axis in range(3)]
    first = [round((low + high + 1 - extent) / 2) for (low, high), extent in zip(ends, size, strict=True)]
    values = np.asanyarray(volume.dataobj)
    before = [max(-start, 0) for start in first]
    after = [max(start + extent - n, 0) for start, extent, n in zip(first, size, values.shape, strict=True)]
    values = np.pad(values, list(zip(before, after, strict=True)))
    start = [begin + pad for begin, pad in zip(first, before, strict=True)]
    cut = values[tuple(slice(begin, begin + extent) for begin, extent in zip(start, size, strict=True))]
    affine = volume.affine.copy()
    affine[:3, 3] = volume.affine[:3, :3] @ first + volume.affine[:3, 3]
    return nib.Nifti1Image(cut, affine)


def _axis_letters(volume: nib.Nifti1Image) -> list[str]:
    """Both letters of every array axis, such as ``LR``."""
    both = {"L": "LR", "R": "LR", "A": "AP", "P": "AP", "S": "SI", "I": "SI"}
    return [both[letter] for letter in nib.aff2axcodes(volume.affine)]


def prepare(heads: Path, out: Path) -> None:
    """Write both data sets; each appears when it is complete.

    Args:
        heads: folder with ``images/``, ``labels/`` and ``split.json``.
        out: where to.
    """
    names = sorted(path.name for path in (heads / "images").iterdir())
    with ExitStack() as stack:
        folders = {part: stack.enter_context(atomic_folder(out / part)) for part in PARTS}
        for folder in folders.values():
            for kind in ("images", "labels"):
                (folder / kind).mkdir()
            for table in (*heads.glob("*.csv"), heads / "split.json"):
                shutil.copy(table, folder)
        for name in progress(names, "heads", "subject"):
            image, label = (nib.load(heads / kind / name) for kind in ("images", "labels"))
            mask = brain_mask(np.asanyarray(label.dataobj))
            brain = nib.Nifti1Image(np.asanyarray(image.dataobj) * mask, image.affine)
            for part, shown in zip(PARTS, (image, brain), strict=True):
                nib.save(boxed(shown, mask), folders[part] / "images" / name)
                nib.save(boxed(label, mask), folders[part] / "labels" / name)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, docs=False)
    parser.add_argument("heads", type=Path)
    parser.add_argument("out", type=Path)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Write both data sets."""
    options = parse_arguments(arguments)
    if not (options.heads / "images").is_dir() or not (options.heads / "split.json").is_file():
        raise InputError(f"{options.heads} has no images/ and split.json; name a folder of heads with labels.")
    prepare(options.heads, options.out)


if __name__ == "__main__":
    start(main)
