"""No input of a command is written over by its result, and no result by another."""

from __future__ import annotations

from pathlib import Path

import itk
import numpy as np
import pytest

from phantom import HEADERS_2D, draw, draw_labels, with_field
from scripts.errors import InputError
from scripts.physical.itk_transforms import affine_transform
from scripts.registration import carry_points, compose, register, register_files, warp
from scripts.registration.output import staged
from support import assert_one_sentence

FLAT = (HEADERS_2D["identity"], 2, lambda points: points, True)  # a file of two axes


def test_an_input_in_the_output_folder_stays(tmp_path: Path) -> None:
    source = tmp_path / "a_warped.txt"
    source.write_text("input")
    (tmp_path / "b_warped.txt").write_text("an earlier result")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(InputError) as caught, staged(tmp_path / "link", [None, str(source), "nowhere"]) as folder:
        for name in ("a_warped.txt", "b_warped.txt"):
            (folder / name).write_text("result")
    assert_one_sentence(str(caught.value), f"{tmp_path / 'link' / 'a_warped.txt'}")
    assert source.read_text() == "input"
    assert (tmp_path / "b_warped.txt").read_text() == "an earlier result"
    assert len(list(tmp_path.iterdir())) == 3
    with staged(tmp_path, [str(source)]) as folder:
        (folder / "b_warped.txt").write_text("result")
    assert (tmp_path / "b_warped.txt").read_text() == "result"


def identity(path: Path) -> str:
    itk.transformwrite([affine_transform(np.eye(3))], str(path))
    return str(path)


def test_commands_name_their_inputs(tmp_path: Path) -> None:
    moving, fixed = (str(draw(tmp_path / name, *FLAT)) for name in ("a.nii.gz", "a_warped.nii.gz"))
    transform, marks, target = identity(tmp_path / "x_transform.h5"), tmp_path / "m.csv", tmp_path / "m_points.csv"
    for path in (marks, target):
        path.write_text("x,y\n1,2\n", encoding="utf-8")
    before, out = {path.name: path.read_bytes() for path in tmp_path.iterdir()}, str(tmp_path)
    for command in (
        lambda: warp(transform, fixed, out, moving),
        lambda: register_files(with_field(), out, fixed, moving),
        lambda: register(fixed, moving, out, use_network=False, refinement_steps=0, affine=False),
        lambda: carry_points(transform, str(marks), out, str(target)),
        lambda: compose([transform], out, fixed, "x"),
    ):
        with pytest.raises(InputError, match="is an input and a result has its name"):
            command()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_image_and_a_label_map_of_one_name(tmp_path: Path) -> None:
    """As ``images/NAME`` and ``labels/NAME`` have them."""
    image, label = (str(tmp_path / folder / "a.nii.gz") for folder in ("images", "labels"))
    for path, write in ((image, draw), (label, draw_labels)):
        Path(path).parent.mkdir()
        write(Path(path), *FLAT)
    with pytest.raises(InputError) as caught:
        warp(identity(tmp_path / "x.h5"), image, str(tmp_path / "out"), image, label)
    assert_one_sentence(str(caught.value))
    assert "a_warped.nii.gz" in str(caught.value) and not (tmp_path / "out").exists()
