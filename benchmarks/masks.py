"""What a mask of a lesion is worth: pairs with a disc drawn into the moving image, with and without the mask of it.

    python -m benchmarks.masks --dataset_dir DIR

Pairs of different test subjects. The disc lies at a seeded place of the brain; the mask leaves out one voxel more on
every side. The field of the same pair without a disc is the truth: the table gives the mean distance from it in the
disc, in a ring around it and far from it, and the paired difference that the mask makes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

RADII = (8, 15)  # voxels
BRIGHTEST = 98  # percentile of the brain
KINDS = {"bright": 1.3, "dark": 0.1}  # of the brain's brightest
MARGIN = 1  # voxels that a mask leaves out around a lesion
RING = 10  # voxels around it that are near
FAR = 20  # and from which on it is far
WAYS = ("without a mask", "with a mask")
ZONES = ("in the lesion", "in the ring", "far from it")
HEADER = ["Lesion", "Distance of the fields, mm", *WAYS, "mask minus none", "95 % interval", "p"]


@dataclass(frozen=True)
class Lesion:
    """A disc: ``centre`` ``(D,)`` and ``radius``, voxels."""

    centre: np.ndarray
    radius: float

    @classmethod
    def drawn(cls, moving: Slice, rng: np.random.Generator) -> Lesion:
        """One at a random place of a brain."""
        brain = np.argwhere(moving.label > 0)
        return cls(brain[rng.integers(len(brain))].astype(float), float(rng.uniform(*RADII)))

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Of points ``(D, *T)``, voxels, from its edge; negative inside."""
        away = points - self.centre.reshape(-1, *[1] * (points.ndim - 1))
        return np.asarray(np.linalg.norm(away, axis=0) - self.radius)

    def put_into(self, moving: Slice, kind: str) -> Slice:
        """The slice with it."""
        value = KINDS[kind] * np.percentile(moving.image[moving.label > 0], BRIGHTEST)
        inside = self.distance(np.indices(moving.image.shape)) < 0
        return Slice(np.where(inside, value, moving.image).astype(np.float32), moving.label)

    def mask(self, moving: Slice) -> Slice:
        """1 where it is not, with a margin."""
        away = self.distance(np.indices(moving.image.shape))
        return Slice((away > MARGIN).astype(np.float32), moving.label)


def differences(found: Result, wanted: Result, lesion: Lesion) -> list[float]:
    """The mean distance of two fields, mm, in every one of :data:`ZONES`."""
    distance, index = field_distance(found, wanted)
    away = lesion.distance(index)
    return zone_means(distance, (away < 0, (away >= 0) & (away < RING), away >= FAR), wanted)


def measure(
    registration: Registration, fixed: Slice, moving: Slice, rng: np.random.Generator
) -> list[list[list[float]]]:
    """:func:`differences` of a pair for every one of :data:`KINDS` and of :data:`WAYS`."""
    lesion = Lesion.drawn(moving, rng)
    spoilt = {kind: lesion.put_into(moving, kind) for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        slices = {"fixed": fixed, "moving": moving, "mask": lesion.mask(moving), **spoilt}
        paths = {name: write(each, Path(folder), name)[0] for name, each in slices.items()}
        wanted = registration(paths["fixed"], paths["moving"])
        return [
            [
                differences(registration(paths["fixed"], paths[kind], moving_mask=mask), wanted, lesion)
                for mask in (None, paths["mask"])
            ]
            for kind in KINDS
        ]


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    add_pair_options(parser, num_pairs=12, affine="false")
    parser.add_argument("--method", default="brain_2d", help="of registration, for slices")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Register every pair in every way and print the table."""
    options = parse_arguments(arguments)
    pairs, rng = slice_pairs(options), np.random.default_rng(options.seed)
    registration = configured(method=options.method, affine=options.affine == "true")
    values = np.array([measure(registration, *pair, rng) for pair in progress(pairs, "masks", "pair")])
    rows = [
        [kind, zone, *compared_cells(*values[:, i, :, k].T)]
        for i, kind in enumerate(KINDS)
        for k, zone in enumerate(ZONES)
    ]
    table = markdown_table(HEADER, rows)
    strengths = " and ".join(f"{factor:g} ({kind})" for kind, factor in KINDS.items())
    data = (
        f"{describe(options, len(pairs), options.method)}; a lesion of radius {RADII[0]} to {RADII[1]} voxels in the "
        f"moving image, {strengths} times as bright as the brain's percentile {BRIGHTEST}; the ring is {RING} voxels "
        f"wide, far from it is {FAR} voxels and more."
    )
    print(f"{table}\n{data} Machine: {machine()}.")
    publish(options.docs, "masks", arguments, data, table)


if __name__ == "__main__":
    start(main)
