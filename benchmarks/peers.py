"""Our network against what a user would otherwise pick, on the same pairs in one run.

    python benchmarks/peers.py --dataset_dir DIR --weights bundle/models/model.pt --output_dir outputs/peers

Every method runs alone, one process after another, on the same seeded pairs of test subjects (or, with
``--pairing atlas``, every test subject to the atlas). Each process warms up on one pair that is not counted. A method
whose results are in ``output_dir`` already is not run again. Written there: ``<method>.json`` and ``peers.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bundle")]

from benchmarks import methods  # noqa: E402
from benchmarks.setting import WEIGHTS, claim, parse  # noqa: E402
from scripts.files import write_text_atomic  # noqa: E402
from scripts.metrics import label_dice  # noqa: E402
from scripts.reports import markdown_table  # noqa: E402
from scripts.spatial import folded_fraction, warp  # noqa: E402

NOTHING = 1e-3  # seconds: what registers nothing takes no time worth a ratio

METHODS = {
    "unregistered": lambda options: methods.unregistered(),
    "ITK affine": lambda options: methods.itk_affine(),
    "ours, network": lambda options: methods.bundle_network({"refinement_steps": 0}, options.weights),
    "ours, network + optimisation": lambda options: methods.bundle_network(
        {"refinement_steps": options.refinement_steps}, options.weights
    ),
    "ours, two passes": lambda options: methods.bundle_network(
        {"refinement_steps": 0, "evaluation_passes": 2}, options.weights
    ),
    "ours, two passes + optimisation": lambda options: methods.bundle_network(
        {"refinement_steps": options.refinement_steps, "evaluation_passes": 2}, options.weights
    ),
    "voxelmorph package": lambda options: methods.voxelmorph_package(options.voxelmorph_weights),
    "elastix B-spline": lambda options: methods.elastix_bspline(),
    "ANTs SyN": lambda options: methods.ants_syn("mattes"),
    "ANTs SyNCC": lambda options: methods.ants_syn("CC"),
}


def main() -> None:
    """Measure what is missing, one process a method, and write the table."""
    options = _options()
    if options.method:
        measure(options.method, options)
        return
    folder = Path(options.output_dir)
    what = {name: value for name, value in vars(options).items() if name not in ("method", "methods", "output_dir")}
    claim(folder, what)
    chosen = [name for name in options.methods if name != "voxelmorph package" or options.voxelmorph_weights]
    for name in chosen:
        if not _result_file(folder, name).is_file():
            print(f"measuring {name}", flush=True)
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--method", name], check=True)
    table = table_of([json.loads(_result_file(folder, name).read_text(encoding="utf-8")) for name in chosen])
    write_text_atomic(folder / "peers.md", table)
    print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_dir", required=True)
    parser.add_argument("--atlas")
    parser.add_argument("--affine", action="store_true", help="the bundle's affine stage first, for every method")
    parser.add_argument("--spatial_size", type=int, nargs="+", default=[-1], help="pad or crop around the centre")
    parser.add_argument("--part", choices=["test", "all"], default="test", help="subjects that pairs are drawn from")
    parser.add_argument("--labels", nargs="+", default=["auto"], help="auto, table, common, any, or the ids")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--pairing", choices=["random", "atlas"], default="random")
    parser.add_argument("--num_pairs", type=int, default=100)
    parser.add_argument("--weights", default=str(WEIGHTS))
    parser.add_argument("--voxelmorph_weights", help="of voxelmorph_peer.py; without them that row is left out")
    parser.add_argument("--refinement_steps", type=int, default=35)
    parser.add_argument("--output_dir", required=True)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _result_file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(', ', '_').replace(' + ', '_').replace(' ', '_')}.json"


def pairs(options: argparse.Namespace) -> Any:
    """The bundle's evaluation pairs of the data set."""
    size = options.spatial_size if len(options.spatial_size) > 1 else options.spatial_size[0]
    wanted: dict[str, Any] = {"num_pairs": options.num_pairs} if options.pairing == "random" else {}
    changed = {name: getattr(options, name) for name in ("dataset_dir", "atlas", "affine", "pairing")}
    rule = options.labels[0] if options.labels[0].isalpha() else [int(label) for label in options.labels]
    changed["labels"] = rule
    if options.part == "all":  # no one is registered to himself
        atlas_too = " + [@cohort.atlas]" if options.pairing == "random" else ""
        wanted["validate#dataset#data"] = f"$@cohort.training + @cohort.validation + @cohort.test{atlas_too}"
    config = parse({**changed, **wanted, "spatial_size": size})
    return config.get_parsed_content("validate#dataset"), config.get_parsed_content("cohort").labels


def measure(name: str, options: argparse.Namespace) -> None:
    """Register every pair with one method; write Dice, folding, seconds and peak memory."""
    dataset, ids = pairs(options)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    register = METHODS[name](options)
    _register_one(register, dataset[0])
    rows = [_measure_pair(register, dataset[i], ids) for i in range(len(dataset))]
    result = {
        "method": name,
        "pairs": len(rows),
        "dice": [row["dice"] for row in rows],
        "folded": [row["folded"] for row in rows],
        "seconds": [row["seconds"] for row in rows],
        "peak_memory_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {torch.get_num_threads()} threads",
    }
    write_text_atomic(_result_file(Path(options.output_dir), name), json.dumps(result, indent=1))


def _register_one(register: methods.Register, pair: dict[str, Any]) -> tuple[np.ndarray, float]:
    moving, fixed = (np.ascontiguousarray(pair[key][0].numpy()) for key in ("moving", "fixed"))
    start = time.perf_counter()
    return register(moving, fixed), time.perf_counter() - start


def _measure_pair(register: methods.Register, pair: dict[str, Any], ids: list[int]) -> dict[str, float]:
    field, seconds = _register_one(register, pair)
    ddf = torch.from_numpy(np.ascontiguousarray(field))[None]
    moving_label, fixed_label = pair["moving_label"][None], pair["fixed_label"][None]
    dice = label_dice(warp(moving_label, ddf, "nearest"), fixed_label, ids, moving_label)
    return {"dice": float(dice.nanmean()), "folded": float(folded_fraction(ddf)), "seconds": seconds}


def table_of(results: list[dict[str, Any]]) -> str:
    """A row a method; times and, where SyNCC was measured too, their ratio to its."""
    syncc = next((float(np.median(r["seconds"])) for r in results if r["method"] == "ANTs SyNCC"), None)
    rows = [
        [
            r["method"],
            f"{np.mean(r['dice']):.4f} ± {np.std(r['dice']):.4f}",
            f"{100 * np.mean(r['folded']):.5f}",
            f"{np.median(r['seconds']):.3f}",
            _ratio(float(np.median(r["seconds"])), syncc),
            f"{r['peak_memory_mb']:.0f}",
        ]
        for r in results
    ]
    header = ["Method", "Dice", "folded, %", "seconds a pair", "relative to SyNCC", "memory over data, MB"]
    note = (
        f"\n{results[0]['pairs']} pairs; {results[0]['machine']}; median seconds, reading and labels not counted; "
        "memory with the method's libraries.\n"
    )
    return markdown_table(header, rows) + note


def _ratio(seconds: float, syncc: float | None) -> str:
    """Of SyNCC's time: a fraction where it is less."""
    if syncc is None or seconds < NOTHING:
        return "-"
    return f"1/{syncc / seconds:.0f}" if seconds < syncc else f"{seconds / syncc:.1f}"


if __name__ == "__main__":
    main()
