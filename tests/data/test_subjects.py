"""Finding subjects in the three layouts, and one sentence for what is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.data.subjects import find_subjects, read_data_list, read_parts
from scripts.errors import InputError
from support import assert_one_sentence, both_dims

FILES = {2: ("slice_norm.nii.gz", "slice_seg24.nii.gz"), 3: ("aligned_norm.nii.gz", "aligned_seg35.nii.gz")}
PIXELS = np.ones((8, 8), np.float32)


@both_dims
def test_neurite_layout(dims: int, neurite: Callable[..., Path]) -> None:
    root = neurite(3, dims)
    (root / "subjects.txt").write_text("s00\n")
    (root / "empty").mkdir()
    records = find_subjects(root, dims)
    assert [record["subject"] for record in records] == ["s00", "s01", "s02"]
    for record in records:
        assert record["image"] == str(root / record["subject"] / FILES[dims][0])
        assert record["label"] == str(root / record["subject"] / FILES[dims][1])


@both_dims
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_images_and_labels_layout(dims: int, suffix: str, tmp_path: Path, write: Callable) -> None:
    for name in ("b.7", "a"):
        for folder in ("images", "labels"):
            write(f"{folder}/{name}{suffix}", PIXELS)
    (tmp_path / "images" / "notes.txt").write_text("no image")
    records = find_subjects(str(tmp_path), dims)
    assert [record["subject"] for record in records] == ["a", "b.7"]
    assert records[1]["label"] == str(tmp_path / "labels" / f"b.7{suffix}")


def test_two_label_maps_of_one_name(tmp_path: Path, write: Callable) -> None:
    for name in ("images/a.nii.gz", "labels/a.nii.gz", "labels/a.nii"):
        write(name, PIXELS)
    with pytest.raises(InputError, match=r"labels/a\.nii and .*labels/a\.nii\.gz are label maps of one name") as caught:
        find_subjects(tmp_path, 2)
    assert_one_sentence(str(caught.value), str(tmp_path / "labels" / "a.nii"))


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dataset_dir .*nowhere is not a folder; .*README"):
        find_subjects(tmp_path / "nowhere", 2)


@both_dims
def test_folder_without_subjects_names_both_layouts(dims: int, tmp_path: Path, neurite: Callable[..., Path]) -> None:
    words = rf"holds no subject: neither \*/{FILES[dims][0]} \(neurite-OASIS, {dims}-D\) nor images/"
    with pytest.raises(InputError, match=words):
        find_subjects(tmp_path, dims)
    with pytest.raises(InputError, match=words):
        find_subjects(neurite(2, 5 - dims), dims)


def test_image_without_label_is_named(neurite: Callable[..., Path]) -> None:
    root = neurite(2)
    (root / "s01" / FILES[2][1]).unlink()
    with pytest.raises(InputError, match=r"s01/slice_norm.nii.gz has no label map; .*s01/slice_seg24.nii.gz is miss"):
        find_subjects(root, 2)


@pytest.fixture
def data_list(tmp_path: Path, write: Callable) -> Callable[[Any], Path]:
    """Write a JSON file beside ``a/t1.nii.gz``, ``b/t1.nii.gz``, ``c.nii.gz`` and a label for all."""
    for name in ("a/t1.nii.gz", "b/t1.nii.gz", "c.nii.gz", "label.nii.gz"):
        write(name, PIXELS)

    def save(content: Any) -> Path:
        (tmp_path / "list.json").write_text(content if isinstance(content, str) else json.dumps(content))
        return tmp_path / "list.json"

    return save


def entry(image: str, **more: Any) -> dict[str, Any]:
    return {"image": image, "label": "label.nii.gz", **more}


def test_data_list_is_read_relative_to_its_folder(data_list: Callable, tmp_path: Path) -> None:
    path = data_list(
        {
            "name": "a MONAI data list",
            "numTraining": 2,
            "training": [{"image": "c.nii.gz"}, entry("a/t1.nii.gz", subject="anna")],
            "testing": [entry(str(tmp_path / "b/t1.nii.gz"), subject=7)],
        }
    )
    lists = read_data_list(path)
    assert set(lists) == {"training", "test"}
    assert lists["training"][0] == {"subject": "c", "image": str(tmp_path / "c.nii.gz")}
    assert lists["training"][1]["subject"] == "anna"
    assert lists["training"][1]["label"] == str(tmp_path / "label.nii.gz")
    assert lists["test"][0] == {
        "subject": "7",
        "image": str(tmp_path / "b/t1.nii.gz"),
        "label": str(tmp_path / "label.nii.gz"),
    }


def test_files_of_one_name_become_subjects_of_their_own(data_list: Callable, tmp_path: Path) -> None:
    """One folder a subject, the same file name in each: names alone would make them one subject."""
    images = ["a/t1.nii.gz", "c.nii.gz"]
    path = data_list({"training": [{"image": name} for name in images], "test": [entry(str(tmp_path / "b/t1.nii.gz"))]})
    lists = read_data_list(path)
    assert [record["subject"] for part in lists.values() for record in part] == ["a_t1", "c", "b_t1"]


def bad_lists() -> dict[str, tuple[Any, str]]:
    good = entry("c.nii.gz")
    return {
        "no JSON": ("{training: ", "cannot be read as JSON"),
        "a list": ([good], "must hold a JSON object of lists, not a list"),
        "no training": ({"test": [good]}, "no MONAI data list: the key 'training' is missing"),
        "part is no list": ({"training": {"image": "c.nii.gz"}}, "must hold a list under 'training', not a dict"),
        "testing is no list": ({"training": [good], "testing": None}, "a list under 'test', not a NoneType"),
        "entry is a path": ({"training": ["c.nii.gz"]}, "an entry of 'training' lacks its 'image'"),
        "no image": ({"training": [{"label": "label.nii.gz"}]}, "an entry of 'training' lacks its 'image'"),
        "several images": ({"training": [{"image": ["c.nii.gz", "c.nii.gz"]}]}, "lacks its 'image', the path"),
        "label is null": ({"training": [{"image": "c.nii.gz", "label": None}]}, "lacks its 'label'"),
        "no test label": ({"training": [good], "test": [{"image": "c.nii.gz"}]}, "entry of 'test' lacks its 'label'"),
        "a name of folders": ({"training": [{**good, "subject": "a/../../b"}]}, r"the subject 'a/\.\./\.\./b'"),
        "no name": ({"training": [{**good, "subject": ""}]}, "the subject ''; a name is that of files"),
        "missing file": ({"training": [entry("d.nii.gz")]}, r"names .*d.nii.gz, which does not exist"),
        "missing label": ({"training": [{"image": "c.nii.gz", "label": "no.nii"}]}, r"names .*no.nii, which does"),
    }


@pytest.mark.parametrize("case", bad_lists())
def test_bad_list_is_one_sentence(case: str, data_list: Callable) -> None:
    content, words = bad_lists()[case]
    path = data_list(content)
    with pytest.raises(InputError, match=words) as caught:
        read_data_list(path)
    assert_one_sentence(str(caught.value), str(path))


def test_missing_and_binary_lists_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x9f")
    for name in ("missing.json", "binary.json"):
        with pytest.raises(InputError, match=f"{name} cannot be read as JSON"):
            read_parts(tmp_path / name)
