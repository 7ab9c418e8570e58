"""The numbers that tables report, worked out by hand."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from scripts.errors import InputError
from scripts.reports import PairResult, dice_csv, pairs_csv, summarise
from scripts.reports.summary import nan_mean, nan_std, stack_dice, stage_names

NAN = math.nan
LABELS = {4: "Thalamus", 1002: "Cortex, left", 7: 'the "third"'}


def results() -> list[PairResult]:
    """Two pairs, three labels; the first label is missing in the second pair, the third in both."""
    return [
        PairResult(
            "s1",
            "atlas",
            {"unregistered": np.array([0.2, 0.4, NAN]), "network": np.array([0.6, 0.8, NAN])},
            {"unregistered": {"mse": 0.04}, "network": {"mse": 0.01, "folding": 0.002, "seconds": 0.5}},
        ),
        PairResult(
            "s2",
            "atlas",
            {"unregistered": np.array([NAN, 0.6, NAN]), "network": np.array([NAN, 0.9, NAN])},
            {"unregistered": {"mse": 0.08}, "network": {"mse": 0.03, "folding": 0.0}},
        ),
    ]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_stages() -> None:
    stages = summarise(results(), LABELS)["stages"]
    assert list(stages) == ["unregistered", "network"]
    before, after = stages["unregistered"], stages["network"]
    # pair means 0.3, 0.6 and 0.7, 0.9; label means 0.2, 0.5 and 0.6, 0.85
    assert before["dice_mean"] == pytest.approx(0.45) and after["dice_mean"] == pytest.approx(0.8)
    assert before["dice_std_over_pairs"] == pytest.approx(0.15)
    assert after["dice_std_over_pairs"] == pytest.approx(0.1)
    assert before["dice_std_over_labels"] == pytest.approx(0.15)
    assert after["dice_std_over_labels"] == pytest.approx(0.125)


def test_measures() -> None:
    measures = summarise(results(), LABELS)["stages"]["network"]["measures"]
    assert list(measures) == ["mse", "folding", "seconds"]
    assert measures["mse"] == pytest.approx({"mean": 0.02, "std": 0.01, "max": 0.03})
    assert measures["folding"] == pytest.approx({"mean": 0.001, "std": 0.001, "max": 0.002})
    assert measures["seconds"] == pytest.approx({"mean": 0.5, "std": 0.0, "max": 0.5})  # one pair has it


def test_labels() -> None:
    thalamus, cortex, third = summarise(results(), LABELS)["labels"]
    assert (thalamus["label"], thalamus["name"], thalamus["pairs"]) == (4, "Thalamus", 1)
    assert thalamus["dice"]["network"] == pytest.approx({"mean": 0.6, "std": 0.0})
    assert (cortex["label"], cortex["pairs"]) == (1002, 2)
    assert cortex["dice"]["unregistered"] == pytest.approx({"mean": 0.5, "std": 0.1})
    assert third["pairs"] == 0 and third["dice"]["network"] == {"mean": None, "std": None}


def test_gain_and_count() -> None:
    summary = summarise(results(), LABELS)
    assert summary["pairs"] == 2
    assert summary["gain"] == {"first": "unregistered", "last": "network", "dice": pytest.approx(0.35)}


def test_summary_is_json_without_nan() -> None:
    text = json.dumps(summarise(results(), LABELS), allow_nan=False)
    assert json.loads(text)["labels"][2]["dice"]["network"]["mean"] is None


def test_pair_without_any_label_is_left_out_of_the_mean() -> None:
    empty = PairResult("s3", "atlas", {stage: np.full(3, NAN) for stage in ("unregistered", "network")}, {})
    with_empty = summarise([*results(), empty], LABELS)
    assert with_empty["pairs"] == 3
    assert with_empty["stages"]["network"]["dice_mean"] == pytest.approx(0.8)
    nothing = summarise([empty], LABELS)["stages"]["network"]
    assert nothing["dice_mean"] is None and nothing["dice_std_over_labels"] is None


def test_dice_csv_has_a_row_a_pair_and_label() -> None:
    rows = rows_of(dice_csv(results(), LABELS))
    assert len(rows) == 6
    assert rows[1] == {
        "moving": "s1",
        "fixed": "atlas",
        "label": "1002",
        "name": "Cortex, left",
        "unregistered": "0.400000",
        "network": "0.800000",
    }
    assert rows[3]["network"] == "" and rows[5]["name"] == 'the "third"'


def test_pairs_csv_has_a_row_a_pair() -> None:
    first, second = rows_of(pairs_csv(results()))
    assert (first["moving"], first["fixed"]) == ("s1", "atlas")
    assert float(first["unregistered dice"]) == pytest.approx(0.3)
    assert float(first["network dice"]) == pytest.approx(0.7)
    assert float(second["network mse"]) == 0.03 and float(first["network seconds"]) == 0.5
    assert second["network seconds"] == ""
    assert "unregistered seconds" not in first


def test_means_of_what_is_there() -> None:
    values = np.array([[1.0, NAN, 3.0], [NAN, NAN, 5.0]])
    np.testing.assert_array_equal(nan_mean(values, 0), [1.0, NAN, 4.0])
    np.testing.assert_array_equal(nan_std(values, 1), [1.0, 0.0])
    assert nan_mean(values) == pytest.approx(3.0)
    assert nan_std(values) == pytest.approx(math.sqrt(8 / 3))
    assert np.isnan(nan_mean(np.array([NAN]))) and np.isnan(nan_std(np.array([NAN])))


@pytest.mark.filterwarnings("error")
def test_infinite_measure_is_no_warning_and_no_number() -> None:
    odd = results()
    odd[0].measures["network"]["mse"] = math.inf
    mse = summarise(odd, LABELS)["stages"]["network"]["measures"]["mse"]
    assert mse == {"mean": None, "std": None, "max": None}


def changed(stage: str, dice: list[float]) -> list[PairResult]:
    pairs = results()
    pairs[1].dice[stage] = np.array(dice)
    return pairs


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "no results to report"),
        (changed("refined", [NAN, 0.9, NAN]), r"Pair s2 to atlas has the stages .*'refined'"),
        (changed("network", [NAN, 0.9]), "one Dice a label"),
        (changed("network", [0.1, 0.9, NAN]), "absent .* differ between 'unregistered' and 'network'"),
    ],
    ids=["none", "stages", "count", "absence"],
)
def test_results_that_do_not_agree_are_named(pairs: list[PairResult], words: str) -> None:
    for function in (stack_dice, pairs_csv, lambda p: summarise(p, LABELS), lambda p: dice_csv(p, LABELS)):
        with pytest.raises(InputError, match=words):
            function(pairs)


def test_names_must_be_as_many_as_labels() -> None:
    for function in (summarise, dice_csv):
        with pytest.raises(InputError, match="hold 3 Dice values a pair, but 1 labels are named"):
            function(results(), {4: "Thalamus"})


def test_stage_names_keep_their_order() -> None:
    assert stage_names(results()) == ["unregistered", "network"]
