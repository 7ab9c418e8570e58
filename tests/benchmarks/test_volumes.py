"""The benchmark of volumes: its pairs, what it keeps, what it prints and draws, and that it registers files."""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from benchmarks import BUNDLE, volume_methods, volumes
from benchmarks.docs import blocks
from benchmarks.volume_process import Task
from scripts.data.subjects import Record
from scripts.errors import InputError
from support import Picture, assert_one_sentence

SUBJECTS: list[Record] = [{"subject": name, "image": f"{name}.nii", "label": f"{name}_label.nii"} for name in "abcde"]


def row(stage: str, dice: float, seconds: float, memory: float = 1.0) -> volumes.Row:
    measures = {"dice": dice, "hd95": 4.0, "folded": 0.25, "ndv": 0.125, "sdlogj": 0.5}
    return {"stage": stage, **measures, "seconds": seconds, "cpu_seconds": 2 * seconds, "memory_gb": memory}


def test_pairs_are_ordered_different_and_the_same_for_a_seed() -> None:
    every = volumes.draw_pairs(SUBJECTS, None, 0)
    assert len(every) == 20 and all(fixed is not moving for fixed, moving in every)
    drawn = volumes.draw_pairs(SUBJECTS, 7, 1)
    assert drawn == volumes.draw_pairs(SUBJECTS, 7, 1) != volumes.draw_pairs(SUBJECTS, 7, 2)
    assert len({(fixed["subject"], moving["subject"]) for fixed, moving in drawn}) == 7


def test_what_is_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    calls: list[str] = []

    def prepare(options: argparse.Namespace) -> Task:
        made.append("task")
        return Task("nobody:nothing")

    def rows_of(task: Task, fixed: Record, moving: Record) -> list[volumes.Row]:
        calls.append(moving["subject"] + fixed["subject"])
        return [row("stage", len(calls) / 10, 1)]

    monkeypatch.setitem(volumes.METHODS, "ours, fast", prepare)
    monkeypatch.setattr(volumes, "rows_of", rows_of)
    options, pairs = argparse.Namespace(output_dir=str(tmp_path)), volumes.draw_pairs(SUBJECTS, 3, 0)
    first = volumes.measure("ours, fast", options, pairs[:2])
    assert volumes.measure("ours, fast", options, pairs)[:2] == first
    assert volumes.measure("ours, fast", options, pairs)[:2] == first
    assert calls == [moving["subject"] + fixed["subject"] for fixed, moving in pairs]
    assert made == ["task"] * 2  # where nothing is missing, nothing is made ready


def test_table_has_a_row_a_stage_and_shared_stages_once() -> None:
    one = [[row("unregistered", 0.2, 0), row("ours", 0.6, 3)], [row("unregistered", 0.4, 0), row("ours", 0.8, 5, 3.0)]]
    other = [[row("unregistered", 0.2, 0), row("best", 0.7, 9)]] * 2
    found = volumes.summarise({"ours": one, "ours, best": other})
    assert [(each.stage, each.method) for each in found] == [
        ("unregistered", "ours"),
        ("ours", "ours"),
        ("best", "ours, best"),
    ]
    assert len(found[0].cells) == len(volumes.HEADER)
    assert [each.cells for each in found] == [
        ["unregistered", "0.3000 ± 0.1000", "4.00", "25.00000", "12.50000", "0.500", "0.0", "0.0", "1.00"],
        ["ours", "0.7000 ± 0.1000", "4.00", "25.00000", "12.50000", "0.500", "4.0", "8.0", "3.00"],
        ["best", "0.7000 ± 0.0000", "4.00", "25.00000", "12.50000", "0.500", "9.0", "18.0", "1.00"],
    ]
    point = found[1].point
    point = found[1].point
    assert (point.name, point.method, point.cost) == ("ours", "ours", 8.0)
    assert (point.name, point.method, point.cost) == ("ours", "ours", 8.0)
    assert (point.dice, point.spread) == pytest.approx((0.7, 0.1))
    assert (point.dice, point.spread) == pytest.approx((0.7, 0.1))


def test_a_distance_that_a_pair_lacks_is_left_out() -> None:
    lost = {**row("ours", 0.0, 1), "hd95": float("nan")}
    (found,) = volumes.summarise({"ours": [[lost], [row("ours", 0.5, 1)]]})
    assert found.cells[2] == "4.00"


