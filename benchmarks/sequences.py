"""Beating hearts: the labels of one frame carried to another by sequence methods, ours and others, on the same frames.

    python -m benchmarks.sequences --dataset_dir acdc_cine --output_dir outputs/sequences

Rows of ours are trained first, each with the method's schedule, where ``output_dir`` does not hold their weights; what
was measured of a subject is not measured again. ANTs and elastix are measured where they are installed
(``benchmarks/requirements.txt``).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.data import open_cohort
from scripts.data.sequences import SequenceRecord
from scripts.errors import InputError
from scripts.files import write_text_atomic
from scripts.progress import progress
from scripts.reports import markdown_table

from .claims import claim
from .command import command_line, start
from .docs import machine, publish
from .reports.agreement import agreement, save_bland_altman
from .reports.statistics import compare_pairs
from .sequence_measures import Row, measure
from .sequence_rows import CONSECUTIVE, REFINED, ROWS, VARIANTS, Frames, closing_of, is_ours, is_peer, is_trained

HEADER = [
    "Method",
    "Dice",
    "seeds",
    "RV",
    "Myo",
    "LV",
    "HD95 pixels",
    "EF error",
    "folded %",
    "roughness",
    "seconds a frame",
]
ENDPOINT = "endpoint error, mm"  # of the embedded cohort, whose motion is known
NOTE = (
    "Dice in the other labelled frame (end-systole) of the labels of the reference (end-diastole) carried there by "
    "nearest neighbour, over the stack; seeds: standard deviation of the means of several trainings; HD95 of its "
    "slices, pixels; mean absolute error of the left ventricle's ejection fraction, percentage points; roughness: root "
    "mean square second difference of the fields over time, pixels."
)
FREE = ("output_dir", "rows", "seeds", "docs", "picture")  # options that may change from one call to the next


def measured(name: str, options: argparse.Namespace, records: Sequence[SequenceRecord]) -> list[list[Row]]:
    """A row of every subject by one method, by seed, from the folder as far as they are there."""
    seeds = options.seeds if is_trained(name) else options.seeds[:1]
    return [_measured(name, options, records, seed) for seed in seeds]


def _measured(name: str, options: argparse.Namespace, records: Sequence[SequenceRecord], seed: int) -> list[Row]:
    folder = Path(options.output_dir) / name.replace(", ", "_").replace(" ", "_") / f"seed{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    frames: Frames | None = None
    found = []
    for record in progress(records, f"{name}, seed {seed}", "subject"):
        path = folder / f"{record['subject']}.json"
        if not path.is_file():
            frames = frames or ROWS[name](options, seed)
            write_text_atomic(path, json.dumps(measure(frames, record)))
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def table_of(results: Mapping[str, Sequence[Sequence[Row]]]) -> str:
    """Means over subjects and seeds; of Dice the deviation over subjects, and that of the seeds' means."""
    lines = {name: _line(name, by_seed) for name, by_seed in results.items()}
    if not all("endpoint" in row for by_seed in results.values() for row in by_seed[0]):
        return markdown_table(HEADER, list(lines.values()))
    errors = {name: f"{values_of(by_seed, 'endpoint').mean():.2f}" for name, by_seed in results.items()}
    return markdown_table([*HEADER, ENDPOINT], [[*line, errors[name]] for name, line in lines.items()])


def values_of(by_seed: Sequence[Sequence[Row]], key: str) -> np.ndarray:
    """A measure by seed and subject, ``(S, N)``."""
    return np.array([[row[key] for row in rows] for rows in by_seed])


def _line(name: str, by_seed: Sequence[Sequence[Row]]) -> list[str]:
    dice = values_of(by_seed, "dice")
    spread = f"{dice.mean(1).std():.4f}" if len(dice) > 1 else ""
    return [
        name,
        f"{dice.mean():.4f} ± {dice.mean(0).std():.4f}",
        spread,
        *(f"{values_of(by_seed, key).mean():.3f}" for key in ("rv", "myo", "lv")),
        f"{values_of(by_seed, 'hd95').mean():.2f}",
        f"{np.abs(values_of(by_seed, 'ef_error')).mean():.1f}",
        f"{100 * values_of(by_seed, 'folded').mean():.4f}",
        f"{values_of(by_seed, 'roughness').mean():.3f}",
        f"{np.median(values_of(by_seed, 'seconds')):.3f}",
    ]


def comparisons(results: Mapping[str, Sequence[Sequence[Row]]]) -> str:
    """Paired differences of means over seeds: the first method that registers from the others, alone and refined."""
    rows = []
    for refined in (False, True):
        kind = [name for name in results if is_peer(name) or (is_ours(name) and name.endswith(REFINED) == refined)]
        for other in kind[1:]:
            for key in ("dice", "roughness"):
                mine, theirs = (values_of(results[name], key).mean(0) for name in (kind[0], other))
                found = compare_pairs(mine, theirs)
                interval = f"{found.difference:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
                rows.append([f"{kind[0]} - {other}", key, interval, f"{found.p_value:.4f}"])
    return markdown_table(["Difference", "of", "mean (95 %)", "p, Wilcoxon"], rows)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--dataset_dir", required=True, help="in the layout of ACDC")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["unregistered", *VARIANTS, "ANTs SyN"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the trainings")
    parser.add_argument("--max_epochs", type=int, default=40, help="of the trainings")
    parser.add_argument("--picture", metavar="FILE", help="Bland-Altman plot of our ejection fractions")
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
    seeds = ", ".join(map(str, options.seeds))
    data = f"{len(records)} test subjects of {cohort.name}, trainings of {options.max_epochs} epochs, seeds {seeds}."
    text = f"{table_of(results)}\n{NOTE}\n\n{comparisons(results)}"
    if CONSECUTIVE in results:
        text += f"\nClosing error of the composed cycle: {closing_of(options, records):.2f} pixels.\n"
    print(f"{text}\n\n{data} Machine: {machine()}.")
    publish(options.docs, "sequences", arguments, data, text)


def _draw(results: Mapping[str, Sequence[Sequence[Row]]], path: str | None) -> None:
    """Ejection fractions by the first of our refined rows, else by the first, and what bias they have."""
    ours = sorted(filter(is_ours, results), key=lambda each: not each.endswith(REFINED))
    name = next(iter(ours), None)
    if path is None or name is None:
        return
    drawn = values_of(results[name], "ef")[0]
    estimated = drawn + values_of(results[name], "ef_error")[0]
    save_bland_altman(path, drawn, estimated, "%", f"left ventricle's ejection fraction, {name}")
    found = agreement(drawn, estimated)
    print(f"{name}: bias {found.bias:+.1f} points, limits of agreement {found.lower:+.1f} to {found.upper:+.1f}\n")


if __name__ == "__main__":
    start(main)
