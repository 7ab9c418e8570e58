"""Capture range: how far an image may be turned, shifted or scaled for its affine map still to be found.

    python -m benchmarks.capture --dataset_dir DIR --output_dir outputs/capture

Test subjects under known maps, each drawn by the seed: a rotation (in 3-D about any axis), a shift (any way) or a size
alone. A pair of one subject succeeds where the points of its object are on average less than 3 mm from where
they belong; of two subjects (``--pairs two``) no truth is known, and Dice is what counts. What is in ``output_dir``
already is not computed again.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch

from scripts.data import open_cohort
from scripts.data.known_affine import random_plane, rotation_in
from scripts.data.subjects import Record
from scripts.errors import InputError
from scripts.files import write_text_atomic
from scripts.physical import Image, PercentileScaling, prepare, read_image, read_label, read_pair
from scripts.progress import progress
from scripts.registration import affine_stage
from scripts.registration.deformation import Deformation
from scripts.registration.measures import dice
from scripts.registration.working_grid import working_grid
from scripts.reports import markdown_table
from scripts.spatial import grid_points, sample

from .claims import claim
from .command import command_line, start
from .docs import publish
from .reports.capture import save_capture

SWEEPS: dict[str, list[float]] = {
    "rotation": [0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180],
    "shift": [0, 10, 20, 40, 60, 80],
    "scale": [0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.4],
}
UNITS = {"rotation": "degrees", "shift": "mm", "scale": "times"}
SUCCESS = 3.0  # mm
REACH = 0.35  # of its size, that an image is made larger by on every side before it is turned
POINTS = 5000  # of an object, about
FREE = ("output_dir", "methods", "docs", "figure")  # options that may change from one call to the next

Affine = np.ndarray
Find = Callable[[str, str], tuple[Affine, float]]  # two files to the map of physical points (E + 1, E + 1), and seconds


@dataclass(frozen=True)
class Case:
    """A pair of subjects and the map that is laid on the moving one: ``amount`` of a sweep."""

    fixed: Record
    moving: Record
    sweep: str
    amount: float
    seed: str

    @property
    def name(self) -> str:
        """Of its file of results."""
        return f"{self.moving['subject']}_to_{self.fixed['subject']}_{self.sweep}_{self.amount:g}"


def bundle(found_by: str) -> Find:
    """The bundle's affine stage alone, between two files that were read."""
    stage = affine_stage(found_by)

    def find(fixed: str, moving: str) -> tuple[Affine, float]:
        pair = read_pair(fixed, moving)
        begin = time.perf_counter()
        target, source = (prepare(image, pair.frame, PercentileScaling()) for image in (pair.fixed, pair.moving))
        spacing = None if len(target.grid.size) == 2 else 2.0  # as the methods for brains have it
        found = stage(target, source, Deformation.none(working_grid(target, spacing, ())))
        return pair.frame.in_space(found.affine, pair.moving.geometry), time.perf_counter() - begin

    return find


def ants_affine() -> Find:
    """The affine registration of ANTs by its own defaults; slices are given to it as images of two dimensions."""
    import ants

    def find(fixed: str, moving: str) -> tuple[Affine, float]:
        pair = [read_image(path) for path in (fixed, moving)]
        is_slice = pair[0].array.ndim == 2
        images = [_ants_slice(image) for image in pair] if is_slice else [ants.image_read(p) for p in (fixed, moving)]
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = ants.registration(*images, type_of_transform="Affine", outprefix=f"{folder}/", random_seed=1)
            seconds = time.perf_counter() - begin
            transform = ants.read_transform(found["fwdtransforms"][0])
        parameters, centre = np.array(transform.parameters), np.array(transform.fixed_parameters)
        dims = len(centre)
        affine = np.eye(dims + 1)
        affine[:-1, :-1] = parameters[: dims * dims].reshape(dims, dims)
        affine[:-1, -1] = parameters[dims * dims :] + centre - affine[:-1, :-1] @ centre
        return in_space(affine, *pair) if is_slice else affine, seconds

    return find


def _ants_slice(image: Image) -> Any:
    """A slice for ANTs, its first voxel at 0."""
    import ants

    spacing = np.linalg.norm(image.geometry.plane[:, :-1], axis=0)
    return ants.from_numpy(image.array.astype(np.float32), spacing=spacing.tolist())


def in_space(affine: Affine, fixed: Image, moving: Image) -> Affine:
    """A map of millimetres in the planes of two slices, ``(3, 3)``, as one of points in space, ``(4, 4)``.

    It says nothing of points beside the fixed plane.
    """
    here, there = (image.geometry.plane for image in (fixed, moving))
    to_plane = np.linalg.norm(here[:, :-1], axis=0)[:, None] * np.linalg.pinv(here[:, :-1])
    to_space = there[:, :-1] / np.linalg.norm(there[:, :-1], axis=0)
    found = np.eye(len(here) + 1)
    found[:-1, :-1] = to_space @ affine[:-1, :-1] @ to_plane
    found[:-1, -1] = to_space @ affine[:-1, -1] + there[:, -1] - found[:-1, :-1] @ here[:, -1]
    return found


