"""What a training says: every name with its number, the last validation, and the epochs worth comparing."""

from __future__ import annotations

import math

from scripts.reports.training import Epoch, best_epoch, epoch_line, training_table

LOSSES = {"loss": 0.5, "lncc": 0.25, "folding": 0.125}


def history(*dice: float | None) -> list[Epoch]:
    """An epoch each, validated where there is a Dice."""
    return [
        Epoch(n, {"loss": 1 / n, "lncc": 0.5 / n}, {} if value is None else {"dice": value, "folding": 0.001}, 2.0)
        for n, value in enumerate(dice, start=1)
    ]


def test_one_line_with_every_term_and_measure() -> None:
    line = epoch_line([Epoch(7, LOSSES, {"dice": 0.71234, "folding": 0.0003}, 3.14)], 60)
    assert line == "epoch  7/60  loss 0.5 (lncc 0.25, folding 0.125)  dice 0.7123, folding 0.030 %  3.1 s"


def test_measures_of_an_earlier_epoch_say_of_which() -> None:
    assert "  dice 0.6000, folding 0.100 % (epoch 2)  " in epoch_line(history(0.5, 0.6, None), 9)
    assert "dice" not in epoch_line(history(None, None), 9)
    assert "(epoch" not in epoch_line(history(0.5, 0.6), 9)


def test_line_without_a_loss_or_terms() -> None:
    assert epoch_line([Epoch(1, {}, {}, 2.0)], 9) == "epoch 1/9  2 s"
    assert epoch_line([Epoch(1, {"loss": 1.5}, {}, 2.0)], 9) == "epoch 1/9  loss 1.5  2 s"
    assert epoch_line([Epoch(1, {"generator": 1.5, "critic": 2.0}, {}, 2.0)], 9) == (
        "epoch 1/9  generator 1.5, critic 2  2 s"
    )


def test_best_is_the_first_of_the_highest_and_no_number_is_never_best() -> None:
    found = best_epoch(history(0.5, math.nan, 0.75, None, 0.75), "dice")
    assert found is not None and found.number == 3
    assert best_epoch(history(None, math.nan), "dice") is None


def test_table_holds_first_best_and_last() -> None:
    lines = training_table(history(0.5, 0.75, 0.625, None), "dice").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert [row[:2] for row in cells[2:]] == [["first", "1"], ["best dice", "2"], ["last", "4"]]
    assert cells[0][2:] == ["loss", "lncc", "Dice", "\\|J\\| ≤ 0, %"]
    assert cells[3][2:] == ["0.5", "0.25", "0.7500", "0.100"] and cells[4][4:] == ["-", "-"]


def test_an_epoch_of_several_roles_has_one_row() -> None:
    (row,) = training_table(history(0.5), "dice").splitlines()[2:]
    assert row.startswith("| first, best dice, last |")
    rows = training_table(history(0.5, 0.75), "dice").splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == ["first", "best dice, last"]
