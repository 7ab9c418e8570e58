"""The split: 4:1, seeded, stable, disjoint; or as a file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.data.split import check_parts, split_by_file, split_subjects
from scripts.errors import InputError

# of ten subjects with seed 0: a pinned answer, so that a release of Python or of ours does not move a test subject
EXPECTED = {
    "training": ["s000", "s002", "s003", "s004", "s005", "s006", "s009"],
    "validation": ["s001"],
    "test": ["s007", "s008"],
}


def subjects(count: int) -> list[dict[str, str]]:
    return [{"subject": f"s{n:03d}", "image": f"{n}.nii", "label": f"{n}_l.nii"} for n in range(count)]


def names(part: list[dict[str, str]]) -> list[str]:
    return [record["subject"] for record in part]


@pytest.mark.parametrize(
    ("count", "sizes"), [(414, (314, 17, 83)), (100, (76, 4, 20)), (20, (15, 1, 4)), (10, (7, 1, 2)), (5, (3, 1, 1))]
)
def test_a_fifth_is_test_and_a_twentieth_of_the_rest_validation(count: int, sizes: tuple[int, int, int]) -> None:
    parts = split_subjects(subjects(count))
    assert list(parts) == ["training", "validation", "test"]
    assert tuple(len(part) for part in parts.values()) == sizes
    everyone = [name for part in parts.values() for name in names(part)]
    assert sorted(everyone) == names(subjects(count))  # nobody twice, nobody lost
    assert all(names(part) == sorted(names(part)) for part in parts.values())


def test_split_is_the_same_on_every_machine() -> None:
    parts = split_subjects(subjects(10), seed=0)
    assert {part: names(records) for part, records in parts.items()} == EXPECTED


def test_split_depends_on_the_seed_and_not_on_the_order() -> None:
    forth, back = split_subjects(subjects(50), seed=3), split_subjects(subjects(50)[::-1], seed=3)
    assert forth == back
    assert forth["test"] != split_subjects(subjects(50), seed=4)["test"]


@pytest.fixture
def split_file(tmp_path: Path) -> Callable[[Any], Path]:
    def save(content: Any) -> Path:
        (tmp_path / "split.json").write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path / "split.json"

    return save


def test_file_decides(split_file: Callable[[Any], Path]) -> None:
    path = split_file({"training": ["s003", "s001"], "test": ["s000"], "note": "seed 0"})
    parts = split_by_file(subjects(5), path)
    assert {part: names(records) for part, records in parts.items()} == {
        "training": ["s003", "s001"],
        "validation": [],
        "test": ["s000"],
    }
    assert parts["test"][0] == subjects(1)[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ([["s000"]], "must hold a JSON object of lists, not a list"),
        ({"training": "s000"}, "must hold a list under 'training', not a str"),
        ({"training": 3}, "must hold a list under 'training', not a int"),
        ({"training": ["s000", "s009"]}, "names the subject s009, which the data set does not hold"),
        ({"training": [{"image": "0.nii"}]}, r"names the subject \{'image'"),
        ({"training": ["s000"], "test": ["s000"]}, "names the subject s000 twice"),
        ({"training": ["s000", "s000"]}, "names the subject s000 twice"),
    ],
)
def test_bad_file_is_one_sentence(content: Any, words: str, split_file: Callable[[Any], Path]) -> None:
    path = split_file(content)
    with pytest.raises(InputError, match=words) as caught:
        split_by_file(subjects(5), path)
    assert str(caught.value).startswith(str(path)) and str(caught.value).endswith(".")


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no.json cannot be read as JSON"):
        split_by_file(subjects(5), tmp_path / "no.json")


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((1, 1, 1), "leaves 1 subjects for training, which needs at least 2"),
        ((0, 1, 1), "leaves 0 subjects for training"),
        ((2, 0, 1), "leaves 0 subjects for validation, which needs at least 1"),
        ((2, 1, 0), "leaves 0 subjects for test"),
    ],
)
def test_part_without_subjects_is_named(sizes: tuple[int, int, int], words: str) -> None:
    everyone = iter(subjects(9))
    parts = {part: [next(everyone) for _ in range(n)] for part, n in zip(EXPECTED, sizes, strict=True)}
    with pytest.raises(InputError, match=f"^data {words}"):
        check_parts(parts, "data")


def test_part_that_is_missing_altogether_is_named() -> None:
    with pytest.raises(InputError, match="leaves 0 subjects for test"):
        check_parts({"training": subjects(2), "validation": subjects(3)[2:]}, "data")


def test_subject_in_two_parts_is_named() -> None:
    three = subjects(3)
    parts = {"training": three, "validation": [three[1]], "test": [{**three[0], "subject": "other"}]}
    with pytest.raises(InputError, match="holds the subject s001 2 times"):
        check_parts(parts, "data")


def test_enough_subjects_pass() -> None:
    everyone = subjects(4)
    check_parts({"training": everyone[:2], "validation": everyone[2:3], "test": everyone[3:]}, "data")


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_subjects_are_refused_not_crashed(count: int) -> None:
    with pytest.raises(InputError, match="add subjects"):
        check_parts(split_subjects(subjects(count)), "data")
