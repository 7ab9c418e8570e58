"""The forked process of a command is as one that Python starts."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from support import BUNDLE, run_command


@pytest.mark.parametrize("words, code", [(["--help"], 0), (["warp", "--transfrm", "x"], 2)])
def test_a_command_says_the_same(words: list[str], code: int) -> None:
    command = [sys.executable, "-m", "scripts", *words]
    cold = subprocess.run(command, cwd=BUNDLE, capture_output=True, encoding="utf-8", check=False)
    warm = run_command(command, BUNDLE)
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert warm.returncode == code


def test_an_error_is_seen() -> None:
    said = run_command([sys.executable, "-m", "timeit", "1 / 0"], BUNDLE)
    assert said.returncode == 1 and "ZeroDivisionError" in said.stderr
    assert run_command([sys.executable, "-m", "no_such_module"], BUNDLE).returncode == 1


def test_a_command_is_killed_and_limited() -> None:
    endless = [sys.executable, "-m", "timeit", "-n1", "-r1", "while True: pass"]
    assert run_command(endless, BUNDLE, killed_when=lambda: True).returncode == -signal.SIGKILL
    statement = "import tempfile; tempfile.TemporaryFile().write(bytes(10_000))"
    command = [sys.executable, "-m", "timeit", "-n1", "-r1", statement]
    assert run_command(command, BUNDLE).returncode == 0
    said = run_command(command, BUNDLE, kilobytes=1)
    assert said.returncode == 1 and "File too large" in said.stderr
