"""A registration in a process of its own: what comes back, and what is said where it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.volume_process import Task, peak_memory_gb, register_alone
from scripts.errors import InputError
from support import assert_one_sentence

MEGABYTES = 300
METHODS = '''"""A registration of two stages, of which the second holds so much; and one that cannot be made."""

import numpy as np

from scripts.errors import InputError


def holding(megabytes):
    def register(fixed, moving, watch):
        watch.lap("light")
        np.ones(megabytes * 2**20, np.uint8)
        watch.lap("heavy, too")
        return {"light": np.zeros((3, 2, 2, 2)), "heavy, too": np.full((3, 2, 2, 2), len(fixed) - len(moving))}

    return register


def failing():
    raise InputError("this one cannot be made ready.")
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process finds the methods of this file."""
    (tmp_path / "made_up_methods.py").write_text(METHODS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_stages_come_back_with_the_memory_of_the_process_alone() -> None:
    mine = np.ones(2 * MEGABYTES * 2**20, np.uint8)  # what the one that starts it holds does not count
    light, heavy = register_alone(Task("made_up_methods:holding", {"megabytes": MEGABYTES}), "fixed", "moving")
    assert (light[0], heavy[0]) == ("light", "heavy, too")
    assert np.array_equal(heavy[1], np.full((3, 2, 2, 2), -1)) and not light[1].any()
    assert heavy[2]["memory_gb"] - light[2]["memory_gb"] == pytest.approx(MEGABYTES * 2**20 / 1e9, rel=0.1)
    assert light[2]["memory_gb"] < 0.4 < peak_memory_gb() and mine.all()
    assert 0 <= light[2]["seconds"] <= heavy[2]["seconds"] and heavy[2]["cpu_seconds"] > 0


def test_a_process_that_fails_is_told_of(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError) as error:
        register_alone(Task("made_up_methods:failing"), "a.nii", "b.nii")
    assert_one_sentence(str(error.value))
    assert "registered b.nii to a.nii" in str(error.value)
    assert "error: this one cannot be made ready." in capfd.readouterr().err


def test_peers_of_their_own_bring_no_library_of_ours() -> None:
    """Else its memory would be counted as theirs."""
    code = "import sys, benchmarks.volume_process, benchmarks.volume_peers; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
