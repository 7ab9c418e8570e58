"""The benchmark of volumes: its pairs, what it keeps, what it prints, and that it registers files."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from benchmarks import volumes
from scripts.data.subjects import Record

SUBJECTS: list[Record] = [{"subject": name, "image": f"{name}.nii", "label": f"{name}_label.nii"} for name in "abcde"]


def row(stage: str, dice: float, seconds: float) -> volumes.Row:
    return {"stage": stage, "dice": dice, "folded": 0.25, "sdlogj": 0.5, "seconds": seconds}


def test_pairs_are_ordered_different_and_the_same_for_a_seed() -> None:
    every = volumes.draw_pairs(SUBJECTS, None, 0)
    assert len(every) == 20 and all(fixed is not moving for fixed, moving in every)
    drawn = volumes.draw_pairs(SUBJECTS, 7, 1)
    assert drawn == volumes.draw_pairs(SUBJECTS, 7, 1) != volumes.draw_pairs(SUBJECTS, 7, 2)
    assert len({(fixed["subject"], moving["subject"]) for fixed, moving in drawn}) == 7


def test_what_is_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def method(options: argparse.Namespace) -> volumes.Register:
        def register(fixed: Record, moving: Record) -> list[volumes.Row]:
            calls.append(moving["subject"] + fixed["subject"])
            return [row("stage", len(calls) / 10, 1)]

        return register

    monkeypatch.setitem(volumes.METHODS, "ours, fast", method)
    options, pairs = argparse.Namespace(output_dir=str(tmp_path)), volumes.draw_pairs(SUBJECTS, 3, 0)
    first = volumes.measure("ours, fast", options, pairs[:2])
    assert volumes.measure("ours, fast", options, pairs)[:2] == first
    assert calls == [moving["subject"] + fixed["subject"] for fixed, moving in pairs]


def test_table_has_a_row_a_stage_and_shared_stages_once() -> None:
    one = [[row("unregistered", 0.2, 0), row("ours", 0.6, 3)], [row("unregistered", 0.4, 0), row("ours", 0.8, 5)]]
    other = [[row("unregistered", 0.2, 0), row("best", 0.7, 9)]] * 2
    lines = volumes.table_of([one, other]).splitlines()[2:]
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in lines] == [
        ["unregistered", "0.3000 ± 0.1000", "25.00000", "0.500", "0.0"],
        ["ours", "0.7000 ± 0.1000", "25.00000", "0.500", "4.0"],
        ["best", "0.7000 ± 0.0000", "25.00000", "0.500", "9.0"],
    ]


def test_regularity_leaves_folded_voxels_out_of_the_logarithm() -> None:
    found = volumes.regularity(np.array([-1.0, 1.0, np.e, np.e**2]))
    assert found["folded"] == 0.25
    assert found["sdlogj"] == pytest.approx(np.std([0, 1, 2]))
