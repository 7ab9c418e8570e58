"""A data set made ready, whichever layout it comes in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel as nib
import pytest

from scripts.data import Cohort, open_cohort, synthetic
from scripts.data.split import split_subjects
from scripts.errors import InputError
from support import both_dims

Neurite = Callable[..., Path]


def names(cohort: Cohort) -> dict[str, list[str]]:
    parts = {"training": cohort.training, "validation": cohort.validation, "test": cohort.test}
    return {part: [record["subject"] for record in records] for part, records in parts.items()}


def opened(root: Path | str, dims: int = 2, **choices: Any) -> Cohort:
    return open_cohort(str(root), dims, cache_dir="unused", **choices)


@both_dims
def test_folder_is_split_and_its_atlas_is_no_subject(dims: int, neurite: Neurite) -> None:
    cohort = opened(neurite(10, dims), dims, seed=3)
    expected = split_subjects([{"subject": f"s{n:02d}"} for n in range(10)], 3)
    everyone = [name for part in names(cohort).values() for name in part]
    assert len(everyone) == len(set(everyone)) == 9 and cohort.atlas["subject"] not in everyone
    assert cohort.atlas["subject"] in [record["subject"] for record in expected["training"]]
    assert names(cohort)["test"] == [record["subject"] for record in expected["test"]]
    assert cohort.name == "neurite"
    assert cohort.labels == [2, 10] and cohort.label_names == {2: "Left-Cortex", 10: "Left-Thalamus"}


def test_named_atlas_may_come_from_any_part(neurite: Neurite) -> None:
    root = neurite(10)
    for name in ("s00", *names(opened(root))["test"]):
        cohort = opened(root, atlas=name)
        assert cohort.atlas["subject"] == name
        assert all(name not in part for part in names(cohort).values())


def test_label_without_a_name_is_called_by_its_id(neurite: Neurite) -> None:
    assert opened(neurite(6, table=False), labels=[2]).label_names == {2: "label 2"}
    assert opened(neurite(6), labels=[2]).label_names == {2: "Left-Cortex"}
    assert opened(neurite(6), labels="common").labels == [2, 10]


def test_labels_of_a_data_set_without_a_table_are_the_common_ones(neurite: Neurite) -> None:
    cohort = opened(neurite(6, table=False))
    assert cohort.labels == [2, 10] and cohort.label_names == {2: "label 2", 10: "label 10"}


def test_folder_s_own_split_file_counts_before_the_seed(neurite: Neurite, tmp_path: Path) -> None:
    root = neurite(6)
    own = {"training": ["s00", "s01", "s02"], "validation": ["s03"], "test": ["s04", "s05"]}
    (root / "split.json").write_text(json.dumps(own))
    assert names(opened(root, atlas="s00")) == {**own, "training": ["s01", "s02"]}
    other = {"training": ["s05", "s04"], "validation": ["s00"], "test": ["s01"]}
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert names(opened(root, atlas="s05", split_file=str(tmp_path / "other.json"))) == {**other, "training": ["s04"]}


@pytest.fixture
def data_list(neurite: Neurite, tmp_path: Path) -> Callable[..., Path]:
    """A list over 8 subjects whose files share one name; ``parts`` says how many each part has."""
    neurite(8)

    def save(unlabelled: int = 0, **parts: int) -> Path:
        files = iter(range(8))
        content = {part: [item(next(files), unlabelled) for _ in range(count)] for part, count in parts.items()}
        (tmp_path / "list.json").write_text(json.dumps(content))
        return tmp_path / "list.json"

    def item(n: int, unlabelled: int) -> dict[str, str]:
        both = {"image": f"neurite/s{n:02d}/slice_norm.nii.gz", "label": f"neurite/s{n:02d}/slice_seg24.nii.gz"}
        return both if n >= unlabelled else {"image": both["image"]}

    return save


def test_data_list_keeps_its_parts(data_list: Callable[..., Path]) -> None:
    cohort = opened(data_list(training=4, validation=2, test=2))
    assert {part: len(found) for part, found in names(cohort).items()} == {"training": 3, "validation": 2, "test": 2}
    assert cohort.name == "list" and cohort.labels == [2, 10]
    assert names(cohort)["test"] == ["neurite_s06_slice_norm", "neurite_s07_slice_norm"]


def test_data_list_without_validation_gives_some_of_its_training(data_list: Callable[..., Path]) -> None:
    """Only subjects with labels: without, validation could measure nothing."""
    for unlabelled in (0, 4):
        cohort = opened(data_list(unlabelled, training=6, testing=2))
        parts = names(cohort)
        assert len(parts["validation"]) == 1 and len(parts["training"]) == 4 and len(parts["test"]) == 2
        assert all("label" in record for record in [*cohort.validation, cohort.atlas])
        assert cohort.labels == [2, 10]


def test_unlabelled_training_is_enough_for_training(data_list: Callable[..., Path]) -> None:
    cohort = opened(data_list(5, training=5, validation=1, test=2))
    assert "label" not in cohort.atlas and len(cohort.training) == 4
    assert cohort.labels == [2, 10]  # the test part's


def test_without_any_label_there_is_nothing_to_validate_on(data_list: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="leaves 0 subjects for validation"):
        opened(data_list(6, training=6, test=2))


@pytest.mark.parametrize(
    ("count", "choices", "words"),
    [
        (3, {}, "leaves 1 subjects for training"),
        (6, {"atlas": "s99"}, "the atlas 's99' is no subject of .*neurite; name one of its subjects"),
        (6, {"split_file": "nowhere.json"}, "nowhere.json cannot be read as JSON"),
    ],
)
def test_bad_choice_is_one_sentence(count: int, choices: dict[str, str], words: str, neurite: Neurite) -> None:
    root = neurite(count)
    with pytest.raises(InputError, match=words) as caught:
        opened(root, **choices)
    assert str(caught.value).endswith(".")


def test_the_paper_s_data_set_by_its_own_split(real_data: Path) -> None:
    """neurite-OASIS 2-D: parts as in ``split.json``, the atlas out of the training part, all labels of the table."""
    root = real_data / "neurite_oasis_2d"
    if not (root / "split.json").is_file():
        pytest.skip(f"real data: {root} is absent")
    cohort, split = opened(root), json.loads((root / "split.json").read_text(encoding="utf-8"))
    found = names(cohort)
    assert found["test"] == split["test"] and found["validation"] == split["validation"]
    assert set(found["training"]) | {cohort.atlas["subject"]} == set(split["training"])
    assert cohort.labels == list(range(1, 25)) and cohort.label_names[2] == "Left-Cerebral-Cortex"


def test_bad_label_rule_is_one_sentence(neurite: Neurite) -> None:
    with pytest.raises(InputError, match="labels is 'all'"):
        opened(neurite(6), labels="all").labels  # noqa: B018


@both_dims
def test_the_embedded_cohort_has_the_axes_asked_for(dims: int, tmp_path: Path) -> None:
    cohort = open_cohort("synthetic", dims, str(tmp_path), synthetic_subjects=6, synthetic_size=[32] * dims)
    assert len(cohort.training + cohort.validation + cohort.test) == 5
    assert nib.load(cohort.atlas["image"]).shape == (32, 32, 32 if dims == 3 else 1)
    assert cohort.label_names[2] == "Left-Cerebral-Cortex"


@both_dims
def test_the_embedded_cohort_has_a_size_for_every_number_of_axes(
    dims: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, neurite: Neurite
) -> None:
    asked = []

    def write_cohort(folder: Path, *arguments: object) -> Path:
        asked.append((folder.name, *arguments))
        return neurite(6, dims)

    monkeypatch.setattr(synthetic, "write_cohort", write_cohort)
    open_cohort("synthetic", dims, str(tmp_path), seed=7)
    wanted = {2: ("synthetic_160x192_60_seed7", 60, (160, 192)), 3: ("synthetic_64x64x80_24_seed7", 24, (64, 64, 80))}
    assert asked == [(*wanted[dims], 7)]


def test_an_embedded_cohort_of_other_axes_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"synthetic_size is \(160, 192\), but spatial_dims is 3; give 3 numbers"):
        open_cohort("synthetic", 3, str(tmp_path), synthetic_size=[160, 192])
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("source", ["nowhere", "nowhere.json"])
def test_missing_source_is_one_sentence(source: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        opened(tmp_path / source)


def test_affine_stage_is_asked_once_for_everyone(
    neurite: Neurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage itself is tested beside; here it renames files, and what becomes of its records counts."""
    asked = []

    def normalise(
        records: list[dict[str, str]], atlas: dict[str, str], folder: Path, dims: int, intensity: object
    ) -> list[dict[str, str]]:
        asked.append((len(records), atlas["subject"], folder, dims))
        return [{**r, "image": f"aligned {r['subject']}", "unaligned_image": r["image"]} for r in records]

    monkeypatch.setitem(sys.modules, "scripts.data.affine", SimpleNamespace(affine_normalise=normalise))  # type: ignore
    root = neurite(6)
    cohort = open_cohort(str(root), 2, str(tmp_path / "cache"), affine=True, atlas="s02")
    assert asked == [(6, "s02", tmp_path / "cache" / "affine", 2)]
    assert names(cohort) == names(opened(root, atlas="s02"))
    for record in [*cohort.training, *cohort.validation, *cohort.test, cohort.atlas]:
        assert record["image"] == f"aligned {record['subject']}" and record["unaligned_image"].endswith("norm.nii.gz")
    assert opened(root, atlas="s02").atlas["image"].endswith("norm.nii.gz")
