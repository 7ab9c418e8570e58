"""Which Python ``make`` takes, with made-up ones on the path."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("python3", "python3.13", "python3.12", "python3.11")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

Make = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run ``make`` where only the Pythons named ``fitting`` fit; each says its own name."""

    def run(
        arguments: Sequence[str], fitting: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        for name in NAMES:
            fake = tmp_path / name
            fake.write_text(f"#!/bin/sh\nexit {0 if name in fitting else 1}\n", encoding="utf-8")
            fake.chmod(0o755)
        path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
        command = ["make", "--no-print-directory", "--eval", "chosen: ; @echo $(PYTHON)", f"VENV={tmp_path}/venv"]
        return subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            env={**os.environ, "PATH": path, **(environment or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("fitting", "chosen"),
    [(NAMES, "python3"), (NAMES[1:], "python3.13"), (NAMES[2:], "python3.12"), (("python3.11",), "python3.11")],
)
def test_the_first_that_fits_is_taken(make: Make, fitting: Sequence[str], chosen: str) -> None:
    assert make(["chosen"], fitting).stdout.split() == [chosen]


def test_what_the_user_names_wins(make: Make) -> None:
    assert make(["chosen", "PYTHON=/opt/mine"], NAMES).stdout.split() == ["/opt/mine"]
    assert make(["chosen"], NAMES, {"PYTHON": "/opt/mine"}).stdout.split() == ["/opt/mine"]


@pytest.mark.parametrize("given", [[], ["PYTHON=python3.12"]])
def test_where_none_fits_one_sentence_says_what_is_needed(make: Make, tmp_path: Path, given: list[str]) -> None:
    ended = make([f"{tmp_path}/venv/installed", *given])
    assert ended.returncode != 0
    sentence, *rest = ended.stderr.splitlines()
    assert sentence.startswith("make needs Python 3.11, 3.12 or 3.13") and sentence.endswith(".")
    assert all(re.match(r"make(\[\d+\])?: ", line) for line in rest)  # [1] within another make
    assert not (tmp_path / "venv").exists()


def test_only_3_11_to_3_13_fit() -> None:
    """The condition itself, as make hands it to a Python."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    condition = next(line.split(":=", 1)[1].strip() for line in text.splitlines() if line.startswith("FITS :="))
    for version, fits in {(3, 10): False, (3, 11): True, (3, 12): True, (3, 13): True, (3, 14): False}.items():
        with pytest.raises(SystemExit) as ended:
            exec(condition.replace("sys.version_info[:2]", str(version)))
        assert (not ended.value.code) == fits, version
