"""Two processes register a list of pairs as one does: each pair once, the same files, one sentence for what failed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import ignite.distributed as idist
import nibabel as nib
import numpy as np
import pytest

from scripts.engines import gather_all, shared_out
from support import BUNDLE, bundle_command, run_command

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


@pytest.fixture(scope="module")
def listed(cohort_2d: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good pairs and, between them, one whose moving image is missing."""
    folders = sorted(path.parent for path in cohort_2d.glob("*/slice_norm.nii.gz"))[:4]
    rows = [
        {
            "fixed": str(folders[0] / "slice_norm.nii.gz"),
            "moving": str(folder / "slice_norm.nii.gz"),
            "name": folder.name,
        }
        for folder in folders[1:]
    ]
    rows.insert(1, {**rows[0], "moving": str(folders[0] / "none.nii.gz"), "name": "bad"})
    path = tmp_path_factory.mktemp("list") / "pairs.json"
    path.write_text(json.dumps(rows))
    return path


def run(listed: Path, out: Path, processes: int) -> subprocess.CompletedProcess[str]:
    options = {"pairs": listed, "output_dir": out, "use_network": "false", "refinement_steps": 3}
    command = bundle_command(["register.yaml"], "register", **options)
    if processes == 2:
        command[1:3] = [*TORCHRUN, "-m", "monai.bundle"]
    return run_command(command, BUNDLE)


@pytest.fixture(scope="module")
def done(listed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, str]]:
    """Folder and error output of the list registered by one process and by two."""
    found = {}
    for count in (1, 2):
        out = tmp_path_factory.mktemp("registered") / "out"
        said = run(listed, out, count)
        assert said.returncode != 0
        found[count] = out, said.stderr
    return found


def report(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if key != "seconds"}


def test_the_files_are_those_of_one_process(done: dict[int, tuple[Path, str]]) -> None:
    one, two = (done[count][0] for count in (1, 2))
    names = sorted(path.name for path in one.iterdir())
    assert len(names) == 3 * 6 + 1  # the page of all pairs
    assert sorted(path.name for path in two.iterdir()) == names
    for name in names:
        if name.endswith(".nii.gz"):
            first, second = (np.asarray(nib.load(folder / name).dataobj) for folder in (one, two))
            np.testing.assert_array_equal(first, second)
        elif name.endswith(".json"):
            assert report(one / name) == report(two / name)
        elif name.endswith(".html"):
            assert (one / name).read_text() == (two / name).read_text()


def test_what_failed_is_said_once(done: dict[int, tuple[Path, str]]) -> None:
    for _, said in done.values():
        (sentence,) = [line for line in said.splitlines() if "error: 1 of 4 pairs failed" in line]
        assert "bad: " in sentence and "none.nii.gz does not exist" in sentence


def test_what_one_process_did_two_do_not_again(done: dict[int, tuple[Path, str]], listed: Path) -> None:
    out, _ = done[1]
    times, page = modified(out), (out / "pairs.html").read_bytes()
    run(listed, out, 2)
    assert modified(out) == times and (out / "pairs.html").read_bytes() == page


def modified(folder: Path) -> dict[Path, int]:
    """When the files of the pairs were."""
    return {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != "pairs.html"}


@pytest.mark.parametrize("total, count", [(0, 2), (1, 2), (5, 2), (7, 3), (4, 4)])
def test_every_item_is_one_process_s(total: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idist, "get_world_size", lambda: count)
    shares = []
    for rank in range(count):
        monkeypatch.setattr(idist, "get_rank", lambda rank=rank: rank)
        shares.append({str(item): item for item in shared_out(range(total))})
    assert sum(len(share) for share in shares) == total
    monkeypatch.setattr(idist, "all_gather", lambda mine: shares)
    assert gather_all(shares[0]) == {str(item): item for item in range(total)}
