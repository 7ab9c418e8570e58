"""A list of pairs: one bad pair stops nobody, and what is done is not done again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from phantom import HEADERS_2D, draw, with_field
from scripts.errors import InputError
from scripts.registration import Registration, register_files
from scripts.registration.batch import read_pairs


@pytest.fixture
def images(tmp_path: Path) -> list[str]:
    """Three slices of one name in folders of their own, as neurite-OASIS has them; no two are the same file."""
    paths = []
    for k in range(3):
        (tmp_path / f"subject_{k}").mkdir()
        path = tmp_path / f"subject_{k}" / "slice.nii.gz"
        paths.append(str(draw(path, HEADERS_2D["identity"] * (1 + 0.1 * k), 2, squeeze=True)))
    assert len({Path(path).read_bytes() for path in paths}) == 3
    return paths


def write_list(path: Path, rows: list[dict[str, str]]) -> str:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, sorted({key for row in rows for key in row}))
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


def reports(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*_report.json"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pairs that a registration is asked for, as they come."""
    names: list[str] = []
    original = Registration.__call__

    def noted(self: Registration, *args: Any, **kwargs: Any) -> Any:
        names.append(kwargs["name"])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Registration, "__call__", noted)
    return names


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_bad_pair_is_reported_and_the_rest_done_once(
    tmp_path: Path, images: list[str], calls: list[str], suffix: str
) -> None:
    rows = [
        {"fixed": images[0], "moving": moving} for moving in (*images[1:], str(tmp_path / "subject_9/slice.nii.gz"))
    ]
    listed, out, registration = write_list(tmp_path / f"list{suffix}", rows), tmp_path / "out", with_field()
    with pytest.raises(InputError, match=r"1 of 3 pairs failed.*subject_9_slice.*does not exist"):
        register_files(registration, str(out), pairs=listed)
    assert reports(out) == ["subject_1_slice_report.json", "subject_2_slice_report.json"]
    assert not list(out.glob("*subject_9*")) and not list(out.glob(".*"))
    assert len(calls) == 3
    (out / "subject_2_slice_report.json").unlink()
    with pytest.raises(InputError, match="1 of 3 pairs failed"):
        register_files(registration, str(out), pairs=listed)
    assert calls[3:] == ["subject_2_slice", "subject_9_slice"]
    text = (out / "pairs.html").read_text(encoding="utf-8")  # also of what was done before
    places = [text.index(f">{name}: ") for name in ("subject_1_slice", "subject_2_slice", "subject_9_slice")]
    states = [
        "failed" if text[place:].split(": ")[1].startswith('<span class="failed"') else "done" for place in places
    ]
    assert states == ["done", "done", "failed"] and text.count("<img ") == 2
    assert "subject_9/slice.nii.gz does not exist" in text


def test_a_doubtful_pair_is_the_first_of_the_page(tmp_path: Path, images: list[str]) -> None:
    """Under its reason, whatever the order of the list; the page names the pairs of this list alone."""
    rows = [{"fixed": images[0], "moving": images[k], "name": name} for k, name in ((0, "a & b"), (1, "z"), (2, "old"))]
    out, gentle = tmp_path / "out", with_field(0.01)
    register_files(gentle, str(out), pairs=write_list(tmp_path / "list.csv", rows))
    broken = json.loads((out / "z_report.json").read_text())
    broken["verdict"] = {"doubtful": True, "reasons": ["it looks <odd>"]}
    (out / "z_report.json").write_text(json.dumps(broken))
    register_files(gentle, str(out), pairs=write_list(tmp_path / "list.csv", rows[:2]))
    text = (out / "pairs.html").read_text(encoding="utf-8")
    assert text.index(">z: ") < text.index("it looks &lt;odd&gt;") < text.index(">a &amp; b: ")
    assert ">old: " not in text


def test_other_options_or_files_are_done_again(tmp_path: Path, images: list[str], calls: list[str]) -> None:
    listed = write_list(tmp_path / "list.csv", [{"fixed": images[0], "moving": images[1], "name": "mine"}])
    out, registration = tmp_path / "out", with_field()
    register_files(registration, str(out), pairs=listed)
    register_files(registration, str(out), pairs=listed)
    assert calls == ["mine"]
    register_files(with_field(spacing=4.0), str(out), pairs=listed)
    draw(Path(images[1]), HEADERS_2D["flipped"], 2, squeeze=True)
    register_files(registration, str(out), pairs=listed)
    assert calls == ["mine"] * 3


def test_paths_are_relative_to_the_list(tmp_path: Path, images: list[str]) -> None:
    listed = write_list(
        tmp_path / "list.csv", [{"fixed": "subject_0/slice.nii.gz", "moving": "subject_1/slice.nii.gz"}]
    )
    (pair,) = read_pairs(listed)
    assert {key: Path(value).resolve() for key, value in pair.items()} == {
        "fixed": Path(images[0]).resolve(), "moving": Path(images[1]).resolve(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no pairs"),
        ("[" * 100_000, "cannot be read as a list of pairs"),
        ("fixed,movng\na,b\n", "unknown entry 'movng'"),
        ("fixed,moving\na,\n", "no fixed or no moving"),
        ("fixed,moving\na,b,c\n", "unknown entry"),
        ('[{"fixed": "a", "moving": "b", "name": 7}]', "pair 1 has a name that is no text"),
        ('[{"fixed": "a", "moving": "b", "moving_label": false}]', "has a moving_label that is no text"),
        ('[{"fixed": "a", "moving": ["b"]}]', "has a moving that is no text"),
        ("fixed,moving,name\na,b,n\nc,d,n\n", "both be named 'n'"),
    ],
)
def test_bad_lists(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / ("list.json" if content.startswith("[") else "list.csv")
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        register_files(with_field(), str(tmp_path / "out"), pairs=str(path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a/b", "../a", "a\\b", "..", "a\0b"])
def test_names_that_are_no_file_s_are_refused(tmp_path: Path, images: list[str], name: str) -> None:
    """Whatever is in the way, nothing is written outside the output folder."""
    listed = write_list(tmp_path / "list.json", [{"fixed": images[0], "moving": images[1], "name": name}])
    with pytest.raises(InputError, match=r"pair 1 (is named .* without folders|holds a NUL character)"):
        register_files(with_field(), str(tmp_path / "out"), pairs=listed)
    assert not (tmp_path / "out").exists()


def test_another_identity_is_done_again(tmp_path: Path, images: list[str], calls: list[str]) -> None:
    """Whatever the configuration says of itself counts, to the last value."""
    listed = write_list(tmp_path / "list.csv", [{"fixed": images[0], "moving": images[1], "name": "mine"}])
    for count, identity in enumerate([{"passes": 1}, {"passes": 2}, {"passes": 2, "network": {"channels": [4]}}], 1):
        registration = with_field()
        registration = Registration(registration.method_of, registration.stages, identity)
        for _ in range(2):
            register_files(registration, str(tmp_path / "out"), pairs=listed)
        assert len(calls) == count
