"""What an evaluation writes is read back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.reports.reading import read_results
from scripts.errors import InputError
from scripts.reports import PairResult, dice_csv, labels_csv, pairs_csv

LABELS = {3: "Left, with a comma", 17: "Right"}


def results() -> list[PairResult]:
    rng = np.random.default_rng(0)
    found = []
    for n in range(3):
        dice = {stage: rng.random(2).round(6) for stage in ("unregistered", "network")}
        for values in dice.values():
            values[1] = np.nan if n == 1 else values[1]
        measures = {"unregistered": {"mse": 0.25}, "network": {"mse": 0.125, "seconds": 0.5 + n}}
        by_label = {stage: {"hd95": np.array([2.5 + n, np.nan])} for stage in dice}
        found.append(PairResult(f"m{n}", "f", dice, measures, by_label))
    return found


def write(folder: Path, found: list[PairResult], by_label: bool = True) -> None:
    (folder / "dice.csv").write_text(dice_csv(found, LABELS))
    (folder / "pairs.csv").write_text(pairs_csv(found))
    if by_label:
        (folder / "labels.csv").write_text(labels_csv(found, LABELS))


def test_results_come_back(tmp_path: Path) -> None:
    write(tmp_path, results())
    found, labels = read_results(tmp_path)
    assert labels == LABELS
    for new, old in zip(found, results(), strict=True):
        assert (new.moving, new.fixed, new.measures) == (old.moving, old.fixed, old.measures)
        for stage in old.dice:
            np.testing.assert_allclose(new.dice[stage], old.dice[stage])
            np.testing.assert_allclose(new.by_label[stage]["hd95"], old.by_label[stage]["hd95"])


def test_measures_by_label_may_be_missing(tmp_path: Path) -> None:
    write(tmp_path, results(), by_label=False)
    assert read_results(tmp_path)[0][0].by_label == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dice\.csv does not exist"):
        read_results(tmp_path)


def test_tables_of_two_evaluations_are_refused(tmp_path: Path) -> None:
    write(tmp_path, results())
    (tmp_path / "pairs.csv").write_text(pairs_csv(results()[:2]))
    with pytest.raises(InputError, match="different evaluations"):
        read_results(tmp_path)
