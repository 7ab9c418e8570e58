"""The embedded cohort on disk, in the layout of neurite-OASIS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from ...progress import progress
from ..generated import describe_cohort, write_generated
from ..subjects import NEURITE_FILES, NEURITE_TABLES
from .atlas_geometry import ORIGIN
from .deform import BRAIN_CENTRE, voxel_spacing
from .labels import label_table_text
from .subject import make_subject

GENERATOR_VERSION = {2: 1, 3: 2}  # by the number of axes: raise it with every change that alters a voxel
SIZES = {2: (160, 192), 3: (64, 64, 80)}  # where none is asked for: voxels of 1 mm, and of 2.5 mm
NUM_SUBJECTS = {2: 60, 3: 24}
CONTENT = "synthetic brains in the layout of neurite-OASIS"
SMALLEST_SIZE = 32  # voxels: on a coarser grid the cortex is gone


def write_cohort(folder: Path, num_subjects: int, spatial_size: Sequence[int], seed: int = 0) -> Path:
    """Write the embedded cohort, or find it written.

    In 2-D a subject's folder holds ``slice_norm.nii.gz`` and ``slice_seg24.nii.gz``, in 3-D ``aligned_norm.nii.gz``
    and ``aligned_seg35.nii.gz``, with the ids of the real ones. Image axes are those of the real files too: left-right,
    superior-inferior, posterior-anterior. A grid of any size covers the whole brain: the header of a volume says how
    large its voxels are; that of a slice says 1 mm, and other sizes than 160 x 192 show the brain smaller or larger. A
    subject depends on the seed, its number and the size alone. The folder appears when it is complete, ``cohort.json``
    in it tells what it holds.

    Args:
        folder: where; its parents are made.
        num_subjects: at least 1.
        spatial_size: S, two or three sizes of at least 32 voxels.
        seed: 0 or more.

    Returns:
        ``folder``.

    Raises:
        InputError: if an argument is out of range, or the folder holds something else or another cohort.
    """
    wanted = describe_cohort(CONTENT, GENERATOR_VERSION, num_subjects, spatial_size, seed, SMALLEST_SIZE)
    return write_generated(
        Path(folder), wanted, lambda partial: _write_subjects(partial, num_subjects, wanted["spatial_size"], seed)
    )


def _write_subjects(folder: Path, num_subjects: int, spatial_size: Sequence[int], seed: int) -> None:
    image_name, label_name = NEURITE_FILES[len(spatial_size)]
    names = [f"SYN_{index + 1:04d}_MR1" for index in range(num_subjects)]
    for index, name in enumerate(progress(names, "embedded cohort", "subject")):
        image, label = make_subject(seed, index, spatial_size)
        (folder / name).mkdir()
        _save(folder / name / image_name, image)
        _save(folder / name / label_name, label)
    (folder / NEURITE_TABLES[len(spatial_size)]).write_text(label_table_text(len(spatial_size)))
    (folder / "subjects.txt").write_text("\n".join(names) + "\n")


def _save(path: Path, array: np.ndarray) -> None:
    """Write ``(*S)`` as a volume, a slice one voxel thick, with the axes of neurite-OASIS."""
    affine = _slice_affine(array.shape) if array.ndim == 2 else _volume_affine(array.shape)
    nifti = nib.Nifti1Image(array if array.ndim == 3 else array[..., None], affine)
    nifti.set_qform(affine, 1)
    nifti.set_sform(affine, 1)
    nifti.header.set_xyzt_units("mm", "sec")
    nib.save(nifti, path)


def _slice_affine(spatial_size: Sequence[int]) -> np.ndarray:
    """Index to RAS millimetres of a slice, as the real ones have it."""
    height, width = spatial_size
    return np.array([[-1, 0, 0, height / 2], [0, 0, 1, -0.5], [0, -1, 0, width / 2], [0, 0, 0, 1]])


def _volume_affine(spatial_size: Sequence[int]) -> np.ndarray:
    """Index to RAS millimetres of a volume: the anatomy's own, from the midplane and the section."""
    lateral, inferior, anterior = voxel_spacing(spatial_size)
    first = [step / 2 - start for step, start in zip((lateral, inferior, anterior), ORIGIN[3], strict=True)]
    return np.array(
        [
            [-lateral, 0, 0, -first[0]],
            [0, 0, anterior, first[2]],
            [0, -inferior, 0, BRAIN_CENTRE[1] - first[1]],
            [0, 0, 0, 1],
        ]
    )
