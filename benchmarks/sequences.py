"""Beating hearts: the labels of one frame carried to another by sequence methods, ours and others, on the same frames.

    python -m benchmarks.sequences --dataset_dir acdc_cine --output_dir outputs/sequences

Rows of ours are trained first, each with the method's schedule, where ``output_dir`` does not hold their weights; what
was measured of a subject is not measured again. ANTs and elastix are measured where they are installed
(``benchmarks/requirements.txt``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from torch import Tensor

from scripts.data import open_cohort
from scripts.data.sequences import SequenceRecord
from scripts.errors import InputError
from scripts.files import write_text_atomic
from scripts.metrics import HausdorffDistance95, closing_error, ejection_fraction, label_dice, temporal_roughness
from scripts.physical import read_label_frame, read_sequence
from scripts.physical.orientation import RAS_LPS
from scripts.progress import progress
from scripts.registration import Method, SequenceRegistration
from scripts.reports import agreement, markdown_table, save_bland_altman
from scripts.spatial import compose, folded_fraction, invert_field, warp

from .claims import claim
from .command import command_line, start
from .docs import machine, publish
from .methods import ants_syn, elastix_bspline, unregistered
from .reports.statistics import compare_pairs
from .setting import BUNDLE, bundle_command, read

Row = dict[str, float]
Frames = Callable[[Tensor, int], Tensor]  # (T, *S) in [0, 1], reference -> (T, D, *S) in voxels

FILES = ["configs/train.yaml", "configs/methods/sequence.yaml", "configs/schedules/sequence.yaml"]
BACKBONE = "network_def#backbone#"
VARIANTS: dict[str, dict[str, Any]] = {
    "both ways": {},
    "one way": {f"{BACKBONE}bidirectional": False},
    "frame by frame": {f"{BACKBONE}recurrent_rows": []},
}
CONSECUTIVE = "consecutive, composed"
SHIPPED = "shipped weights"  # of the embedded hearts
LEFT, LABELS = 3, (1, 2, 3)  # of ACDC: right ventricle, myocardium, left ventricle
HEADER = ["Method", "Dice", "RV", "Myo", "LV", "HD95, pixels", "EF error", "folded, %", "roughness", "seconds a frame"]
ENDPOINT = "endpoint error, mm"  # of the embedded cohort, whose motion is known
NOTE = (
    "Dice in the other labelled frame (end-systole) of the labels of the reference (end-diastole) carried there by "
    "nearest neighbour, over the stack; HD95 of its slices; mean absolute error of the left ventricle's ejection "
    "fraction, percentage points; roughness: root mean square second difference of the fields over time, pixels."
)
FREE = ("output_dir", "rows", "docs", "picture")


def network_rows(variant: str, refined: bool, options: argparse.Namespace) -> Frames:
    """Ours, trained where it is not yet, with or without optimisation on the sequence."""
    return registration_of(variant, refined, options).register


def closing_of(options: argparse.Namespace, records: Sequence[SequenceRecord]) -> float:
    """How far points end from where they began that follow every frame to the next, around the cycle; mean, pixels."""
    pairwise, errors = registration_of("frame by frame", False, options), []
    for record in records:
        values = read_sequence(record["image"]).values
        for k in range(values.shape[2]):
            scaled = scaled_frames(values[:, :, k])
            steps = [pairwise.register(scaled[[t, (t + 1) % len(scaled)]], 0)[1] for t in range(len(scaled))]
            errors.append(closing_error(torch.stack(steps)))
    return float(np.mean(errors))


def consecutive(options: argparse.Namespace) -> Frames:
    """Every frame to the one before it, frame by frame, composed from the reference on, forwards and backwards."""
    pairwise = registration_of("frame by frame", False, options)

    def register(scaled: Tensor, reference: int) -> Tensor:
        fields = torch.zeros(len(scaled), scaled.ndim - 1, *scaled.shape[1:])
        for ahead in (1, -1):
            last = len(scaled) if ahead > 0 else -1
            for t in range(reference + ahead, last, ahead):
                step = pairwise.register(scaled[[t - ahead, t]], 0)[1:]  # from the frame before to this one
                fields[t] = compose(inner=step, outer=fields[t - ahead][None])[0]
        return fields

    return register


def each_frame(make: Callable[[], Callable[[np.ndarray, np.ndarray], np.ndarray]], _: argparse.Namespace) -> Frames:
    """A registration of pairs, for every frame with the reference."""
    method = make()

    def register(scaled: Tensor, reference: int) -> Tensor:
        images = scaled.numpy()
        fields = [method(image, images[reference]) for image in images]
        ddf = torch.from_numpy(np.stack(fields)).float()
        ddf[reference] = 0
        return ddf

    return register


ROWS: dict[str, Callable[[argparse.Namespace], Frames]] = {
    "unregistered": partial(each_frame, unregistered),
    **{name: partial(network_rows, name, False) for name in VARIANTS},
    **{f"{name}, refined": partial(network_rows, name, True) for name in VARIANTS},
    SHIPPED: partial(network_rows, SHIPPED, False),
    f"{SHIPPED}, refined": partial(network_rows, SHIPPED, True),
    CONSECUTIVE: consecutive,
    "ANTs SyN": partial(each_frame, partial(ants_syn, "mattes")),
    "elastix": partial(each_frame, elastix_bspline),
}


def registration_of(variant: str, refined: bool, options: argparse.Namespace) -> SequenceRegistration:
    """A network of ours with the weights that its training left."""
    return _registration(variant, refined, str(trained(variant, options)))


@cache
def _registration(variant: str, refined: bool, weights: str) -> SequenceRegistration:
    config = read("train.yaml", "methods/sequence.yaml", device="cpu", **VARIANTS.get(variant, {}))
    parts = ("network_def", "refinement", "intensity", "precision", "channels_last")
    made = {name: config.get_parsed_content(name) for name in parts}
    network, refinement = made.pop("network_def"), made.pop("refinement")
    return SequenceRegistration(Method(network, weights, refinement if refined else None, **made), 2)


def trained(variant: str, options: argparse.Namespace) -> Path:
    """The weights of the last step of a variant, trained if they are not there; those of the bundle as they are."""
    if variant == SHIPPED:
        return Path(read("train.yaml", "methods/sequence.yaml").get_parsed_content("weights"))
    folder = Path(options.output_dir).resolve() / f"{variant.replace(' ', '_')}_seed{options.seed}"
    path = folder / "model_last.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        values = {"dataset_dir": str(Path(options.dataset_dir).resolve()), "seed": options.seed}
        values |= {"max_epochs": options.max_epochs, "output_dir": str(folder), **VARIANTS[variant]}
        with (folder / "training.log").open("a", encoding="utf-8") as log:
            done = subprocess.run(
                bundle_command("training", FILES, **values), cwd=BUNDLE, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            raise InputError(f"the training of {variant} failed; {folder / 'training.log'} says why.")
    return path


def measure(frames: Frames, record: SequenceRecord) -> Row:
    """What a method makes of a subject: from its first labelled frame to every frame, slice by slice."""
    sequence = read_sequence(record["image"])
    labels = {t: torch.from_numpy(read_label_frame(path, sequence).values) for t, path in record["labels"].items()}
    reference, *others = sorted(labels)
    stack = [scaled_frames(sequence.values[:, :, k]) for k in range(sequence.geometry.size[2])]
    begin = time.perf_counter()
    fields = [frames(scaled, reference) for scaled in stack]
    seconds = (time.perf_counter() - begin) / len(fields) / len(stack[0])
    carried = torch.stack([carry(labels[reference][..., k], ddf) for k, ddf in enumerate(fields)], dim=-1)
    cavity = (carried == LEFT).flatten(1).sum(1).double()
    row: Row = {
        "ef_error": 100 * (ejection_fraction(cavity) - ejection_of(labels)),
        "ef": 100 * ejection_of(labels),
        "folded": float(torch.stack([folded_fraction(ddf).mean() for ddf in fields]).mean()),
        "roughness": float(np.mean([temporal_roughness(ddf, periodic=True) for ddf in fields])),
        "seconds": seconds,
    }
    scores = torch.cat([_dice(carried[t], labels[t], labels[reference]) for t in others])
    distances = [_hd95(carried[t], labels[t], labels[reference]) for t in others]
    names = ("rv", "myo", "lv")
    row |= {name: float(value) for name, value in zip(names, scores.nanmean(0), strict=True)}
    truth = Path(record["image"].replace("_4d.nii.gz", "_motion.nii.gz"))
    if truth.is_file():
        row["endpoint"] = endpoint_error(torch.stack(fields, -1), truth, labels[reference] > 0)
    return {**row, "dice": float(scores.nanmean()), "hd95": float(np.nanmean(distances))}


def scaled_frames(values: np.ndarray) -> Tensor:
    """Frames ``(X, Y, T)`` as every method sees them, ``(T, X, Y)`` in [0, 1]."""
    intensity = read("train.yaml", "methods/sequence.yaml").get_parsed_content("intensity")
    return torch.from_numpy(intensity(np.moveaxis(values, -1, 0)))


def endpoint_error(ddf: Tensor, truth: Path, heart: Tensor) -> float:
    """Mean distance, mm, of the motion found from the true one, over the heart and all frames.

    Args:
        ddf: of a stack, ``(T, 2, X, Y, Z)``, in voxels.
        truth: file of the true displacements, ``(X, Y, Z, T, 3)``, LPS, mm.
        heart: mask of the reference, ``(X, Y, Z)``.
    """
    nifti = nib.load(truth)
    matrix = np.diag(RAS_LPS) @ nifti.affine[:3, :2]
    found = np.einsum("ed,tdxyz->xyzte", matrix, ddf.numpy())
    error = np.linalg.norm(found - np.asarray(nifti.dataobj), axis=-1)
    return float(error[heart.numpy()].mean())


def carry(label: Tensor, ddf: Tensor) -> Tensor:
    """A label map ``(X, Y)`` of the reference in every frame, ``(T, X, Y)``."""
    maps = label[None, None].float().expand(len(ddf), -1, -1, -1)
    return warp(maps, invert_field(ddf), "nearest")[:, 0].round().to(label.dtype)


def ejection_of(labels: Mapping[int, Tensor]) -> float:
    """By the volumes of the labels that were drawn."""
    return ejection_fraction(torch.stack([(label == LEFT).sum() for label in labels.values()]).double())


def _dice(carried: Tensor, drawn: Tensor, original: Tensor) -> Tensor:
    """``(1, K)`` over the stack."""
    maps = [each[None, None].long() for each in (carried, drawn, original)]
    return label_dice(maps[0], maps[1], LABELS, maps[2])


def _hd95(carried: Tensor, drawn: Tensor, original: Tensor) -> float:
    """Mean over the slices and labels, pixels."""
    stacks = [each.movedim(-1, 0)[:, None].long() for each in (carried, drawn, original)]
    still = torch.zeros(len(stacks[0]), 2, *stacks[0].shape[2:])
    measured = HausdorffDistance95(LABELS)
    found = measured.of_labels({"ddf": still}, {"moving_label": stacks[0], "fixed_label": stacks[1]})
    return float(found[found.isfinite()].mean())


def measured(name: str, options: argparse.Namespace, records: Sequence[SequenceRecord]) -> list[Row]:
    """A row of every subject by one method, from the folder as far as they are there."""
    folder = Path(options.output_dir) / name.replace(", ", "_").replace(" ", "_")
    folder.mkdir(parents=True, exist_ok=True)
    frames: Frames | None = None
    found = []
    for record in progress(records, name, "subject"):
        path = folder / f"{record['subject']}.json"
        if not path.is_file():
            frames = frames or ROWS[name](options)
            write_text_atomic(path, json.dumps(measure(frames, record)))
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def table_of(results: Mapping[str, Sequence[Row]]) -> str:
    """Means over the subjects, and of Dice the deviation."""
    known = all("endpoint" in row for rows in results.values() for row in rows)
    lines = [_line(name, rows) for name, rows in results.items()]
    if not known:
        return markdown_table(HEADER, lines)
    errors = [f"{np.mean([row['endpoint'] for row in rows]):.2f}" for rows in results.values()]
    return markdown_table([*HEADER, ENDPOINT], [[*line, error] for line, error in zip(lines, errors, strict=True)])


def _line(name: str, rows: Sequence[Row]) -> list[str]:
    values = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return [
        name,
        f"{values['dice'].mean():.4f} ± {values['dice'].std():.4f}",
        *(f"{values[key].mean():.3f}" for key in ("rv", "myo", "lv")),
        f"{values['hd95'].mean():.2f}",
        f"{np.abs(values['ef_error']).mean():.1f}",
        f"{100 * values['folded'].mean():.4f}",
        f"{values['roughness'].mean():.3f}",
        f"{np.median(values['seconds']):.3f}",
    ]


def comparisons(results: Mapping[str, Sequence[Row]]) -> str:
    """Paired differences of the first method that learned from those after it, Dice and roughness."""
    first, *others = [name for name in results if name != "unregistered"]
    rows = []
    for other in others:
        for key in ("dice", "roughness"):
            mine, theirs = (np.array([row[key] for row in results[name]]) for name in (first, other))
            found = compare_pairs(mine, theirs)
            interval = f"{found.difference:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
            rows.append([f"{first} - {other}", key, interval, f"{found.p_value:.4f}"])
    return markdown_table(["Difference", "of", "mean (95 %)", "p, Wilcoxon"], rows)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True, help="in the layout of ACDC")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["unregistered", *VARIANTS, "ANTs SyN"])
    parser.add_argument("--seed", type=int, default=0, help="of the trainings")
    parser.add_argument("--max_epochs", type=int, default=40, help="of the trainings")
    parser.add_argument("--picture", metavar="FILE", help="Bland-Altman plot of the first row's ejection fractions")
    parser.add_argument("--output_dir", required=True)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Train and measure what is missing and print the tables."""
    options = parse_arguments(arguments)
    claim(Path(options.output_dir), {name: value for name, value in vars(options).items() if name not in FREE})
    cohort = open_cohort(options.dataset_dir, 2, str(Path(options.output_dir) / "cache"), sequences=True)
    records = [record for record in cohort.test if len(record["labels"]) > 1]
    if not records:
        raise InputError(f"{options.dataset_dir} has no test subject with two labelled frames.")
    results = {name: measured(name, options, records) for name in options.rows}
    _draw(results, options.picture)
    data = (
        f"{len(records)} test subjects of {cohort.name}, trainings of {options.max_epochs} epochs, seed {options.seed}."
    )
    text = f"{table_of(results)}\n{NOTE}\n\n{comparisons(results)}"
    if CONSECUTIVE in results:
        text += f"\nClosing error of the composed cycle: {closing_of(options, records):.2f} pixels.\n"
    print(f"{text}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "sequences", arguments, data, text)


def _draw(results: Mapping[str, Sequence[Row]], path: str | None) -> None:
    """Ejection fractions by the first method that registers, and what bias they have."""
    name = next((each for each in results if each != "unregistered"), None)
    if path is None or name is None:
        return
    drawn = np.array([row["ef"] for row in results[name]])
    estimated = drawn + np.array([row["ef_error"] for row in results[name]])
    save_bland_altman(path, drawn, estimated, "%", f"left ventricle's ejection fraction, {name}")
    found = agreement(drawn, estimated)
    print(f"{name}: bias {found.bias:+.1f} points, limits of agreement {found.lower:+.1f} to {found.upper:+.1f}\n")


if __name__ == "__main__":
    start(main)
