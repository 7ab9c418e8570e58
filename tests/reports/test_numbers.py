"""Numbers: one way to write each, and nothing that looks like a number where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.reports.numbers import COLUMNS, duration, named, number, plain, plus_minus, shown


@pytest.mark.parametrize("none", [None, math.nan, np.float64("nan"), np.array(math.nan)])
def test_no_number_is_a_dash_and_an_empty_cell(none: float | None) -> None:
    assert number(none, ".3f") == shown("folding", none) == plus_minus("dice", none, 0.1) == "-"
    assert plain(none) == "" and number(none, ".3f", nothing="unknown") == "unknown"


@pytest.mark.parametrize("name", list(COLUMNS))
def test_what_is_shown_is_the_value_in_the_columns_unit(name: str) -> None:
    value = 0.123456
    decimals = COLUMNS[name].form.strip(".fg")
    assert float(shown(name, value)) == pytest.approx(COLUMNS[name].factor * value, rel=0.5 * 10 ** -int(decimals) * 10)
    assert shown(name, -value, sign="+") == "-" + shown(name, value, sign="+").removeprefix("+")
    assert plus_minus(name, value, 2 * value) == f"{shown(name, value)} ± {shown(name, 2 * value)}"


def test_a_name_brings_its_unit() -> None:
    assert named("folding", 0.00031) == "folding 0.031 %"
    assert named("hd95", 2.5) == "hd95 2.50 mm"
    assert named("dice", 0.5) == "dice 0.5000"
    assert named("mine", 12.0) == "mine 12"


def test_plain_numbers_read_back() -> None:
    for value in (1.5, -1 / 3, 1e-12, 6.02e23):
        assert float(plain(value, ".17g")) == value
        assert float(plain(value)) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.042, "0.042 s"),
        (3.14, "3.1 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (252, "4 min 12 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
