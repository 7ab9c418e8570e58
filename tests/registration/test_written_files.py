"""Which files a registration leaves: each thing once, or what a user asks for; the transform takes half of its bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import nibabel as nib
import numpy as np
import pytest

from phantom import HEADERS, draw, with_field
from scripts.commands import main
from scripts.options import File, OptionError
from scripts.physical.itk_transforms import read_transform, sample_transform
from scripts.registration import FILES, register, register_files
from scripts.registration.batch import register_list


def names_in(folder: Path) -> set[str]:
    return {path.name.removeprefix("moving_").partition(".")[0] for path in folder.iterdir()}


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, str]:
    """A fixed and a moving slice, without labels."""
    images = (draw(tmp_path / f"{name}.nii.gz", HEADERS["oblique"]) for name in ("fixed", "moving"))
    return dict(zip(("fixed", "moving"), map(str, images), strict=True))


def test_each_thing_is_written_once_unless_asked_for(tmp_path: Path, pair: dict[str, Any]) -> None:
    register_files(with_field(), str(tmp_path / "out"), **pair)
    assert names_in(tmp_path / "out") == {*FILES, "report"} - {"warped_label"}
    assert set(get_args(File)) - set(FILES) == {"field"}
    register_files(with_field(), str(tmp_path / "few"), **pair, files=["warped", "warped_label", "field"])
    assert names_in(tmp_path / "few") == {"warped", "field", "report"}


def test_transform_of_half_the_bits_says_what_the_field_says(tmp_path: Path, pair: dict[str, Any]) -> None:
    register_files(with_field(affine=True), str(tmp_path), **pair, files=["transform", "field"])
    (transform, field) = (tmp_path / f"moving_{name}" for name in ("transform.h5", "field.nii.gz"))
    stored = np.asarray(nib.load(field).dataobj)
    assert transform.stat().st_size < stored.nbytes  # which the same in 64 bits is not, packed as it is
    grid = register_grid(field)
    vectors, whole = (sample_transform(read_transform(str(path)), grid) for path in (transform, field))
    inner = (slice(None), *(slice(2, -2) if n > 4 else slice(1, 2) for n in grid.size))
    np.testing.assert_allclose(vectors[inner], whole[inner], atol=1e-4)


def register_grid(field: Path) -> Any:
    from scripts.physical.headers import read_geometry

    return read_geometry(str(field), vectors=nib.load(field).shape[-1])


def test_a_list_is_done_again_for_other_files(tmp_path: Path, pair: dict[str, Any]) -> None:
    register_list(with_field(), [pair], tmp_path / "out", ["warped"])
    before = (tmp_path / "out" / "moving_report.json").stat().st_mtime_ns
    register_list(with_field(), [pair], tmp_path / "out", ["warped"])
    assert (tmp_path / "out" / "moving_report.json").stat().st_mtime_ns == before
    register_list(with_field(), [pair], tmp_path / "out", ["warped", "field"])
    assert "field" in names_in(tmp_path / "out")


def test_a_file_that_is_none_is_refused(
    tmp_path: Path, pair: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    words = [pair["fixed"], pair["moving"], "-o", str(tmp_path / "out"), "--files", "warped,filed"]
    assert main(["register", *words]) == 2
    error = capfd.readouterr().err
    assert "--files is 'warped,filed'" in error and "inverse_field" in error and not (tmp_path / "out").exists()
    with pytest.raises(OptionError, match="--files"):
        register(**pair, files=["filed"])
