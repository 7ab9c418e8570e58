"""How often the verdict on a registration is right: pairs that are right, and the same pairs spoilt.

    python -m benchmarks.verdict --dataset_dir DIR

Pairs of different test subjects, or of all subjects where fewer than two are for the test, are registered as they are
and again with the moving image spoilt. A spoilt pair whose labels overlap nevertheless was registered all the same:
wrong is what has a mean Dice below ``--wrong`` times that of its own unspoilt pair.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import rotate

from scripts.data import open_cohort
from scripts.data.subjects import Record
from scripts.errors import InputError
from scripts.progress import progress
from scripts.registration import Registration, configured
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import machine, publish
from .volumes import draw_pairs, everyone

HEADER = ["Moving image", "pairs", "of these wrong", "wrong and doubted", "right and doubted", "failed with a sentence"]


@dataclass(frozen=True)
class Slice:
    """Image and label map, ``(X, Y)``, and the spacing in mm that the header states."""

    image: np.ndarray
    label: np.ndarray
    spacing: float = 1.0

    def turned(self, degrees: float) -> Slice:
        """Turned about the middle."""
        image, label = (rotate(a, degrees, reshape=False, order=k) for a, k in ((self.image, 1), (self.label, 0)))
        return Slice(image, label, self.spacing)


SPOILT: dict[str, Callable[[Slice], Slice]] = {
    "as it is": lambda moving: moving,
    "turned by 30 degrees": lambda moving: moving.turned(30),
    "turned by 90 degrees": lambda moving: moving.turned(90),
    "turned by 150 degrees": lambda moving: moving.turned(150),
    "spacing doubled": lambda moving: Slice(moving.image, moving.label, 2.0),
    "spacing a hundredth": lambda moving: Slice(moving.image, moving.label, 0.01),
    "contrast inverted": lambda moving: Slice(moving.image.max() - moving.image, moving.label),
    "noise": lambda moving: Slice(np.random.default_rng(0).random(moving.image.shape), moving.label),
}


@dataclass(frozen=True)
class Outcome:
    """Of a pair: mean Dice and whether it is doubted; ``dice`` is None where it failed with a sentence."""

    dice: float | None
    doubtful: bool = False


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


def outcome(registration: Registration, fixed: Slice, moving: Slice) -> Outcome:
    """Register two slices."""
    with tempfile.TemporaryDirectory() as folder:
        image, label = write(fixed, Path(folder), "fixed")
        other, other_label = write(moving, Path(folder), "moving")
        try:
            report = registration(image, other, other_label, label).report
        except InputError:
            return Outcome(None)
    return Outcome(list(report["dice"]["mean"].values())[-1], report["verdict"]["doubtful"])


def row_of(name: str, found: Sequence[Outcome], unspoilt: Sequence[Outcome], wrong: float) -> list[str]:
    """Counts of a kind: wrong is what reaches less than ``wrong`` times the Dice of its unspoilt pair."""
    done = [(each, base.dice) for each, base in zip(found, unspoilt, strict=True) if each.dice is not None]
    bad = [each for each, base in done if base is not None and each.dice is not None and each.dice < wrong * base]
    good = [each for each, _ in done if each not in bad]
    return [
        name,
        str(len(found)),
        str(len(bad)),
        str(sum(each.doubtful for each in bad)),
        str(sum(each.doubtful for each in good)),
        str(len(found) - len(done)),
    ]


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the pairs")
    parser.add_argument("--affine", choices=["true", "false"], default="true", help="without it, turned images fail")
    parser.add_argument("--quality", choices=["fast", "default", "best"], default="fast")
    parser.add_argument("--wrong", type=float, default=0.8, help="share of the unspoilt pair's Dice")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Register every pair in every way and print the table."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory() as cache:
        cohort = open_cohort(options.dataset_dir, 2, cache)
    subjects = cohort.test if len(cohort.test) > 1 else everyone(cohort)
    pairs = [(read(a), read(b)) for a, b in draw_pairs(subjects, options.num_pairs, options.seed)]
    registration = configured(affine=options.affine == "true", quality=options.quality)
    found = {
        name: [outcome(registration, fixed, spoil(moving)) for fixed, moving in progress(pairs, name, "pair")]
        for name, spoil in SPOILT.items()
    }
    unspoilt = next(iter(found.values()))
    table = markdown_table(HEADER, [row_of(name, each, unspoilt, options.wrong) for name, each in found.items()])
    affine = "with" if options.affine == "true" else "without"
    data = (
        f"{len(pairs)} pairs of subjects of {Path(options.dataset_dir).name}, quality {options.quality}, {affine} the "
        f"affine stage; wrong is less than {options.wrong:g} times the Dice of the pair as it is."
    )
    print(f"{table}\n{data} Machine: {machine()}.")
    publish(options.docs, "verdict", arguments, data, table)


if __name__ == "__main__":
    start(main)
