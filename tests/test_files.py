"""Files are complete or absent."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from scripts.files import (
    atomic_folder,
    atomic_path,
    is_file,
    is_folder,
    is_name,
    is_unicode,
    not_a_file,
    write_text_atomic,
)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_lies_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = {name: (is_file(tmp_path / name), is_folder(tmp_path / name)) for name in ("file", ".", "none", "x" * 300)}
    assert list(found.values()) == [(True, False), (False, True), (False, False), (False, False)]
    assert [not_a_file(tmp_path / name) for name in (".", "none", "x" * 300)] == [
        "is a folder",
        *["does not exist"] * 2,
    ]


def test_names_that_are_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"Gr\xf6\xdfe")).touch()
    (tmp_path / "Größe").touch()
    assert {path.name: is_unicode(path) for path in tmp_path.iterdir()} == {"Gr\udcf6\udcdfe": False, "Größe": True}


def test_names_of_files() -> None:
    wrong = ("", ".", "..", "a/b", "../a", "a\\b", "a\0b", "\udcff")
    assert all(map(is_name, ("a", ".a", "a..b", "Größe-脳"))) and not any(map(is_name, wrong))


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "table.md"
    write_text_atomic(path, "a ± b\r\nc\n")
    assert path.read_bytes() == "a ± b\r\nc\n".encode()
    write_text_atomic(str(path), "d")
    assert path.read_text(encoding="utf-8") == "d"
    assert names_in(path.parent) == ["table.md"]


def test_until_the_end_the_old_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "volume.nii.gz"
    path.write_text("old")
    with atomic_path(path) as temporary:
        assert temporary.parent == tmp_path and temporary.name.endswith("volume.nii.gz") and temporary != path
        assert not temporary.exists()
        temporary.write_text("new")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert names_in(tmp_path) == ["volume.nii.gz"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("old", ["old", None])
def test_failure_leaves_what_was_there(error: type[BaseException], old: str | None, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    if old:
        path.write_text(old)
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half of the ne")
        raise error
    assert names_in(tmp_path) == (["model.pt"] if old else [])
    assert not old or path.read_text(encoding="utf-8") == old


def test_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.png"):
        pass
    assert (tmp_path / "a.png").read_text(encoding="utf-8") == "old"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    write_text_atomic(tmp_path / "atomic", "x")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "atomic")]
    assert modes[0] == modes[1]


def test_two_writers_do_not_share_a_temporary(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as first, atomic_path(tmp_path / "a") as second:
        assert first != second
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "1"  # the outer one ends last


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    with atomic_folder(target) as partial:
        (partial / "file").write_text("content")
        assert not target.exists()
    assert (target / "file").read_text() == "content"
    assert [path.name for path in target.parent.iterdir()] == ["folder"]


def test_a_folder_that_failed_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "folder") as partial:
        (partial / "file").write_text("content")
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_folder_that_came_first_stays(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with atomic_folder(target) as partial:
        (partial / "file").write_text("late")
        target.mkdir()
        (target / "file").write_text("first")
    assert (target / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
