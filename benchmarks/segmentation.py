"""What the bundle's atlas makes of subjects nobody trained on: overlap of the labels that segment carries onto them.

    python -m benchmarks.segmentation --dataset_dir DIR --output_dir outputs/segmentation

The images of the test part, as their files lie there; what is in ``output_dir`` already is not made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.commands.workflows import segment
from scripts.data import open_cohort
from scripts.data.subjects import Record
from scripts.errors import InputError
from scripts.physical import read_label
from scripts.registration.measures import dice
from scripts.reports import markdown_table

from .command import command_line, start
from .docs import machine, publish

NOTE = "Dice over the labels that the subject and the atlas's result have: mean over the subjects of their mean."


def overlaps(record: Record, folder: Path) -> list[float]:
    """Dice of every label that a subject has and that the atlas gave it."""
    found = read_label(str(folder / f"{Path(record['image']).name.split('.nii')[0]}_seg.nii.gz")).values
    known = read_label(record["label"]).values
    scores = dice({"it": found}, known, found)["labels"].values()
    return [label["it"] for label in scores if label["it"] is not None]


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--spatial_dims", type=int, choices=(2, 3), default=3)
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Segment what is missing and print the table."""
    options = parse_arguments(arguments)
    folder = Path(options.output_dir)
    cohort = open_cohort(options.dataset_dir, options.spatial_dims, str(folder / "cache"))
    if not cohort.test:
        raise InputError(f"{options.dataset_dir} has no test subjects.")
    names = {record["image"]: f"{Path(record['image']).name.split('.nii')[0]}_seg.nii.gz" for record in cohort.test}
    missing = [image for image, name in names.items() if not (folder / name).is_file()]
    if missing:
        segment(missing, output_dir=str(folder))
    scores = [overlaps(record, folder) for record in cohort.test]
    means = np.array([np.mean(each) for each in scores])
    row = [
        cohort.name,
        f"{means.mean():.4f} ± {means.std():.4f}",
        f"{means.min():.4f}",
        f"{np.mean([len(each) for each in scores]):.0f}",
    ]
    table = markdown_table(["Data set", "Dice", "worst subject", "labels"], [row])
    data = f"{len(means)} test subjects of {cohort.name}, segmented by the bundle's atlas."
    print(f"{table}\n{NOTE}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "segmentation", arguments, data, f"{table}\n{NOTE}")


if __name__ == "__main__":
    start(main)
