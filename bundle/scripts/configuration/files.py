"""The files of a configuration: which they are, and what they say of their options, read without MONAI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .methods import chosen_file

BUNDLE = Path(__file__).resolve().parents[2]
CONFIGS = BUNDLE / "configs"
LINE = re.compile(r"^(?P<name>[A-Za-z]\w*):(?: +(?P<value>[^#\s].*?))?(?: +# ?(?P<meaning>.*))?$")


def config_files(*names: str, method: str | None = None, schedule: str | None = None) -> list[str]:
    """The files that a run reads: the first of ``names``, the method, the schedule, the further names.

    Args:
        names: of files in ``configs``.
        method: a file of ``configs/methods``, by its name or path; ``None``: the default, in the first file.
        schedule: likewise, in ``configs/schedules``.

    Raises:
        OptionError: if there is no such method or schedule.
    """
    parts = (("method", method), ("schedule", schedule))
    chosen = [str(chosen_file(CONFIGS, kind, name)) for kind, name in parts if name]
    first, *further = (str(CONFIGS / name) for name in names)
    return [first, *chosen, *further]


def read_options(files: Iterable[str]) -> dict[str, Any]:
    """What stands at the top of the files, merged: option to value."""
    import yaml

    merged: dict[str, Any] = {}
    for path in files:
        merged |= yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return {key: value for key, value in merged.items() if not re.search(r"\W", key)}


def read_meanings(files: Iterable[str]) -> dict[str, str]:
    """What the comments say of the options that hold one plain value: option to meaning."""
    lines = [line for path in files for line in Path(path).read_text(encoding="utf-8").splitlines()]
    found = [match for line in lines if (match := LINE.match(line)) and match["value"]]
    return {match["name"]: match["meaning"] or "" for match in found}
