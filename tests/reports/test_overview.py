"""The page of many registrations: it needs no other file, what is to be looked at stands first, names are text."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scripts.reports import Entry, save_overview

VOID = {"meta", "img", "br"}  # elements without an end
HOSTILE = "<script>alert('1')</script>\" & $x$ ü"


class Page(HTMLParser):
    """A page as a browser sees it: text by element, attributes, and that every element ends."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.text.setdefault(tag, []).append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.text[tag][-1] += data

    def pictures(self) -> list[Image.Image]:
        """What the page shows, decoded from the page alone."""
        sources = [str(attributes["src"]) for tag, attributes in self.found if tag == "img"]
        assert all(source.startswith("data:image/webp;base64,") for source in sources)
        return [Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) for source in sources]


def report(doubtful: bool) -> dict[str, Any]:
    return {
        "verdict": {"doubtful": doubtful, "reasons": ["it folds"] * doubtful},
        "stages": ["unregistered", "refined"],
        "similarity": {"unregistered": {"correlation": 0.5}, "refined": {"correlation": 0.98765}},
        "dice": {"mean": {"unregistered": 0.4, "refined": 0.83456}},
        "jacobian": {"folded_fraction": 0.01234, "min": -0.5, "max": 3.25},
        "inverse_error_mm": {"mean": 0.125, "p99": 1.5},
        "notes": ["the header was mended"],
    }


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Of a good, a failed and a doubtful pair, the first with a hostile name; the last has lost its picture."""
    pixels = np.zeros((300, 2000, 3), np.uint8)
    pixels[:, :1000, 0] = 255
    Image.fromarray(pixels).save(tmp_path / "figure.png")
    entries = [
        Entry(HOSTILE, "f.nii", "m.nii", report=report(False), picture=tmp_path / "figure.png"),
        Entry("broken", "f.nii", "m.nii", "m.nii is <empty>; give a whole file"),
        Entry("odd", "f.nii", "m.nii", report=report(True), picture=tmp_path / "none.png"),
        Entry("old", "f.nii", "m.nii"),
    ]
    save_overview(tmp_path / "pairs.html", entries)
    (tmp_path / "figure.png").unlink()
    return Page(tmp_path / "pairs.html")


def test_doubtful_pairs_stand_first_and_failed_ones_say_why(page: Page) -> None:
    assert page.text["h1"] == ["4 pairs: 2 doubtful, 1 failed, 1 without doubt"]
    assert page.text["h2"] == ["odd: doubtful", "old: doubtful", "broken: failed", f"{HOSTILE}: without doubt"]
    assert page.text["a"] == ["odd", "old", "broken", HOSTILE]
    assert {"it folds", "no report says how it went", "m.nii is <empty>; give a whole file"} <= set(page.text["p"])


def test_numbers_are_those_of_the_reports(page: Page) -> None:
    rows = page.text["tr"]
    assert rows[:5] == [
        "PaircorrelationDicefolded, %",
        "odddoubtful0.98770.83461.234",
        "olddoubtful---",
        "brokenfailed---",
        f"{HOSTILE}without doubt0.98770.83461.234",
    ]
    assert rows.count("unregistered0.50000.4000") == rows.count("refined0.98770.8346") == 2
    text = next(text for text in page.text["p"] if text.startswith("Folded 1.234 %"))
    assert "from -0.50 to 3.25" in text and "mean error 0.125 mm, 99th percentile 1.5 mm" in text
    assert page.text["p"].count("Note: the header was mended") == 2


def test_the_page_needs_no_other_file(page: Page) -> None:
    """And runs nothing; links lead to sections that there are."""
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "link", "iframe", "object"}
    named = [str(value) for _, attributes in page.found for key, value in attributes.items() if key in ("src", "href")]
    assert all(value.startswith(("data:", "#")) for value in named)
    sections = {f"#{attributes['id']}" for _, attributes in page.found if "id" in attributes}
    assert {value for value in named if value.startswith("#")} == sections
    (picture,) = page.pictures()
    assert picture.size == (1100, 165)
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels[:, :500, 0].min() > 230 and pixels[:, 600:].max() < 25
    assert page.text["p"].count("There is no picture.") == 2


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_overview(tmp_path / "pairs.html", [Entry("first", "f", "m", "it failed")])
    before = (tmp_path / "pairs.html").read_bytes()

    def half(k: int, entry: Entry) -> Iterator[str]:
        yield "half"
        raise OSError

    monkeypatch.setattr("scripts.reports.overview._section", half)
    with pytest.raises(OSError):
        save_overview(tmp_path / "pairs.html", [Entry("second", "f", "m", "it failed")])
    assert (tmp_path / "pairs.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.html"]