OWN = ("itk", "network", "both")
METHODS: dict[str, Callable[[], Find]] = {**{name: partial(bundle, name) for name in OWN}, "ANTs affine": ants_affine}


def known_map(case: Case, dims: int) -> Affine:
    """The map of a case around the origin, ``(D + 1, D + 1)``, mm, drawn by its seed."""
    draw = np.random.default_rng(list(case.seed.encode()))
    affine = np.eye(dims + 1)
    if case.sweep == "rotation":
        plane = random_plane(draw.standard_normal((dims, dims)))
        affine[:-1, :-1] = rotation_in(plane, np.deg2rad(case.amount))
    elif case.sweep == "shift":
        direction = draw.standard_normal(dims)
        affine[:-1, -1] = case.amount * direction / np.linalg.norm(direction)
    else:
        affine[:-1, :-1] *= case.amount
    return affine


def moved(record: Record, around: Affine, folder: Path) -> tuple[str, str, Affine]:
    """Files of a subject's image and label under a map around the image's middle, on a larger grid, and the map.

    Returns:
        Both paths, and the map of physical points (LPS, mm) of the image as it was to where they are now,
        ``(E, D + 1)`` of the index as it was.
    """
    image = read_image(record["image"])
    label = read_label(record["label"], image)
    size = np.array(image.array.shape)
    plane = image.geometry.plane
    spacing = np.linalg.norm(plane[:, :-1], axis=0)
    middle = (size - 1) / 2
    index_map = np.eye(len(size) + 1)  # of the index: in millimetres, around the middle
    index_map[:-1, :-1] = around[:-1, :-1] * spacing / spacing[:, None]
    index_map[:-1, -1] = middle + around[:-1, -1] / spacing - index_map[:-1, :-1] @ middle
    before = np.ceil(REACH * size + np.abs(around[:-1, -1] / spacing)).astype(int)
    start = np.eye(len(size) + 1)
    start[:-1, -1] = -before
    grid = tuple(int(n) for n in size + 2 * before)
    points = grid_points(grid, (np.linalg.inv(index_map) @ start)[:-1])
    paths = []
    for name, source, mode in (("image", image, "bilinear"), ("label", label, "nearest")):
        values = sample(torch.from_numpy(source.array.astype(np.float32))[None, None], points, mode)[0, 0].numpy()
        shape = [1] * len(image.geometry.size)
        for axis, count in zip(image.geometry.axes, grid, strict=True):
            shape[axis] = count
        header = image.affine_ras.copy()
        offset = np.zeros(3)
        offset[image.geometry.axes] = -before
        header[:3, 3] += header[:3, :3] @ offset
        kind = np.float32 if name == "image" else np.int16
        path = folder / f"{name}.nii.gz"
        nib.save(nib.Nifti1Image(values.reshape(shape).astype(kind), header), path)
        paths.append(str(path))
    return paths[0], paths[1], plane @ index_map


