"""Which labels are evaluated, and their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.data.labels import choose_labels, find_label_table, read_label_table
from scripts.errors import InputError

TABLE = {2: "Left-Cortex", 10: "Left-Thalamus"}


@pytest.fixture
def records(write: Callable[[str, np.ndarray], str]) -> list[dict[str, str]]:
    """Three subjects with 2, 1002 and 7; 2 and 1002; 2, 9 and 1002."""
    found = []
    for n, ids in enumerate([(2, 1002, 7), (2, 1002), (2, 9, 1002)]):
        label = np.zeros((8, 8), np.int16)
        label.flat[: len(ids)] = ids
        found.append({"subject": f"s{n}", "image": "", "label": write(f"l{n}.nii.gz", label)})
    return found


@pytest.mark.parametrize(
    ("rule", "with_table", "without_table"),
    [
        ("auto", [2, 10], [2, 1002]),
        ("table", [2, 10], None),
        ("common", [2, 1002], [2, 1002]),
        ("any", [2, 7, 9, 1002], [2, 7, 9, 1002]),
        ([1002, 2, 0, 2], [2, 1002], [2, 1002]),
        ((7,), [7], [7]),
    ],
)
def test_rules(rule: Any, with_table: list[int], without_table: list[int] | None, records: list) -> None:
    """Sorted, each once, never the background."""
    assert choose_labels(rule, records, TABLE) == with_table
    if without_table is None:
        with pytest.raises(InputError, match="the label rule 'table' leaves no label"):
            choose_labels(rule, records, {})
    else:
        assert choose_labels(rule, records, {}) == without_table


def test_table_reads_no_file() -> None:
    absent = [{"subject": "s", "image": "", "label": "nowhere.nii.gz"}]
    assert choose_labels("auto", absent, TABLE) == [2, 10]
    assert choose_labels([3], [{"subject": "s", "image": ""}], {}) == [3]


def test_subjects_without_a_label_map_do_not_decide(records: list) -> None:
    bare = {"subject": "bare", "image": ""}
    assert choose_labels("common", [bare, *records], {}) == [2, 1002]


@pytest.mark.parametrize("rule", ["all", "", "2"])
def test_unknown_rule_is_named(rule: str, records: list) -> None:
    with pytest.raises(InputError, match=f"labels is {rule!r}; give a list of ids, or auto, table, common or any"):
        choose_labels(rule, records, TABLE)


@pytest.mark.parametrize("rule", ["auto", "common", "any", [], [0]])
def test_rule_that_leaves_no_label_is_named(rule: Any, write: Callable) -> None:
    empty = [{"subject": "s", "image": "", "label": write("l.nii.gz", np.zeros((8, 8), np.int16))}]
    for records in (empty, [{"subject": "bare", "image": ""}]):
        with pytest.raises(InputError, match="leaves no label to evaluate"):
            choose_labels(rule, records, {})


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_broken_label_map_is_one_sentence(content: bytes | None, tmp_path: Path, records: list) -> None:
    path = tmp_path / "broken.nii.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken.nii.gz (does not exist; name|cannot be read as an image.*; give)"):
        choose_labels("common", [*records, {"subject": "b", "image": "", "label": str(path)}], {})


def test_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text("#ID  Name  R G B A\n\n0 Unknown 0 0 0 0\n 10   Left-Thalamus  0 118 14 0\n1002\tctx-lh 1 2 3 0\n")
    assert read_label_table(path) == {10: "Left-Thalamus", 1002: "ctx-lh"}


@pytest.mark.parametrize("line", ["Left-Thalamus 10", "10", "1.5 half"])
def test_bad_table_is_one_sentence(line: str, tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_text(f"2 Left-Cortex\n{line}\n")
    with pytest.raises(InputError, match=r"table.txt is no table of labels .*a line needs an id and a name\.$"):
        read_label_table(tmp_path / "table.txt")


def test_data_set_s_own_table_is_found(neurite: Callable[..., Path], tmp_path: Path) -> None:
    root = neurite(1)
    assert find_label_table(root, 2) == TABLE
    assert find_label_table(root, 3) == {}
    assert find_label_table(tmp_path, 2) == {}


def test_ids_that_no_subject_has_are_refused(records: list) -> None:
    for ids in ([999, 998], [999, 2, 998]):
        with pytest.raises(
            InputError, match=r"the labels \[998, 999\] are in no subject.*; give ids .* such as \d+\.$"
        ):
            choose_labels(ids, records, {})
