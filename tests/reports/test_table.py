"""Markdown tables: their form, and the numbers in their cells."""

from __future__ import annotations

import numpy as np
import pytest

from made_up_results import cells, known
from scripts.errors import InputError
from scripts.reports import PairResult, label_table, markdown_table, stage_table, summarise

LABELS = {1: "Thalamus", 2: "Cortex"}


def test_form_of_a_table() -> None:
    assert markdown_table(["name", "n"], [["a", 1], ["long one", 1.25]]) == (
        "| name     |    n |\n| -------- | ---: |\n| a        |    1 |\n| long one | 1.25 |\n"
    )


def test_bars_and_lines_in_cells_do_not_break_a_table() -> None:
    assert cells(markdown_table(["a"], [["x\ny"]]))[2] == ["x y"]
    assert "x \\| y" in markdown_table(["a"], [["x | y"]])


def test_ragged_rows_are_refused() -> None:
    with pytest.raises(InputError, match="needs 2 cells"):
        markdown_table(["a", "b"], [["1", "2"], ["3"]])


def test_empty_table_has_its_header() -> None:
    assert cells(markdown_table(["a", "b"], [])) == [["a", "b"], ["---", "--:"]]


def test_stage_table_holds_the_summary() -> None:
    header, _, before, after = cells(stage_table(summarise(known(), LABELS)))
    assert header[0] == "Stage" and len(header) == len(before) == len(after)
    # pair means 0.3, 0.1 and 0.7, 0.5; label means 0.15, 0.4 and 0.55, 0.8
    assert before[:4] == ["before", "0.2000", "0.1250", "0.1000"]
    assert after == ["after", "0.6000", "0.1250", "0.1000", "0.250", "0.125"]
    assert before[4:] == ["-", "-"]


def test_label_table_holds_means_over_pairs() -> None:
    header, _, thalamus, cortex = cells(label_table(summarise(known(), LABELS)))
    assert header == ["Label", "pairs", "before", "after"]
    assert thalamus == ["Thalamus", "2", "0.1500 ± 0.0500", "0.5500 ± 0.0500"]
    assert cortex == ["Cortex", "1", "0.4000 ± 0.0000", "0.8000 ± 0.0000"]


def test_label_that_nobody_has_is_a_dash() -> None:
    nobody = [PairResult("s", "a", {"before": np.array([0.5, np.nan])}, {})]
    assert cells(label_table(summarise(nobody, LABELS)))[3] == ["Cortex", "0", "-"]
