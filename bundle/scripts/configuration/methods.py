"""Methods as files: ``configs/methods/NAME.yaml``, and the configurations that hold a copy of one.

Servers load one file, and ``train.yaml`` reads from top to bottom: both hold the lines of a method between two marks,
written by :func:`write_copies` and by nobody's hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import InputError
from ..files import is_file, write_text_atomic
from ..options import OptionError, nearest

COPIES = ("train.yaml", "inference.yaml")
FIRST_KEY = "method:"  # what stands above it is the file's own comment
BLOCK = re.compile(r"(?P<start># >>> methods/(?P<name>[\w-]+)\.yaml[^\n]*\n).*?(?P<end># <<<\n)", re.DOTALL)


def method_file(configs: Path, method: str) -> Path:
    """The file of a method, see :func:`chosen_file`."""
    return chosen_file(configs, "method", method)


def chosen_file(configs: Path, kind: str, name: str) -> Path:
    """The file of a ``method`` or a ``schedule``, named or given by its path.

    Raises:
        OptionError: if there is none of that name; the sentence names the nearest.
    """
    path = Path(name) if name.endswith((".yaml", ".yml", ".json")) else configs / f"{kind}s" / f"{name}.yaml"
    if not is_file(path):
        raise OptionError(
            f"there is no {kind} {name!r}; {nearest(name, (p.stem for p in path.parent.glob('*.yaml')))}."
        )
    return path


def method_lines(path: Path) -> str:
    """The text of a method's file from its first key on.

    Raises:
        InputError: if it has no key ``method``.
    """
    text = path.read_text(encoding="utf-8")
    start = re.search(f"^{FIRST_KEY}", text, re.MULTILINE)
    if start is None:
        raise InputError(f"{path} is no method: a line 'method: NAME' is missing.")
    return text[start.start() :]


def with_method(text: str, configs: Path) -> str:
    """The text of a configuration; the lines of the method that its marks name are written anew."""

    def written(block: re.Match[str]) -> str:
        return block["start"] + method_lines(method_file(configs, block["name"])) + block["end"]

    return BLOCK.sub(written, text)


def write_copies(configs: Path) -> list[Path]:
    """Write the blocks of the configurations that hold a copy of a method; the files that changed."""
    changed = []
    for path in (configs / name for name in COPIES):
        text = path.read_text(encoding="utf-8")
        if with_method(text, configs) != text:
            write_text_atomic(path, with_method(text, configs))
            changed.append(path)
    return changed
