"""The benchmark of the verdict: what is spoilt, what is counted, and that it registers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import verdict
from benchmarks.slice_pairs import Slice
from benchmarks.verdict import Outcome


def test_what_is_spoilt_is_spoilt_and_the_labels_go_along() -> None:
    image = np.zeros((20, 20), np.float32)
    image[3:8, 5:9] = 1
    moving = Slice(image, image.astype(np.int32))
    turned = verdict.SPOILT["turned by 90 degrees"](moving)
    assert np.allclose(turned.image, turned.label) and turned.label.sum() == 20
    assert (turned.label * moving.label).sum() < 20
    assert verdict.SPOILT["spacing doubled"](moving).spacing == 2
    assert np.array_equal(verdict.SPOILT["contrast inverted"](moving).image, 1 - image)


def test_counts_of_hits_and_false_alarms() -> None:
    base = [Outcome(0.8)] * 5
    found = [Outcome(0.1, True), Outcome(0.1, False), Outcome(0.79, True), Outcome(0.8, False), Outcome(None)]
    assert verdict.row_of("kind", found, base, 0.8) == ["kind", "5", "2", "1", "1", "1"]


def test_command_prints_a_row_a_kind(
    cohort_2d: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "SPOILT", {name: verdict.SPOILT[name] for name in ("as it is", "noise")})
    verdict.main(["--dataset_dir", str(cohort_2d), "--num_pairs", "1"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    names = [line.split("|")[1].strip() for line in rows]
    assert [name for name in names if not name.startswith("-")] == list(verdict.SPOILT)
