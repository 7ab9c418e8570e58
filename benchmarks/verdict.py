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

import numpy as np
from scipy.ndimage import rotate

from scripts.errors import InputError
from scripts.progress import progress
from scripts.registration import Registration, configured
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import machine, publish
from .slice_pairs import Slice, add_pair_options, describe, slice_pairs, write

HEADER = ["Moving image", "pairs", "of these wrong", "wrong and doubted", "right and doubted", "failed with a sentence"]


def turned(moving: Slice, degrees: float) -> Slice:
    """Turned about the middle."""
    image, label = (rotate(a, degrees, reshape=False, order=k) for a, k in ((moving.image, 1), (moving.label, 0)))
    return Slice(image, label, moving.spacing)


SPOILT: dict[str, Callable[[Slice], Slice]] = {
    "as it is": lambda moving: moving,
    "turned by 30 degrees": lambda moving: turned(moving, 30),
    "turned by 90 degrees": lambda moving: turned(moving, 90),
    "turned by 150 degrees": lambda moving: turned(moving, 150),
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
    add_pair_options(parser, num_pairs=20, affine="true")
    parser.add_argument("--quality", choices=["fast", "default", "best"], default="fast")
    parser.add_argument("--wrong", type=float, default=0.8, help="share of the unspoilt pair's Dice")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Register every pair in every way and print the table."""
    options = parse_arguments(arguments)
    pairs = slice_pairs(options)
    registration = configured(affine=options.affine == "true", quality=options.quality)
    found = {
        name: [outcome(registration, fixed, spoil(moving)) for fixed, moving in progress(pairs, name, "pair")]
        for name, spoil in SPOILT.items()
    }
    unspoilt = next(iter(found.values()))
    table = markdown_table(HEADER, [row_of(name, each, unspoilt, options.wrong) for name, each in found.items()])
    data = (
        f"{describe(options, len(pairs), f'quality {options.quality}')}; wrong is less than {options.wrong:g} times "
        "the Dice of the pair as it is."
    )
    print(f"{table}\n{data} Machine: {machine()}.")
    publish(options.docs, "verdict", arguments, data, table)


if __name__ == "__main__":
    start(main)
