"""Volumes from file to file: what the command of a user reaches, stage by stage, beside what he would otherwise pick.

    python -m benchmarks.volumes --dataset_dir DIR --output_dir outputs/volumes

Seeded ordered pairs of test subjects are registered as their files lie there. What is in ``output_dir`` already is not
computed again. ANTs is measured where ``antspyx`` is installed (``benchmarks/requirements.txt``).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import permutations
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch

from scripts.data import Cohort, open_cohort
from scripts.data.subjects import Record
from scripts.engines.stages import AFFINE, UNREGISTERED
from scripts.errors import InputError
from scripts.files import write_text_atomic
from scripts.options import Quality
from scripts.physical import BACKGROUND
from scripts.progress import progress
from scripts.registration import ConfiguredMethods, Registration, configured
from scripts.registration.measures import dice
from scripts.reports import markdown_table
from scripts.spatial import jacobian_determinant

from .claims import claim
from .command import command_line, start
from .docs import machine, publish

Row = dict[str, Any]  # of a stage: dice, folded, sdlogj, seconds
Register = Callable[[Record, Record], list[Row]]

OURS: dict[Quality, str] = {"fast": "ours, fast", "default": "ours", "best": "ours, best"}
UNTRAINED = "ours, untrained"  # the fast one, before any training: what of it is learned, and what was known
ANTS = {"ANTs SyN": "SyN", "ANTs SyNCC": "SyNCC"}
HEADER = ["Method", "Dice", "folded, %", "SD of log J", "seconds a pair"]
NOTE = (
    "Dice over the labels that both subjects have, warped by nearest neighbour; folds and the standard deviation of "
    "log J inside the brain; median seconds from two files to the transform, result files not counted."
)
FREE = ("output_dir", "methods", "docs")  # options that may change from one call to the next


def ours(name: str, quality: Quality, options: argparse.Namespace) -> Register:
    """The bundle's registration: a row for every stage."""
    registration = registration_of(quality, options.method, options.affine == "true", options.weights)

    def register(fixed: Record, moving: Record) -> list[Row]:
        result = registration(fixed["image"], moving["image"], moving["label"], fixed["label"])
        overlaps, laps = result.report["dice"]["mean"], result.report["seconds"]
        brain = result.seen.values[0, 0] > BACKGROUND
        rows, seconds = [], laps["read"]
        for stage, deformation in result.found.items():
            seconds += laps.get(stage, 0.0)
            jac_det = jacobian_determinant(deformation.on(result.seen.grid).in_voxels())[0, 0][brain]
            label = stage if stage in (UNREGISTERED, AFFINE) else f"{name}: {stage}"
            rows.append({"stage": label, "dice": overlaps[stage], "seconds": seconds, **regularity(jac_det.numpy())})
        return rows

    return register


def untrained(options: argparse.Namespace) -> Register:
    """The network with the weights that training starts from."""
    torch.manual_seed(0)
    network = ConfiguredMethods(options.method)(3).network
    if network is None:
        raise InputError(f"the method {options.method} has no network for volumes; name one that has.")
    path = Path(options.output_dir) / "untrained.pt"
    torch.save(network.state_dict(), path)
    return ours(UNTRAINED, "fast", argparse.Namespace(**{**vars(options), "weights": str(path)}))


@cache
def registration_of(quality: Quality, method: str | None, affine: bool, weights: str | None) -> Registration:
    """Built once."""
    return configured(method, affine, quality=quality, ckpt_path=weights)


def ants(name: str, kind: str, options: argparse.Namespace) -> Register:
    """ANTs, affine and deformable, with its own defaults: one row; ``options`` say nothing of it."""
    import ants as package

    def register(fixed: Record, moving: Record) -> list[Row]:
        begin = time.perf_counter()
        images = {"fixed": package.image_read(fixed["image"]), "moving": package.image_read(moving["image"])}
        found = package.registration(**images, type_of_transform=kind)
        seconds = time.perf_counter() - begin
        labels = {key: package.image_read(record["label"]) for key, record in (("fixed", fixed), ("moving", moving))}
        warped = package.apply_transforms(
            **labels, transformlist=found["fwdtransforms"], interpolator="nearestNeighbor"
        )
        jac_det = package.create_jacobian_determinant_image(images["fixed"], found["fwdtransforms"][0]).numpy()
        arrays = [np.rint(label.numpy()).astype(np.int64) for label in (warped, labels["fixed"], labels["moving"])]
        brain = images["fixed"].numpy() > 0
        mean = dice({"it": arrays[0]}, *arrays[1:])["mean"]["it"]
        return [{"stage": name, "dice": mean, "seconds": seconds, **regularity(jac_det[brain])}]

    return register


