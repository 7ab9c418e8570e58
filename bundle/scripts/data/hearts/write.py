"""The embedded cohort of hearts on disk, in the layout of ACDC: flat, a sequence a file, a label map a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from ...errors import InputError
from ...progress import progress
from ..generated import check_whole, describe_cohort, write_generated
from ..labels import format_label_table
from ..subjects import NEURITE_TABLES
from .anatomy import LEFT, MYOCARDIUM, RIGHT
from .grid import Grid
from .subject import Subject, make_subject
from .traits import BREATHING

CONTENT = "synthetic hearts in the layout of ACDC"
GENERATOR_VERSION = {2: 1, 3: 1}  # by the number of axes: raise it with every change that alters a voxel
NUM_SUBJECTS, NUM_FRAMES = 24, 20  # where nothing else is asked for
SIZES = {2: (96, 96), 3: (48, 48, 32)}  # likewise: pixels of 1.5 mm, and voxels twice as wide
SMALLEST_SIZE = 32  # voxels: on a coarser grid the wall is gone
FEWEST_FRAMES = 2
LABELS = {  # id to name and colour
    0: ("Background", (0, 0, 0)),
    RIGHT: ("Right-Ventricle", (0, 0, 255)),
    MYOCARDIUM: ("Myocardium", (0, 255, 0)),
    LEFT: ("Left-Ventricle", (255, 0, 0)),
}
LPS = np.array([-1, -1, 1], np.float32)  # the image's axes are RAS


def write_hearts(
    folder: Path,
    num_subjects: int,
    spatial_size: Sequence[int],
    num_frames: int,
    seed: int = 0,
    breathing: float = BREATHING,
) -> Path:
    """Write the embedded cohort of hearts, or find it written.

    A subject is three kinds of files, X x Y x Z voxels of which every size covers the same field of view:
    ``heart000_4d.nii.gz`` (X, Y, Z, T) int16, one cycle from end-diastole on, its header with the seconds a frame;
    ``heart000_frameNN_gt.nii.gz`` (X, Y, Z) uint8 for every frame, NN from 01: 1 right ventricle, 2 myocardium, 3 left
    ventricle; ``heart000_motion.nii.gz`` (X, Y, Z, T, 3) float32, LPS millimetres: what lies at x in frame 1 lies at
    x + u in each frame. Two sizes make a stack of three slices 10 mm apart through which nothing moves, three a volume
    in which the base descends towards the apex. A subject depends on the seed, its number, the size, the number of
    frames and the breathing alone. The folder appears when it is complete, ``cohort.json`` in it tells what it holds.

    Args:
        folder: where; its parents are made.
        num_subjects: at least 1.
        spatial_size: two or three sizes of at least 32 voxels.
        num_frames: T, at least 2.
        seed: 0 or more.
        breathing: the largest drift, 0 mm or more.

    Returns:
        ``folder``.

    Raises:
        InputError: if an argument is out of range, or the folder holds something else or another cohort.
    """
    wanted = describe_cohort(CONTENT, GENERATOR_VERSION, num_subjects, spatial_size, seed, SMALLEST_SIZE)
    wanted["num_frames"] = check_whole(num_frames, FEWEST_FRAMES, f"{num_frames} frames")
    if not 0 <= breathing < math.inf:
        raise InputError(f"the embedded cohort cannot breathe by {breathing} mm; give 0 or more.")
    wanted["breathing_mm"] = float(breathing)

    def fill(partial: Path) -> None:
        names = [f"heart{index:03d}" for index in range(num_subjects)]
        for index, name in enumerate(progress(names, "embedded cohort", "heart")):
            subject = make_subject(seed, index, wanted["spatial_size"], num_frames, breathing)
            _write_subject(partial, name, subject)
        (partial / NEURITE_TABLES[len(spatial_size)]).write_text(format_label_table(LABELS))

    return write_generated(Path(folder), wanted, fill)


def _write_subject(folder: Path, name: str, subject: Subject) -> None:
    grid, seconds = subject.grid, subject.frame_seconds
    _save(folder / f"{name}_4d.nii.gz", subject.images, grid, seconds)
    for frame in range(subject.labels.shape[-1]):
        _save(folder / f"{name}_frame{frame + 1:02d}_gt.nii.gz", subject.labels[..., frame], grid)
    _save(folder / f"{name}_motion.nii.gz", subject.displacement * LPS, grid, seconds)


def _save(path: Path, values: np.ndarray, grid: Grid, seconds: float | None = None) -> None:
    """Write ``(X, Y, Z[, T[, 3]])`` with axes to the right, to the front and up; five axes hold vectors."""
    nifti = nib.Nifti1Image(values, np.diag([*grid.spacing, 1]))
    nifti.set_qform(nifti.affine, 1)
    nifti.set_sform(nifti.affine, 1)
    nifti.header.set_xyzt_units("mm", "sec")
    if seconds is not None:
        nifti.header["pixdim"][4] = seconds
    if values.ndim == 5:
        nifti.header.set_intent("vector")
    nib.save(nifti, path)
