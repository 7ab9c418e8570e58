"""What cannot be written ends training, evaluation and segmentation in one sentence, with no empty folder left."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import bundle_command, run_command

JOBS = {
    "training": (("train.yaml",), "training"),
    "evaluation": (("train.yaml", "evaluate.yaml"), None),
    "segmentation": (("inference.yaml",), None),
}


def options_of(job: str, cohort: Path, folder: Path) -> dict[str, object]:
    if job == "segmentation":
        return {"refinement_steps": 0, "device": "cpu"}
    size = {"spatial_size": -1, "max_epochs": 1, "val_interval": 1, "num_figures": 0, "refinement_steps": 0}
    options = {"dataset_dir": cohort, "cache_dir": folder / "cache", "device": "cpu", **size}
    return {name: each for name, each in options.items() if job == "evaluation" or name != "num_figures"}


@pytest.mark.parametrize("obstacle", ["a file", "a full disk"])
@pytest.mark.parametrize("job", JOBS)
def test_output_that_cannot_be_written(job: str, obstacle: str, cohort_2d: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if obstacle == "a file":
        out.write_text("mine")
    command = bundle_command(*JOBS[job], output_dir=out, **options_of(job, cohort_2d, tmp_path))
    said = run_command(command, tmp_path, kilobytes=1 if obstacle == "a full disk" else None)
    assert said.returncode == 1, said.stderr
    last = said.stderr.strip().splitlines()[-1]
    assert (last.startswith("error: ") and "cannot be written" in last) or "is a file" in last, last
    assert "--output_dir" in last and "Traceback" not in said.stdout + said.stderr
    assert "a result" not in last
    if obstacle == "a file":
        assert out.read_text() == "mine" and str(out) in last and "free space" not in last
        assert "1 of 1" not in said.stdout  # before the work, not after it
    elif job != "training":  # whose log tells of what was done
        assert not out.exists()
    else:
        empty = [path for path in (out, *out.rglob("*")) if path.is_dir() and not any(path.iterdir())]
        assert not empty and not list(out.rglob(".*"))  # nothing half-written


def test_a_refused_training_leaves_no_folder(cohort_2d: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_text("no weights")
    options = options_of("training", cohort_2d, tmp_path)
    command = bundle_command(
        *JOBS["training"], output_dir=tmp_path / "out", initial_weights=tmp_path / "bad.pt", **options
    )
    said = run_command(command, tmp_path)
    assert said.returncode == 1
    assert "is no file of network weights" in said.stderr.strip().splitlines()[-1]
    assert "Traceback" not in said.stdout + said.stderr and not (tmp_path / "out").exists()
