"""One page of many registrations, what is to be looked at first at its top: an HTML file that needs no other file."""

from __future__ import annotations

import os
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ..files import atomic_path
from .numbers import MILLIMETRES, number, shown

WIDEST = 1100  # pixels of a picture
QUALITY = 80  # of its compression, to a sixth of the PNG
DOUBTFUL, FAILED, GOOD = STATES = ("doubtful", "failed", "without doubt")  # in the order of the page
STYLE = """
body { font: 15px/1.5 sans-serif; max-width: 1100px; margin: 1.5em auto; padding: 0 1em; color: #222 }
h2 { font-size: 1.15em; margin: 2em 0 .3em; border-top: 1px solid #ccc; padding-top: 1em; overflow-wrap: anywhere }
table { border-collapse: collapse; margin: .6em 0 }
td, th { padding: .1em .9em .1em 0; text-align: right; white-space: nowrap }
td:first-child, th:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere }
img { width: 100%; height: auto }
p { margin: .3em 0; overflow-wrap: anywhere }
.files { color: #666; font-size: .85em }
.doubtful { color: #a85800 } .failed { color: #b00020 } .good { color: #2a7a2a }
"""


@dataclass(frozen=True)
class Entry:
    """One pair of the page.

    Attributes:
        name: of the pair.
        fixed, moving: its files.
        failure: why there is no result; empty where there is one.
        report: of the result, as :attr:`scripts.registration.Result.report` says it; what it lacks is not shown.
        picture: file of the result's picture, where there is one.
    """

    name: str
    fixed: str
    moving: str
    failure: str = ""
    report: Mapping[str, Any] = field(default_factory=dict)
    picture: Path | None = None

    @property
    def state(self) -> str:
        """Of :data:`STATES`; doubtful without a verdict too."""
        return FAILED if self.failure else GOOD if _within(self.report, "verdict", "doubtful") is False else DOUBTFUL

    @property
    def complaints(self) -> list[str]:
        """Why it failed or is doubtful."""
        if self.failure:
            return [self.failure]
        return list((_within(self.report, "verdict") or {"reasons": ["no report says how it went"]})["reasons"])


def save_overview(path: str | os.PathLike[str], entries: Sequence[Entry]) -> None:
    """Write the page, complete or not at all: doubtful pairs, failed ones, the others, each in the order given.

    Raises:
        OSError: if it cannot be written.
    """
    ordered = sorted(entries, key=lambda entry: STATES.index(entry.state))
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", errors="xmlcharrefreplace") as stream:
        stream.writelines(_page(ordered))


def _page(entries: Sequence[Entry]) -> Iterator[str]:
    counts = Counter(entry.state for entry in entries)
    title = f"{len(entries)} pairs: " + ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    yield f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
    yield f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    yield _table(["Pair", "", "correlation", "Dice", "folded, %"], [_row(k, each) for k, each in enumerate(entries)])
    for k, entry in enumerate(entries):
        yield from _section(k, entry)
    yield "</body>\n</html>\n"


def _row(k: int, entry: Entry) -> list[str]:
    return [f'<a href="#pair{k}">{escape(entry.name)}</a>', _state(entry), *_last_values(entry.report)]


def _last_values(report: Mapping[str, Any]) -> list[str]:
    stage = (list(report.get("stages", ())) or [""])[-1]
    return [*_values(report, stage), shown("folding", _within(report, "jacobian", "folded_fraction"))]


def _values(report: Mapping[str, Any], stage: str) -> list[str]:
    """Correlation and Dice after a stage."""
    correlation = _within(report, "similarity", stage, "correlation")
    return [shown("ncc", correlation), shown("dice", _within(report, "dice", "mean", stage))]


def _section(k: int, entry: Entry) -> Iterator[str]:
    yield f'<h2 id="pair{k}">{escape(entry.name)}: {_state(entry)}</h2>\n'
    yield f'<p class="files">fixed {escape(entry.fixed)}<br>moving {escape(entry.moving)}</p>\n'
    yield from (f'<p class="{_css(entry)}">{escape(complaint)}</p>\n' for complaint in entry.complaints)
    yield from (f"<p>Note: {escape(note)}</p>\n" for note in entry.report.get("notes", ()))
    if not entry.failure:
        stages = entry.report.get("stages", ())
        yield _table(
            ["Stage", "correlation", "Dice"], [[escape(stage), *_values(entry.report, stage)] for stage in stages]
        )
        yield f"<p>{_deformation(entry.report)}</p>\n"
        yield _embedded(entry)


def _deformation(report: Mapping[str, Any]) -> str:
    folded = shown("folding", _within(report, "jacobian", "folded_fraction"))
    low, high = (number(_within(report, "jacobian", end), ".2f") for end in ("min", "max"))
    mean, p99 = (number(_within(report, "inverse_error_mm", key), MILLIMETRES) for key in ("mean", "p99"))
    return (
        f"Folded {folded} %, Jacobian determinant from {low} to {high}; "
        f"there and back by the inverse field: mean error {mean} mm, 99th percentile {p99} mm."
    )


def _embedded(entry: Entry) -> str:
    """The picture as part of the page."""
    try:
        data = _compressed(entry.picture) if entry.picture else b""
    except OSError:  # PIL's too, of what is no picture
        data = b""
    if not data:
        return "<p>There is no picture.</p>\n"
    source = f"data:image/webp;base64,{b64encode(data).decode()}"
    return f'<img loading="lazy" alt="picture of {escape(entry.name)}" src="{source}">\n'


def _compressed(path: Path) -> bytes:
    stream = BytesIO()
    with Image.open(path) as picture:
        picture.thumbnail((WIDEST, 10 * WIDEST), Image.Resampling.LANCZOS)
        picture.convert("RGB").save(stream, "WEBP", quality=QUALITY)
    return stream.getvalue()


def _state(entry: Entry) -> str:
    return f'<span class="{_css(entry)}">{entry.state}</span>'


def _css(entry: Entry) -> str:
    return {GOOD: "good"}.get(entry.state, entry.state)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML."""
    lines = [("th", header), *(("td", row) for row in rows)]
    body = "\n".join(f"<tr>{''.join(f'<{kind}>{cell}</{kind}>' for cell in row)}</tr>" for kind, row in lines)
    return f"<table>\n{body}\n</table>\n"


def _within(report: Any, *keys: str) -> Any:
    """What stands in nested dictionaries; ``None`` where nothing does."""
    for key in keys:
        report = report.get(key) if isinstance(report, Mapping) else None
    return report
