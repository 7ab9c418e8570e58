"""Images that show a part of the object: how far the field is from that of the whole image.

    python -m benchmarks.cut_images --dataset_dir DIR

Pairs of different test subjects. Of the moving slice a share of one axis is cut off, a fifth to two fifths of its
brain. It is registered as it then is, which the bundle notices, and filled up with zeros, which look like background:
what every image outside of its field of view is to a program that does not look for it. The field of the same pair,
whole, is the truth: the table gives the distance from it, in millimetres, by how far a place is from the cut.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from scripts.data import open_cohort
from scripts.progress import progress
from scripts.registration import Registration, configured
from scripts.registration.results import Result
from scripts.reports import markdown_table
from scripts.spatial import grid_points

from .command import command_line, start
from .docs import machine, publish
from .reports.statistics import compare_pairs
from .verdict import Slice, read, write
from .volumes import draw_pairs, everyone

SHARES = (0.2, 0.4)  # of the brain along an axis, cut off
NEAR, FAR = 10, 20  # voxels from the cut
ZONES = (f"up to {NEAR} voxels from the cut", f"{NEAR} to {FAR} voxels", "farther")
WAYS = ("filled with zeros", "as it is")
HEADER = ["Distance of the fields, mm", *WAYS, "difference", "95 % interval", "p"]


@dataclass(frozen=True)
class Cut:
    """The first ``count`` voxels along ``axis`` are not in the image."""

    axis: int
    count: int

    @classmethod
    def drawn(cls, moving: Slice, rng: np.random.Generator) -> Cut:
        """Through a brain, across an axis."""
        axis = int(rng.integers(moving.image.ndim))
        along = np.argwhere(moving.label > 0)[:, axis]
        first, last = along.min(), along.max()
        return cls(axis, int(first + (last - first) * rng.uniform(*SHARES)))

    def write(self, path: str, folder: Path) -> dict[str, str]:
        """Files of the image in both :data:`WAYS`."""
        image = nib.load(path)
        values = np.asarray(image.dataobj)
        shown = np.delete(values, np.s_[: self.count], axis=self.axis)
        affine = image.affine.copy()
        affine[:3, 3] += self.count * affine[:3, self.axis]
        filled = values.copy()
        filled[(slice(None),) * self.axis + (slice(self.count),)] = 0
        paths = [str(folder / f"{name}.nii.gz") for name in ("filled", "cut")]
        nib.save(nib.Nifti1Image(filled, image.affine), paths[0])
        nib.save(nib.Nifti1Image(shown, affine), paths[1])
        return dict(zip(WAYS, paths, strict=True))


def differences(found: Result, wanted: Result, cut: Cut) -> list[float]:
    """The mean distance of two fields, mm, in every one of :data:`ZONES`, over the fixed object."""
    grid = wanted.seen.grid
    points = grid_points(grid.size, grid.affine[:-1])
    there, truth = (each.deformation.forward(points)[0].numpy() for each in (found, wanted))
    to_index = np.linalg.inv(wanted.pair.frame.coordinates(wanted.moving.geometry))
    row = to_index[cut.axis]
    away = np.tensordot(row[:-1], truth, 1) + row[-1] - cut.count
    inside = wanted.seen.values[0, 0].numpy() > 0
    error = np.linalg.norm(there - truth, axis=0)
    zones = ((away >= 0) & (away < NEAR), (away >= NEAR) & (away < FAR), away >= FAR)
    return [float(error[zone & inside].mean()) for zone in zones]


def measure(registration: Registration, fixed: Slice, moving: Slice, rng: np.random.Generator) -> list[list[float]]:
    """:func:`differences` of a pair for each of :data:`WAYS`."""
    cut = Cut.drawn(moving, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target, whole = (write(each, folder, kind)[0] for each, kind in ((fixed, "fixed"), (moving, "moving")))
        wanted = registration(target, whole)
        paths = cut.write(whole, folder)
        return [differences(registration(target, paths[way]), wanted, cut) for way in WAYS]


def table_of(values: np.ndarray) -> str:
    """A row a zone, of ``(pairs, ways, zones)``."""
    rows = []
    for zone, (filled, cut) in zip(ZONES, np.moveaxis(values, (1, 2), (1, 0)), strict=True):
        paired = compare_pairs(cut, filled)
        means = [f"{each.mean():.2f} ± {each.std():.2f}" for each in (filled, cut)]
        interval = f"{paired.low:+.2f} to {paired.high:+.2f}"
        rows.append([zone, *means, f"{paired.difference:+.2f}", interval, f"{paired.p_value:.1g}"])
    return markdown_table(HEADER, rows)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0, help="of pairs and cuts")
    parser.add_argument("--method", default="brain_2d", help="of registration, for slices")
    parser.add_argument("--affine", choices=["true", "false"], default="true", help="whether the affine stage runs")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Register every pair in both ways and print the table."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory() as cache:
        cohort = open_cohort(options.dataset_dir, 2, cache)
    subjects = cohort.test if len(cohort.test) > 1 else everyone(cohort)
    pairs = draw_pairs(subjects, options.num_pairs, options.seed)
    registration = configured(method=options.method, affine=options.affine == "true")
    rng = np.random.default_rng(options.seed)
    values = np.array([measure(registration, read(a), read(b), rng) for a, b in progress(pairs, "cut images", "pair")])
    table, affine = table_of(values), "with" if options.affine == "true" else "without"
    data = (
        f"{len(pairs)} pairs of subjects of {Path(options.dataset_dir).name}, {options.method}, {affine} the affine "
        f"stage; {SHARES[0]:.0%} to {SHARES[1]:.0%} of the moving brain cut off at one side."
    )
    print(f"{table}\n{data} Machine: {machine()}.")
    publish(options.docs, "cut_images", arguments, data, table)


if __name__ == "__main__":
    start(main)
