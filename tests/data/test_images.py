"""Finding the images to segment: no label map takes another's name, or an image's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.data.images import find_images
from scripts.errors import InputError, find_input_error
from support import BUNDLE, assert_one_sentence, parse


def files(folder: Path, *names: str) -> list[str]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [str(path) for path in paths]


def refused(paths: str | Sequence[str], pattern: str | None, output_dir: Path) -> str:
    with pytest.raises(InputError) as caught:
        find_images(paths, pattern, str(output_dir))
    assert_one_sentence(str(caught.value))
    return str(caught.value)


def test_two_images_of_one_name(tmp_path: Path) -> None:
    files(tmp_path, "a/t1.nii.gz", "b/t1.nii.gz", "c/x.1.nii.gz", "c/x.nrrd")
    assert "2 images would be written as t1_seg" in refused(str(tmp_path), "[ab]/*.nii.gz", tmp_path / "out")
    assert len(find_images(str(tmp_path), "c/*", str(tmp_path / "out"))) == 2


def test_folders_that_differ_behind_a_dot(tmp_path: Path) -> None:
    """A series is a folder; MONAI takes what is behind its last dot for a suffix."""
    folders = [tmp_path / name for name in ("patient.1", "patient.2")]
    for folder in folders:
        folder.mkdir()
        (folder / "slice").write_bytes(bytes(128) + b"DICM")
    assert "2 images would be written as patient_seg" in refused([str(each) for each in folders], None, tmp_path)


def test_a_result_that_has_the_name_of_an_image(tmp_path: Path) -> None:
    files(tmp_path, "a.nii.gz", "a_seg.nii.gz")
    assert refused(str(tmp_path), "*.nii.gz", tmp_path).startswith(f"{tmp_path / 'a_seg.nii.gz'} is an image")
    assert len(find_images(str(tmp_path), "*.nii.gz", str(tmp_path / "out"))) == 2
    assert len(find_images(str(tmp_path), "a.nii.gz", str(tmp_path))) == 1  # what was written before is written again


def test_the_configuration_checks_it_too(tmp_path: Path) -> None:
    files(tmp_path, "a/t1.nii.gz", "b/t1.nii.gz")
    given = {"dataset_dir": str(tmp_path), "image_pattern": "*/t1.nii.gz", "output_dir": str(tmp_path)}
    with pytest.raises(RuntimeError) as caught:
        parse(BUNDLE, "inference.yaml", **given).get_parsed_content("image_files")
    assert "2 images would be written as t1_seg" in str(find_input_error(caught.value))
