"""The files of a configuration: which they are, and what they say of their options, read without MONAI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..options import OptionError, convert
from .kinds import KINDS, is_made
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
    merged: dict[str, Any] = {}
    for path in files:
        merged |= read_config(path)
    return {key: value for key, value in merged.items() if not re.search(r"\W", key)}


def read_config(path: str | Path) -> dict[str, Any]:
    """A configuration as it stands in a file.

    Raises:
        OptionError: if the file holds none, or an option of it has another kind.
    """
    import yaml

    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problem = str(error).partition("\n")[0]
        raise OptionError(f"{path} cannot be read as a configuration ({problem}); give a YAML or JSON file.") from error
    if not isinstance(config, dict):
        raise OptionError(f"{path} holds no configuration; give a file of lines 'NAME: VALUE' as configs/methods has.")
    for name, value in config.items():
        if name in KINDS and not is_made(value):
            try:
                convert(value, KINDS[name], name)
            except OptionError as error:
                raise OptionError(f"{path}: {str(error).removeprefix('--')}") from None
    return config


def read_meanings(files: Iterable[str]) -> dict[str, str]:
    """What the comments say of the options that hold one plain value: option to meaning."""
    lines = [line for path in files for line in Path(path).read_text(encoding="utf-8").splitlines()]
    found = [match for line in lines if (match := LINE.match(line)) and match["value"]]
    return {match["name"]: match["meaning"] or "" for match in found}