def measured(case: Case, find: Find) -> dict[str, Any]:
    """Mean distance of the object's points from where they belong, mm (of one subject), Dice (of two), seconds."""
    label = read_label(case.fixed["label"], read_image(case.fixed["image"]))
    inside = np.argwhere(label.array > 0)
    inside = inside[:: max(1, len(inside) // POINTS)]
    inside = np.column_stack([inside, np.ones(len(inside))])
    with tempfile.TemporaryDirectory() as folder:
        around = known_map(case, label.array.ndim)
        image, moved_label, truth = moved(case.moving, around, Path(folder))
        affine, seconds = find(case.fixed["image"], image)
        plane = label.geometry.plane
        there = (inside @ plane.T) @ affine[:-1, :-1].T + affine[:-1, -1]
        row = {"seconds": seconds}
        if case.fixed["subject"] == case.moving["subject"]:
            row["error"] = float(np.linalg.norm(there - inside @ truth.T, axis=1).mean())
        else:
            row["dice"] = overlap(case.fixed, moved_label, affine)
    return row


def overlap(fixed: Record, moved_label: str, affine: Affine) -> float:
    """Mean Dice over the labels that both have, the moving one resampled by an affine map of physical points."""
    target, source = read_label(fixed["label"], read_image(fixed["image"])), read_label(moved_label)
    to_index = np.linalg.pinv(source.geometry.plane[:, :-1])
    rows = to_index @ np.column_stack(
        [
            affine[:-1, :-1] @ target.geometry.plane[:, :-1],
            affine[:-1, :-1] @ target.geometry.plane[:, -1] + affine[:-1, -1] - source.geometry.plane[:, -1],
        ]
    )
    points = grid_points(target.array.shape, rows)
    values = sample(torch.from_numpy(source.array.astype(np.float32))[None, None], points, "nearest")[0, 0]
    warped = values.numpy().astype(np.int64)
    return float(dice({"it": warped}, target.array.astype(np.int64), source.array.astype(np.int64))["mean"]["it"])


def cases(options: argparse.Namespace, subjects: Sequence[Record]) -> Iterator[Case]:
    """All of a run, in an order that does not depend on the methods."""
    draw = random.Random(options.seed)
    chosen = draw.sample(list(subjects), min(options.num_subjects, len(subjects)))
    for k, fixed in enumerate(chosen):
        moving = fixed if options.pairs == "one" else chosen[(k + 1) % len(chosen)]
        for sweep in options.sweeps:
            amounts = [each for each in SWEEPS[sweep] if options.most is None or each <= options.most]
            for amount in amounts[:: options.every]:
                yield Case(fixed, moving, sweep, amount, f"{options.seed}-{fixed['subject']}-{sweep}-{amount:g}")


def measure(name: str, options: argparse.Namespace, all_cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The rows of every case by one method, from the folder as far as they are there."""
    folder = Path(options.output_dir) / name.replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    find: Find | None = None
    found = []
    for case in progress(all_cases, name, "case"):
        path = folder / f"{case.name}.json"
        if not path.is_file():
            find = find or METHODS[name]()
            write_text_atomic(path, json.dumps(measured(case, find)))
        row = json.loads(path.read_text(encoding="utf-8"))
        found.append({**row, "sweep": case.sweep, "amount": case.amount})
    return found


def curves_of(rows: Sequence[dict[str, Any]], key: str) -> dict[str, tuple[list[float], list[float]]]:
    """Of every sweep the amounts and, at each, the share of successes, or the mean Dice."""
    found = {}
    for sweep in dict.fromkeys(row["sweep"] for row in rows):
        amounts = sorted({row["amount"] for row in rows if row["sweep"] == sweep})
        at = [[row[key] for row in rows if (row["sweep"], row["amount"]) == (sweep, amount)] for amount in amounts]
        value = [float(np.mean(np.array(each) < SUCCESS) if key == "error" else np.mean(each)) for each in at]
        found[sweep] = amounts, value
    return found


def table_of(results: dict[str, list[dict[str, Any]]], key: str) -> str:
    """A row a method and sweep: successes (or Dice) by the sweep's amounts, in three ranges."""
    header = ["Method", *RANGES, *(["median error, mm"] if key == "error" else []), "seconds"]
    table = []
    for name, rows in results.items():
        line = [name]
        for sweep, low, high in RANGES.values():
            values = np.array([r[key] for r in rows if r["sweep"] == sweep and low <= r["amount"] <= high])
            if not values.size:
                line.append("")
            elif key == "error":
                line.append(f"{int((values < SUCCESS).sum())} of {values.size}")
            else:
                line.append(f"{values.mean():.4f}")
        if key == "error":
            line.append(f"{np.median([row['error'] for row in rows]):.2f}")
        table.append([*line, f"{np.median([row['seconds'] for row in rows]):.2f}"])
    return markdown_table(header, table)


RANGES = {
    "0 to 45 degrees": ("rotation", 0, 45),
    "60 to 90": ("rotation", 46, 90),
    "105 to 180": ("rotation", 91, 180),
    "shift, 0 to 80 mm": ("shift", 0, 80),
    "size, 0.7 to 1.4": ("scale", 0.7, 1.4),
}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--spatial_dims", type=int, choices=[2, 3], default=2)
    parser.add_argument("--pairs", choices=["one", "two"], default="one", help="of one subject, or of two")
    parser.add_argument("--subjects", default="*", help="of the test part, by a pattern of their names: '*_head'")
    parser.add_argument("--num_subjects", type=int, default=20, help="of these, drawn")
    parser.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS))
    parser.add_argument("--every", type=int, default=1, help="of the amounts of a sweep, only every n-th")
    parser.add_argument("--most", type=float, help="of the amounts of a sweep, none above it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(OWN))
    parser.add_argument("--figure", help="image file of the curves")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing, print the table, draw the curves."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: value for name, value in vars(options).items() if name not in FREE})
    cohort = open_cohort(options.dataset_dir, options.spatial_dims, str(Path(options.output_dir) / "cache"))
    subjects = [each for each in cohort.test if fnmatch(each["subject"], options.subjects)]
    if len(subjects) < 2:
        raise InputError(f"{options.dataset_dir} has fewer than two test subjects named {options.subjects}.")
    everything = list(cases(options, subjects))
    results = {name: measure(name, options, everything) for name in options.methods}
    key = "error" if options.pairs == "one" else "dice"
    if options.figure:
        curves = {name: curves_of(rows, key) for name, rows in results.items()}
        save_capture(options.figure, curves, UNITS, "success" if key == "error" else "Dice")
    table, data = table_of(results, key), describe(options, everything)
    print(f"{table}\n{data}")
    publish(options.docs, "capture", arguments, data, table)


def describe(options: argparse.Namespace, everything: Sequence[Case]) -> str:
    """The data in words."""
    count = len({case.fixed["subject"] for case in everything})
    what = (
        f"success: points of the object on average within {SUCCESS:g} mm of where they belong"
        if options.pairs == "one"
        else "mean Dice over the labels that both have; each with the next one"
    )
    named = "" if options.subjects == "*" else f" ({options.subjects})"
    return (
        f"{count} test subjects of {Path(options.dataset_dir).name}{named}, {len(everything)} cases a method; {what}; "
        "median seconds without reading."
    )


if __name__ == "__main__":
    start(main)