def test_a_package_that_is_missing_is_named_before_the_work(
    cohort_3d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(volume_methods.PACKAGES, "ANTs SyN", ("no_such_module", "antspyx"))
    monkeypatch.setattr(volumes, "rows_of", lambda *_: pytest.fail("registered"))
    with pytest.raises(InputError) as error:
        volumes.main(command(cohort_3d, tmp_path / "out", "ours, fast", "ANTs SyN"))
    assert_one_sentence(str(error.value), "ANTs SyN")
    assert "antspyx" in str(error.value)


def command(cohort: Path, folder: Path, *methods: str) -> list[str]:
    pairs = ["--num_pairs", "1", "--part", "all", "--method", str(small_method(folder.parent))]
    return ["--dataset_dir", str(cohort), "--output_dir", str(folder), *pairs, "--methods", *methods]


def small_method(folder: Path) -> Path:
    """The hippocampus's, whose grid and network are small, with few steps."""
    text = ((BUNDLE / "configs" / "methods") / "hippocampus.yaml").read_text(encoding="utf-8")
    path = folder / "small.yaml"
    text = text.replace("spatial_size: [48, 64, 48]", "spatial_size: [32, 32, 32]")
    text = text.replace("spacing: 1 ", "spacing: 5 ")  # mm, as the cohort's voxels
    path.write_text(text.replace("refinement_steps: 0 ", "refinement_steps: 2 "), encoding="utf-8")
    return path


def test_one_command_measures_every_stage_and_writes_table_and_figure(
    cohort_3d: Path, tmp_path: Path, picture: Picture
) -> None:
    docs, figure = tmp_path / "volumes.md", tmp_path / "volumes.png"
    docs.write_text("<!-- benchmark: volumes -->\n<!-- /benchmark -->\n", encoding="utf-8")
    arguments = [*command(cohort_3d, tmp_path / "out", "ours"), "--docs", str(docs), "--figure", str(figure)]
    volumes.main(arguments)
    (path,) = (tmp_path / "out" / "ours").glob("*.json")
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert [each["stage"] for each in rows] == ["unregistered", "affine", "ours: network", "ours: refined"]
    for name in ("seconds", "cpu_seconds", "memory_gb"):
        values = [each[name] for each in rows]
        assert values == sorted(values) and values[0] > 0
    assert rows[0]["sdlogj"] == rows[0]["folded"] == rows[0]["ndv"] == 0
    assert rows[1]["sdlogj"] == pytest.approx(0, abs=1e-4) and rows[3]["sdlogj"] > 0.01
    assert rows[3]["dice"] > rows[0]["dice"] + 0.02 and rows[3]["hd95"] < rows[0]["hd95"]
    (block,) = blocks(docs.read_text(encoding="utf-8")).values()
    assert "| ours: refined |" in block and "1 ordered pair of subjects of volumes" in block
    picture(figure)


def subject(folder: Path, name: str, shift: float) -> Record:
    """Two blobs in a ball, moved along the first axis by so many millimetres, on a grid that is turned and uneven."""
    affine = np.array([[0, -1.5, 0, 40.0], [1.25, 0, 0, -35], [0, 0, -2, 30], [0, 0, 0, 1]])
    index = np.indices((56, 50, 36)).reshape(3, -1)
    points = (affine[:3, :3] @ index + affine[:3, 3:]).reshape(3, 56, 50, 36)
    centre = points.mean((1, 2, 3)) + np.array([shift, 0, 0])
    away = np.linalg.norm(points - centre.reshape(3, 1, 1, 1), axis=0)
    first, second = (
        np.linalg.norm(points - (centre + side).reshape(3, 1, 1, 1), axis=0) < 7 for side in ([0, 9, 4], [3, -8, -5])
    )
    rough = np.sin(points[0] - shift) * np.cos(0.7 * points[1]) * 8
    image = (away < 24) * (80 + rough + 60 * first - 40 * second)
    for what, values in (("image", image.astype(np.float32)), ("label", (first + 2 * second).astype(np.int16))):
        nib.save(nib.Nifti1Image(values, affine), folder / f"{name}_{what}.nii.gz")
    return {"subject": name, **{what: str(folder / f"{name}_{what}.nii.gz") for what in ("image", "label")}}


@pytest.mark.parametrize("name", ["ANTs SyN", "elastix", "ConvexAdam"])
def test_a_peer_undoes_a_shift_in_physical_space(name: str, tmp_path: Path) -> None:
    """Its vectors are taken for what they are: axes, signs and spacings of a turned grid."""
    module, package = volume_methods.PACKAGES[name]
    if find_spec(module.partition(".")[0]) is None or find_spec(module) is None:
        pytest.skip(f"{package} is not installed; benchmarks/requirements.txt names it")
    fixed, moving = subject(tmp_path, "fixed", 0), subject(tmp_path, "moving", 6)
    task = volume_methods.METHODS[name](argparse.Namespace(method=None))
    *before, found = volumes.rows_of(task, fixed, moving)
    assert found["stage"].startswith(name)
    assert found["dice"] > 0.8 and found["hd95"] < 3 and found["folded"] < 0.01
    assert found["memory_gb"] > 0.05 and found["seconds"] > 0 and found["cpu_seconds"] > 0
    if before:
        assert [each["stage"] for each in before] == ["unregistered", "affine"] and before[0]["dice"] < 0.7
