"""Whatever a command is given ends in a right result or in one sentence, and leaves nothing half done.

An input of every verb, from a seed; ``FUZZ=500 python -m pytest -s tests/fuzz`` tries more, of every job, and counts.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("SimpleITK")
from fuzzing import OUTCOMES, RIGHT, Tally, listing, odd_input, run_all
from jobs import SOUND, all_jobs
from odd_files import write_files
from scripts.commands.main import VERBS

FEW = 1  # input a job
JOBS = all_jobs()
COUNT, SEED = int(os.environ.get("FUZZ", FEW)), int(os.environ.get("FUZZ_SEED", 0))


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the files, and a small cohort."""
    from scripts.data.synthetic import write_cohort

    folder = tmp_path_factory.mktemp("odd") / "files"
    write_files(folder)
    write_cohort(folder / "cohort", 6, (32, 40), 0)
    return folder


def test_every_verb_is_tried() -> None:
    assert SOUND.keys() == VERBS.keys() <= JOBS.keys()
    for job in JOBS.values():
        assert job.sound.keys() <= job.kinds.keys()


@pytest.mark.parametrize("name", JOBS if COUNT > FEW else VERBS)
def test_odd_input(name: str, odd_files: Path, tmp_path: Path) -> None:
    files = [f"in/{each}" for each in sorted(listing(odd_files))]
    tally, job = Tally(), JOBS[name]
    sound = [job.sound] if COUNT > FEW else []
    inputs = [*sound, *islice(odd_input(job, files, SEED), COUNT)]
    for given, (outcome, said) in zip(inputs, run_all(job, inputs, tmp_path, odd_files), strict=True):
        tally.add(outcome, job, given, said)
        assert given != job.sound or outcome == RIGHT, said
    print(f"\n{name:<15}" + ", ".join(f"{tally.counts[each]} {each}" for each in OUTCOMES))
    assert not tally.wrong, "\n\n".join(tally.wrong)
