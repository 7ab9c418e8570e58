"""Pairs of slices of which one is spoilt: read, written under a header of our own; how far two results are apart."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from scripts.data import open_cohort
from scripts.data.subjects import Record
from scripts.errors import InputError
from scripts.registration.results import Result
from scripts.spatial import grid_points

from .reports.statistics import compare_pairs
from .volumes import draw_pairs, everyone


@dataclass(frozen=True)
class Slice:
    """Image and label map, ``(X, Y)``, and the spacing in mm that the header states."""

    image: np.ndarray
    label: np.ndarray
    spacing: float = 1.0


def read(record: Record) -> Slice:
    """A subject, under a header of 1 mm that all its spoilt versions share."""
    image, label = (np.squeeze(np.asarray(nib.load(record[key]).dataobj)) for key in ("image", "label"))
    if image.ndim != 2:
        raise InputError(f"{record['image']} is no slice; give a --dataset_dir of slices.")
    return Slice(image.astype(np.float32), label.astype(np.int32))


def write(slice_: Slice, folder: Path, name: str) -> tuple[str, str]:
    """Image and label map as files."""
    paths = str(folder / f"{name}.nii.gz"), str(folder / f"{name}_label.nii.gz")
    affine = np.diag([slice_.spacing, slice_.spacing, 1, 1])
    for path, array in zip(paths, (slice_.image.astype(np.float32), slice_.label), strict=True):
        nib.save(nib.Nifti1Image(array, affine), path)
    return paths


def add_pair_options(parser: argparse.ArgumentParser, num_pairs: int, affine: str) -> None:
    """Which pairs, and whether the affine stage runs; with their defaults."""
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, default=num_pairs)
    parser.add_argument("--seed", type=int, default=0, help="of the pairs, and of what is drawn for them")
    parser.add_argument("--affine", choices=["true", "false"], default=affine, help="whether the affine stage runs")


def slice_pairs(options: argparse.Namespace) -> list[tuple[Slice, Slice]]:
    """Fixed and moving: of test subjects, or of all where fewer than two are for the test."""
    with tempfile.TemporaryDirectory() as cache:
        cohort = open_cohort(options.dataset_dir, 2, cache)
    subjects = cohort.test if len(cohort.test) > 1 else everyone(cohort)
    return [(read(fixed), read(moving)) for fixed, moving in draw_pairs(subjects, options.num_pairs, options.seed)]


def describe(options: argparse.Namespace, count: int, what: str) -> str:
    """The data in words: how many pairs of whom, what registered them, and whether the affine stage ran."""
    affine = "with" if options.affine == "true" else "without"
    return f"{count} pairs of subjects of {Path(options.dataset_dir).name}, {what}, {affine} the affine stage"


def field_distance(found: Result, wanted: Result) -> tuple[np.ndarray, np.ndarray]:
    """How far two results are apart, ``(*S)``, mm, on the working grid, and what the second says, ``(D, *S)``.

    The latter is the index in the moving image.
    """
    grid = wanted.seen.grid
    points = grid_points(grid.size, grid.affine[:-1])
    there, truth = (each.deformation.forward(points)[0].numpy() for each in (found, wanted))
    to_index = np.linalg.inv(wanted.pair.frame.coordinates(wanted.moving.geometry))
    index = np.tensordot(to_index[:-1, :-1], truth, 1) + to_index[:-1, -1].reshape(-1, *[1] * (truth.ndim - 1))
    return np.linalg.norm(there - truth, axis=0), index


def zone_means(distance: np.ndarray, zones: Sequence[np.ndarray], wanted: Result) -> list[float]:
    """Mean of a distance in each of the zones, over the fixed object; NaN where it has nothing of one."""
    inside = wanted.seen.values[0, 0].numpy() > 0
    return [float(distance[zone & inside].mean()) if (zone & inside).any() else float("nan") for zone in zones]


def compared_cells(other: np.ndarray, ours: np.ndarray) -> list[str]:
    """Cells of a table: means over the pairs ``(N,)`` of two ways, and their paired difference."""
    paired = compare_pairs(ours, other)
    return [
        *(f"{np.nanmean(each):.2f} ± {np.nanstd(each):.2f}" for each in (other, ours)),
        f"{paired.difference:+.2f}",
        f"{paired.low:+.2f} to {paired.high:+.2f}",
        f"{paired.p_value:.1g}",
    ]
