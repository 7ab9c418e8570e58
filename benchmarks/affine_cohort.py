"""Brains and whole heads that lie over each other: what the affine networks are trained on.

    python -m benchmarks.affine_cohort NEURITE_OR_HEADS OUT

Of neurite-OASIS 2-D, whose slices are aligned, every ``slice_norm`` and ``slice_orig``, as ``NAME_brain`` and
``NAME_head``. Of a folder of heads with ``images/``, ``labels/`` and ``split.json``, every brain is aligned to a
typical one by the bundle's affine stage; brain and head are then written on a grid of 4 mm around it. OUT is a data set
for ``--dataset_dir``; what the affine stage found is kept beside it, in ``OUT_cache``.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import itk
import nibabel as nib
import numpy as np
import torch
import torch.nn.functional as F

from scripts.data import Cohort, open_cohort
from scripts.data.subjects import PARTS, Record
from scripts.errors import InputError
from scripts.files import atomic_folder
from scripts.physical import Geometry, bright_box, read_image, read_label
from scripts.physical.itk_images import resample_once
from scripts.progress import progress

from .brain_volumes import brain_mask
from .command import command_line, start

SIZE, SPACING = 64, 4.0  # of the volumes, voxels and mm along every axis
KINDS = ("brain", "head")


def write(cohort: Cohort, out: Path, write_one: Callable[[Record, Path], None]) -> None:
    """A data set of both kinds of every subject, split as the cohort is; its atlas is of the training part."""
    parts = {part: list(getattr(cohort, part)) for part in PARTS}
    parts["training"].append(cohort.atlas)
    with atomic_folder(out) as folder:
        for kind in ("images", "labels"):
            (folder / kind).mkdir()
        for record in progress([each for part in PARTS for each in parts[part]], "brains and heads", "subject"):
            write_one(record, folder)
        split = {part: [f"{each['subject']}_{kind}" for each in parts[part] for kind in KINDS] for part in PARTS}
        (folder / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")


def write_slice(record: Record, folder: Path) -> None:
    """Both slices of a subject of neurite-OASIS 2-D, with the one label map."""
    images = [record["image"], str(Path(record["image"]).with_name("slice_orig.nii.gz"))]
    for kind, image in zip(KINDS, images, strict=True):
        for source, what in ((image, "images"), (record["label"], "labels")):
            shutil.copyfile(source, folder / what / f"{record['subject']}_{kind}.nii.gz")


def write_brains(heads: Path, out: Path) -> None:
    """Every head without what is no brain, on its own grid."""
    with atomic_folder(out) as folder:
        for name in ("images", "labels"):
            (folder / name).mkdir()
        shutil.copyfile(heads / "split.json", folder / "split.json")
        for path in sorted((heads / "images").iterdir()):
            image, label = nib.load(path), nib.load(heads / "labels" / path.name)
            mask = brain_mask(np.asanyarray(label.dataobj))
            nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj) * mask, image.affine), folder / "images" / path.name)
            shutil.copyfile(heads / "labels" / path.name, folder / "labels" / path.name)


def volume_writer(heads: Path, brains: Path, atlas: Record) -> Callable[[Record, Path], None]:
    """Writes brain and head of an aligned subject on the grid around the atlas's brain."""
    coarse, fine = grids_around(atlas)

    def write_one(record: Record, folder: Path) -> None:
        (transform,) = itk.transformread(record["affine"])
        name = f"{Path(record['subject']).name}.nii.gz"
        label = resample_once(read_label(str(heads / "labels" / name)), coarse, transform, nearest=True)
        for kind, source in zip(KINDS, (brains, heads), strict=True):
            image = resample_once(read_image(str(source / "images" / name)), fine, transform, nearest=False)
            blocks = F.avg_pool3d(torch.from_numpy(image)[None], 2)[0].numpy()
            for what, values in (("images", blocks), ("labels", label)):
                file = folder / what / f"{record['subject']}_{kind}.nii.gz"
                nib.save(nib.Nifti1Image(values, coarse.affine_ras), file)

    return write_one


def grids_around(record: Record) -> tuple[Geometry, Geometry]:
    """The grid around the brain of a file, and the one of half its spacing, of which it has the blocks of two."""
    brain = read_image(record["image"])
    first, size = bright_box(brain.values / brain.values.max())
    middle = brain.geometry.origin + brain.geometry.matrix @ (first + (size - 1) / 2)
    made = []
    for count, step in ((SIZE, SPACING), (2 * SIZE, SPACING / 2)):
        made.append(Geometry((count,) * 3, np.full(3, step), middle - (count - 1) / 2 * step, np.eye(3)))
    return made[0], made[1]


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__, docs=False)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Write the data set."""
    options = parse_arguments(arguments)
    cache = options.out.with_name(f"{options.out.name}_cache")
    if not (options.source / "images").is_dir():
        write(open_cohort(str(options.source), 2, str(cache)), options.out, write_slice)
        return
    if not (options.source / "split.json").is_file():
        raise InputError(f"{options.source} has no split.json; name a folder of heads with labels.")
    brains = cache / "brains"
    if not brains.is_dir():
        write_brains(options.source, brains)
    cohort = open_cohort(str(brains), 3, str(cache), affine=True)
    write(cohort, options.out, volume_writer(options.source, brains, cohort.atlas))


if __name__ == "__main__":
    start(main)
