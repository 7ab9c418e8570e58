"""Our network against what a user would otherwise pick, on the same pairs in one run.

    python -m benchmarks.peers --dataset_dir DIR --output_dir outputs/peers

Every method runs alone, one process after another, on the same seeded pairs of test subjects (or, with
``--pairing atlas``, every test subject to the atlas). Each process warms up on one pair that is not counted. A method
whose results are in ``output_dir`` already is not run again. Written there: ``<method>.json`` and ``peers.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from scripts.data.pairs import PAIRINGS
from scripts.files import write_text_atomic
from scripts.reports import markdown_table

from . import methods
from .claims import claim, kept, result_file
from .command import command_line, start
from .docs import publish
from .measuring import measure_method
from .reports.dice_over import ROUGHNESS, Point, save_dice_over
from .setting import WEIGHTS, PairChoice

NOTHING = 1e-3  # seconds: what registers nothing takes no time worth a ratio
UNIT = "ANTs SyNCC"  # the method whose time the others are compared with
PACKAGE = "voxelmorph package"
NOTE = "Median seconds, reading and labels not counted; memory with the method's libraries."
FREE = ("output_dir", "methods", "docs", "figure")  # options that may change from one call to the next

SMOOTHNESS = (0.35, 0.7, 1.5, 2.5, 4.0, 7.0)  # of the refinement, besides the method's own
UNREGISTERED, REFINED = "unregistered", "ours, network + refinement"

METHODS: dict[str, Callable[[argparse.Namespace], methods.Register]] = {
    UNREGISTERED: lambda options: methods.unregistered(),
    "ITK affine": lambda options: methods.itk_affine(),
    "ours, network": lambda options: methods.bundle_network(options.weights),
    REFINED: lambda options: methods.bundle_network(options.weights, options.refinement_steps),
    "ours, one pass": lambda options: methods.bundle_network(options.weights, passes=1),
    PACKAGE: lambda options: methods.voxelmorph_package(options.voxelmorph_weights),
    "elastix B-spline": lambda options: methods.elastix_bspline(),
    "ANTs SyN": lambda options: methods.ants_syn("mattes"),
    UNIT: lambda options: methods.ants_syn("CC"),
    **{
        f"{REFINED}, {weight:g}": lambda options, weight=weight: methods.bundle_network(  # type: ignore[misc]
            options.weights, options.refinement_steps, refinement_smoothness=weight
        )
        for weight in SMOOTHNESS
    },
}


def main(arguments: Sequence[str]) -> None:
    """Measure what is missing, one process a method, and write the table."""
    options = parse_arguments(arguments)
    folder = Path(options.output_dir)
    claim(folder, {name: value for name, value in vars(options).items() if name not in FREE})
    chosen = [name for name in options.methods if name != PACKAGE or options.voxelmorph_weights]
    results = [result_of(name, options, folder) for name in chosen]
    table, data = f"{table_of(results)}\n{NOTE}", describe(options, len(results[0]["dice"]))
    text = f"{table}\n\n{data} Machine: {results[0]['machine']}.\n"
    write_text_atomic(folder / "peers.md", text)
    print(text)
    if options.figure:
        shown = [point_of(result) for result in results if result["method"] != UNREGISTERED]
        save_dice_over(options.figure, shown, data, ROUGHNESS)
    publish(options.docs, "peers", arguments, data, table, results[0]["machine"])


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--atlas")
    parser.add_argument("--affine", action="store_true", help="the bundle's affine stage first, for every method")
    parser.add_argument("--spatial_size", type=int, nargs="+", default=[-1], help="pad or crop around the centre")
    parser.add_argument("--part", choices=["test", "all"], default="test", help="subjects that pairs are drawn from")
    parser.add_argument("--labels", nargs="+", default=["auto"], help="auto, table, common, any, or the ids")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=[name for name in METHODS if not name.startswith(f"{REFINED}, ")],
    )
    parser.add_argument("--pairing", choices=PAIRINGS, default="random")
    parser.add_argument("--num_pairs", type=int, default=100, help="random ones")
    parser.add_argument("--first", default="", help="leave out the subjects whose names come before it")
    parser.add_argument("--weights", default=str(WEIGHTS))
    parser.add_argument("--voxelmorph_weights", help="of voxelmorph_peer; without them that row is left out")
    parser.add_argument("--refinement_steps", type=int, default=35)
    parser.add_argument("--figure", help="image file: Dice over the roughness of the field")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def choice_of(options: argparse.Namespace) -> PairChoice:
    """The pairs that a command line asks for."""
    size = options.spatial_size if len(options.spatial_size) > 1 else options.spatial_size[0]
    labels = options.labels[0] if options.labels[0].isalpha() else [int(label) for label in options.labels]
    names = ("dataset_dir", "atlas", "affine", "part", "pairing", "num_pairs", "first")
    return PairChoice(spatial_size=size, labels=labels, **{name: getattr(options, name) for name in names})


def result_of(name: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A method's result: what the folder holds, else what a process of its own measures now."""

    def alone() -> dict[str, Any]:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(measured, name, options).result()

    found: dict[str, Any] = kept(result_file(folder, name), alone)
    return found


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """In the process of its own: read the pairs, make the method ready, register them all."""
    return {"method": name, **measure_method(lambda: METHODS[name](options), choice_of(options))}


def table_of(results: Sequence[dict[str, Any]]) -> str:
    """A row a method; times and, where SyNCC was measured too, their ratio to its."""
    unit = next((float(np.median(r["seconds"])) for r in results if r["method"] == UNIT), None)
    rows = [
        [
            r["method"],
            f"{np.mean(r['dice']):.4f} ± {np.std(r['dice']):.4f}",
            f"{100 * np.mean(r['folded']):.5f}",
            f"{np.nanmean(r['sdlogj']):.3f}",
            f"{np.median(r['seconds']):.3f}",
            ratio(float(np.median(r["seconds"])), unit),
            f"{r['peak_memory_mb']:.0f}",
        ]
        for r in results
    ]
    header = [
        "Method",
        "Dice",
        "folded, %",
        "SD of log J",
        "seconds a pair",
        "relative to SyNCC",
        "memory over data, MB",
    ]
    return markdown_table(header, rows)


def point_of(result: dict[str, Any]) -> Point:
    """A point of the figure, without its spread; the refinement's weights are one line."""
    name = method = result["method"]
    if method.startswith(REFINED):
        method, _, weight = name.rpartition(", ") if name != REFINED else (REFINED, "", "")
        name = f"smoothness {weight}" if weight else "refined, as by default"
    return Point(name, method, float(np.nanmean(result["sdlogj"])), float(np.mean(result["dice"])))


def ratio(seconds: float, unit: float | None) -> str:
    """Of another time: a fraction where it is less."""
    if unit is None or seconds < NOTHING:
        return "-"
    return f"1/{unit / seconds:.0f}" if seconds < unit else f"{seconds / unit:.1f}"


def describe(options: argparse.Namespace, count: int) -> str:
    """The data in words."""
    kind = {
        "random": "random pairs of",
        "atlas": "pairs with the atlas, of",
        "consecutive": "pairs of subjects that follow each other, both ways, among the",
    }[options.pairing]
    since = f", from {options.first} on" if options.first else ""
    affine = ", after the affine stage" if options.affine else ""
    return f"{count} {kind} {options.part} subjects of {Path(options.dataset_dir).name}{since}{affine}."


if __name__ == "__main__":
    start(main)
