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

from scripts.progress import progress
from scripts.registration import Registration, configured
from scripts.registration.results import Result
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import machine, publish
from .slice_pairs import (
    Slice,
    add_pair_options,
    compared_cells,
    describe,
    field_distance,
    slice_pairs,
    write,
    zone_means,
)

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
    """The mean distance of two fields, mm, in every one of :data:`ZONES`."""
    distance, index = field_distance(found, wanted)
    away = index[cut.axis] - cut.count
    zones = ((away >= 0) & (away < NEAR), (away >= NEAR) & (away < FAR), away >= FAR)
    return zone_means(distance, zones, wanted)


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
    return markdown_table(HEADER, [[zone, *compared_cells(*values[:, :, k].T)] for k, zone in enumerate(ZONES)])


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    add_pair_options(parser, num_pairs=12, affine="true")
    parser.add_argument("--method", default="brain_2d", help="of registration, for slices")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Register every pair in both ways and print the table."""
    options = parse_arguments(arguments)
    pairs, rng = slice_pairs(options), np.random.default_rng(options.seed)
    registration = configured(method=options.method, affine=options.affine == "true")
    table = table_of(np.array([measure(registration, *pair, rng) for pair in progress(pairs, "cut images", "pair")]))
    data = (
        f"{describe(options, len(pairs), options.method)}; {SHARES[0]:.0%} to {SHARES[1]:.0%} of the moving brain cut "
        "off at one side."
    )
    print(f"{table}\n{data} Machine: {machine()}.")
    publish(options.docs, "cut_images", arguments, data, table)


if __name__ == "__main__":
    start(main)
