"""What a function's docstring says of it and of its arguments."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

ENTRY = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<text>.*)$")


def summary_of(function: Callable[..., Any]) -> str:
    """The first line."""
    return (inspect.getdoc(function) or "").partition("\n")[0]


def description_of(function: Callable[..., Any]) -> str:
    """All that stands before the sections."""
    return re.split(r"\n\n(?:Args|Returns|Raises):\n", inspect.getdoc(function) or "")[0]


def meanings_of(function: Callable[..., Any]) -> dict[str, str]:
    """Argument to meaning, in one line, from the section ``Args``."""
    section = re.search(r"\n\nArgs:\n(.*?)(?:\n\n|$)", inspect.getdoc(function) or "", re.DOTALL)
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section[1].splitlines() if section else ():
        entry = ENTRY.match(line)
        names = entry["names"].split(", ") if entry else names
        text = entry["text"] if entry else line.strip()
        meanings |= {name: f"{'' if entry else meanings[name]} {text}".strip() for name in names}
    return {name: text.replace("``", "") for name, text in meanings.items()}
