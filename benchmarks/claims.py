"""Folders of results that say what they are of, so that none are taken for those of another run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.errors import InputError
from scripts.files import write_text_atomic

SETTINGS = "settings.json"


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Mark a folder as that of a run with ``settings``.

    Raises:
        InputError: if it holds results made with other settings.
    """
    path, mine = folder / SETTINGS, json.dumps(settings, indent=2) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != mine:
        raise InputError(f"{path} is of a run with other settings; choose another output_dir or remove the folder.")
    write_text_atomic(path, mine)


def kept(path: Path, measure: Callable[[], Any]) -> Any:
    """What a file of a claimed folder holds, else what is measured now and stays there."""
    if not path.is_file():
        print(f"measuring {path.stem}", flush=True)
        write_text_atomic(path, json.dumps(measure(), indent=1))
    return json.loads(path.read_text(encoding="utf-8"))


def result_file(folder: Path, method: str) -> Path:
    """The file of a method's results, named after it."""
    return folder / f"{method.replace(', ', '_').replace(' + ', '_').replace(' ', '_')}.json"


def row_folder(name: str, options: argparse.Namespace) -> Path:
    """Where the files of a study's row are, in ``output_dir``."""
    return Path(options.output_dir) / "".join(c if c.isalnum() else "_" for c in name)


def kept_row(name: str, options: argparse.Namespace, measure: Callable[[], Any]) -> Any:
    """What a study's row reached: what its folder holds, else what is measured now and stays there."""
    return kept(row_folder(name, options) / "result.json", measure)