def regularity(jac_det: np.ndarray) -> dict[str, float]:
    """Share of folded voxels, and the standard deviation of the logarithm of the others' determinants."""
    return {"folded": float((jac_det <= 0).mean()), "sdlogj": float(np.log(jac_det[jac_det > 0]).std())}


def everyone(cohort: Cohort) -> list[Record]:
    """All subjects of a data set."""
    return [cohort.atlas, *cohort.training, *cohort.validation, *cohort.test]


def draw_pairs(subjects: Sequence[Record], count: int | None, seed: int) -> list[tuple[Record, Record]]:
    """Different ordered pairs, fixed then moving: ``count`` that are drawn, or all."""
    pairs = list(permutations(subjects, 2))
    return pairs if count is None or count >= len(pairs) else random.Random(seed).sample(pairs, count)


def measure(name: str, options: argparse.Namespace, pairs: Sequence[tuple[Record, Record]]) -> list[list[Row]]:
    """The rows of every pair by one method, from the folder as far as they are there."""
    folder = Path(options.output_dir) / name.replace(", ", "_").replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    register: Register | None = None
    found = []
    for fixed, moving in progress(pairs, name, "pair"):
        path = folder / f"{moving['subject']}_to_{fixed['subject']}.json"
        if not path.is_file():
            register = register or METHODS[name](options)
            write_text_atomic(path, json.dumps(register(fixed, moving)))
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


METHODS: dict[str, Callable[[argparse.Namespace], Register]] = {
    **{name: partial(ours, name, quality) for quality, name in OURS.items()},
    UNTRAINED: untrained,
    **{name: partial(ants, name, kind) for name, kind in ANTS.items()},
}


def table_of(results: Sequence[list[list[Row]]]) -> str:
    """A row a stage of every method; a stage that several methods share stands once."""
    rows: dict[str, list[str]] = {}
    for pairs in results:
        for at, first in enumerate(pairs[0]):
            values = {
                key: np.array([pair[at][key] for pair in pairs]) for key in ("dice", "folded", "sdlogj", "seconds")
            }
            rows.setdefault(
                first["stage"],
                [
                    first["stage"],
                    f"{values['dice'].mean():.4f} ± {values['dice'].std():.4f}",
                    f"{100 * values['folded'].mean():.5f}",
                    f"{values['sdlogj'].mean():.3f}",
                    f"{np.median(values['seconds']):.1f}",
                ],
            )
    return markdown_table(HEADER, list(rows.values()))


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--num_pairs", type=int, help="default: all ordered pairs")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs")
    parser.add_argument("--part", choices=["test", "all"], default="test", help="subjects that pairs are drawn from")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["ours", "ANTs SyN"])
    parser.add_argument("--method", help="of the bundle; default: that for volumes")
    parser.add_argument("--affine", choices=["true", "false"], default="true", help="the bundle's affine stage")
    parser.add_argument("--weights", help="default: those that are shipped")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing and print the table."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: value for name, value in vars(options).items() if name not in FREE})
    cohort = open_cohort(options.dataset_dir, 3, str(Path(options.output_dir) / "cache"))
    pairs = draw_pairs(cohort.test if options.part == "test" else everyone(cohort), options.num_pairs, options.seed)
    if not pairs:
        raise InputError(f"{options.dataset_dir} has fewer than two {options.part} subjects; try --part all.")
    results = [measure(name, options, pairs) for name in options.methods]
    data = describe(options, pairs)
    print(f"{table_of(results)}\n{NOTE}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "volumes", arguments, data, f"{table_of(results)}\n{NOTE}")


def describe(options: argparse.Namespace, pairs: Sequence[tuple[Record, Record]]) -> str:
    """The data in words."""
    header = nib.load(pairs[0][0]["image"]).header
    size, spacing = (" x ".join(f"{n:g}" for n in values) for values in (header.get_data_shape(), header.get_zooms()))
    subjects = f"{'test ' if options.part == 'test' else ''}subjects of {Path(options.dataset_dir).name}"
    return f"{len(pairs)} ordered pair{'s' * (len(pairs) > 1)} of {subjects}, {size} voxels of {spacing} mm."


if __name__ == "__main__":
    start(main)
