"""Tables that compare methods, from results with known means."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from benchmarks.reports.comparison import (
    Method,
    joined,
    method_csv,
    method_table,
    paired_csv,
    paired_table,
    paper_csv,
)
from scripts.errors import InputError
from scripts.reports import PairResult


def run(dice: float, seconds: float = 1.0, folding: float = 0.01, pairs: int = 6) -> list[PairResult]:
    """Pairs whose Dice is ``dice`` and a little more each; the second label is absent from the first pair."""
    found = []
    for n in range(pairs):
        values = np.array([dice - 0.1, dice + 0.1]) + 0.01 * n
        values[1] = np.nan if n == 0 else values[1]
        measures = {"seconds": seconds + 100 * (n == 0), "folding": folding, "sdlogj": folding, "hd95": 3.0 + n}
        found.append(PairResult(f"m{n}", "f", {"network": values}, {"network": measures}))
    return found


def method(name: str, *dice: float, folding: float = 0.01) -> Method:
    return Method(name, "network", [run(d, folding=folding) for d in dice], {"parameters": name.upper()})


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_method_is_the_mean_of_its_trainings() -> None:
    trained = method("a", 0.6, 0.7)
    expected = [0.55, *(0.65 + 0.01 * n for n in range(1, 6))]
    assert trained.of_pairs("dice").tolist() == pytest.approx(expected)
    assert trained.dice[1].tolist() == pytest.approx([0.56, 0.76])
    assert trained.seed_spread == pytest.approx(0.05)
    assert np.isnan(trained.of_pairs("ssim")).all()


def test_trainings_on_different_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="same pairs"):
        Method("a", "network", [run(0.6), run(0.6, pairs=5)])
    with pytest.raises(InputError, match="other pairs"):
        joined([method("a", 0.6), Method("b", "network", [run(0.6, pairs=5)])])


def test_joined_methods_are_stages_and_the_papers_table_lists_them() -> None:
    results = joined([method("a", 0.6), method("b", 0.8)])
    assert [list(result.dice) for result in results] == [["a", "b"]] * 6
    rows = read(paper_csv(results))
    assert rows[3] == {
        "test": "2",
        "moving": "m1",
        "fixed": "f",
        "method": "b",
        "dice mean": "0.810000",
        "dice std over labels": "0.100000",
    }


def test_method_table_has_a_column_a_method() -> None:
    lines = method_table([method("a", 0.6, 0.7), method("b", 0.8)]).splitlines()
    cells = {line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in lines}
    assert cells["parameters"] == ["A", "B"]
    assert cells["trainings"] == ["2", "1"]
    assert cells["Dice, std over trainings"] == ["0.0500", "-"]
    assert cells["HD95, mm"] == ["5.50 ± 1.71"] * 2
    assert cells["seconds a pair, median"] == ["1", "1"]  # the first pair's 101 seconds are not seen


def test_method_csv_has_the_same_numbers() -> None:
    rows = {(row["method"], row["measure"]): row for row in read(method_csv([method("a", 0.6, 0.7), method("b", 0.8)]))}
    assert float(rows["a", "dice"]["std over trainings"]) == pytest.approx(0.05)
    assert rows["b", "dice"]["std over trainings"] == ""
    assert float(rows["b", "hd95"]["mean"]) == pytest.approx(5.5)


def test_pairs_are_compared_with_every_other_method() -> None:
    ours, others = method("ours", 0.8), [method("a", 0.6), method("b", 0.8)]
    rows = {(row["measure"], row["ours minus"]): row for row in read(paired_csv(ours, others))}
    assert float(rows["dice", "a"]["difference"]) == pytest.approx(0.2)
    assert float(rows["dice", "a"]["p"]) == pytest.approx(2 / 2**6)
    assert float(rows["dice", "b"]["p"]) == 1
    assert "seconds" not in {measure for measure, _ in rows}
    table = paired_table(ours, others)
    assert [line.split("|")[-2].strip() for line in table.splitlines()[2:4]] == ["ours", "-"]


def test_a_method_without_a_field_is_not_compared_by_its_folding() -> None:
    rows = read(paired_csv(method("ours", 0.8), [method("affine", 0.6, folding=0.0), method("a", 0.6)]))
    compared = {(row["measure"], row["ours minus"]) for row in rows}
    assert ("folding", "a") in compared
    assert ("folding", "affine") not in compared
    assert ("hd95", "affine") in compared
