"""The peers: the same seeded pairs for all, what is measured of them, and the table."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import methods, peers
from benchmarks.docs import blocks
from benchmarks.measuring import measure_method, measure_pair
from benchmarks.setting import PairChoice, choose_pairs
from scripts.data import PairDataset
from scripts.errors import InputError
from support import Picture


def ids_of(dataset: PairDataset) -> list[tuple[str, str]]:
    return [(dataset[i]["moving_id"], dataset[i]["fixed_id"]) for i in range(len(dataset))]


def test_pairs_are_drawn_once_and_for_all(cohort_2d: Path) -> None:
    choice = PairChoice(str(cohort_2d), part="all", num_pairs=6)
    first, again = (choose_pairs(choice)[0] for _ in range(2))
    assert ids_of(first) == ids_of(again) and len(ids_of(first)) == 6
    assert all(moving != fixed for moving, fixed in ids_of(first))
    assert torch.equal(first[3]["moving"], again[3]["moving"])


def test_part_and_pairing_decide_who_is_registered(cohort_2d: Path) -> None:
    choice = PairChoice(str(cohort_2d), num_pairs=20)
    test = {name for pair in ids_of(choose_pairs(choice)[0]) for name in pair}
    dataset, labels = choose_pairs(replace(choice, part="all", pairing="atlas"))
    to_atlas = ids_of(dataset)
    everyone = sorted(path.name for path in cohort_2d.iterdir() if path.is_dir())
    atlas = to_atlas[0][1]
    assert {fixed for _, fixed in to_atlas} == {atlas}
    assert sorted([atlas, *(moving for moving, _ in to_atlas)]) == everyone
    assert test < set(everyone) and len(test) == 2
    assert labels == sorted(set(labels)) and 0 not in labels


def test_a_shift_that_is_known_is_measured_as_such() -> None:
    """The moving structure lies 3 voxels off: the identity leaves part of the overlap, the true field all of it."""
    fixed = torch.zeros(1, 24, 20, dtype=torch.int32)
    fixed[:, 8:14, 6:12] = 1
    moving = fixed.roll(3, 1)
    pair = {"moving": moving.float(), "fixed": fixed.float(), "moving_label": moving, "fixed_label": fixed}
    field = np.zeros((2, 24, 20), np.float32)
    before = measure_pair(methods.unregistered(), pair, [1])
    field[0] = 3
    after = measure_pair(lambda *_: field, pair, [1])
    assert before["dice"] == pytest.approx(0.5) and before["folded"] == 0
    assert after["dice"] == 1 and after["folded"] == 0 and after["seconds"] >= 0
    folding = np.zeros_like(field)
    folding[0, 12:] = -4  # what lies below jumps over what lies above
    assert measure_pair(lambda *_: folding, pair, [1])["folded"] > 0.02


def test_methods_see_moving_and_fixed_in_this_order(cohort_2d: Path) -> None:
    choice = PairChoice(str(cohort_2d), num_pairs=2)
    dataset, _ = choose_pairs(choice)
    seen = []

    def spy(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        seen.append((moving, fixed))
        return methods.unregistered()(moving, fixed)

    result = measure_method(lambda: spy, choice)
    assert len(seen) == 3  # the first pair warms up
    assert np.array_equal(seen[1][0], dataset[0]["moving"][0]) and np.array_equal(seen[1][1], dataset[0]["fixed"][0])
    assert [len(result[name]) for name in ("dice", "folded", "seconds")] == [2, 2, 2]


@pytest.mark.parametrize("size", [(32, 40), (24, 28, 20)], ids=str)
def test_the_affine_field_is_in_voxels_of_the_fixed_grid(size: tuple[int, ...]) -> None:
    """A blob 2 voxels off along the first axis."""
    grid = np.indices(size).astype(np.float32)
    centre = np.array([n / 2 for n in size]).reshape(-1, *(1,) * len(size))
    shift = np.zeros_like(centre)
    shift[0] = 2
    scale = np.array([5.0, 7.0, 4.0])[: len(size)].reshape(centre.shape)
    fixed, moving = (
        np.exp(-(((grid - centre - s) / scale) ** 2).sum(0) / 2).astype(np.float32) for s in (0 * shift, shift)
    )
    field = methods.itk_affine()(moving, fixed)
    middle = tuple(n // 2 for n in size)
    assert field.shape == (len(size), *size)
    assert field[(0, *middle)] == pytest.approx(2, abs=0.3)
    assert np.abs(field[(slice(1, None), *middle)]).max() < 0.3


def result(method: str, seconds: float, dice: tuple[float, float] = (0.5, 0.7)) -> dict[str, object]:
    measured = {"dice": list(dice), "folded": [0.0, 0.001], "sdlogj": [0.3, 0.5], "seconds": [seconds, seconds, 9.0]}
    return {"method": method, **measured, "peak_memory_mb": 12.4, "machine": "m"}


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_times_stand_beside_those_of_syncc() -> None:
    rows = cells(peers.table_of([result("a", 0.02), result("b", 8), result("ANTs SyNCC", 4), result("still", 0.0)]))
    assert rows[2] == ["a", "0.6000 ± 0.1000", "0.05000", "0.400", "0.020", "1/200", "12"]
    assert [row[5] for row in rows[2:]] == ["1/200", "2.0", "1.0", "-"]
    assert [row[5] for row in cells(peers.table_of([result("a", 0.02)]))[2:]] == ["-"]


def arguments(cohort: Path, folder: Path, *more: str) -> list[str]:
    methods = ["--methods", "unregistered", "ours, network"]
    return ["--dataset_dir", str(cohort), "--output_dir", str(folder), "--num_pairs", "2", *methods, *more]


def test_one_command_measures_once_and_writes_the_docs(cohort_2d: Path, tmp_path: Path) -> None:
    docs = tmp_path / "results.md"
    docs.write_text("<!-- benchmark: peers -->\n<!-- /benchmark -->\n", encoding="utf-8")
    peers.main(arguments(cohort_2d, tmp_path, "--docs", str(docs)))
    (block,) = blocks(docs.read_text(encoding="utf-8")).values()
    assert "2 random pairs of test subjects of slices." in block and "| ours, network |" in block
    path = tmp_path / "unregistered.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "dice": [0.25, 0.25]}))
    peers.main(arguments(cohort_2d, tmp_path, "--docs", str(docs)))
    assert "| unregistered  | 0.2500 ± 0.0000 |" in docs.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="other settings"):
        peers.main(arguments(cohort_2d, tmp_path, "--affine"))


def test_consecutive_pairs_of_the_subjects_from_a_name_on(cohort_2d: Path) -> None:
    everyone = sorted(path.name for path in cohort_2d.iterdir() if path.is_dir())
    choice = PairChoice(str(cohort_2d), part="all", pairing="consecutive", first=everyone[2])
    found = ids_of(choose_pairs(choice)[0])
    chosen = [name for name in everyone[2:] if name in {each for pair in found for each in pair}]
    assert len(chosen) >= 4 and everyone[1] not in {name for pair in found for name in pair}
    names = [moving for moving, _ in found[: len(found) // 2]] + [found[len(found) // 2 - 1][1]]
    ways = [*pairwise(names), *((second, first) for first, second in pairwise(names))]
    assert sorted(names) == chosen and found == ways


def test_roughness_is_measured_where_the_fixed_image_has_labels() -> None:
    label = torch.zeros(1, 24, 20, dtype=torch.int32)
    label[:, 2:8] = 1
    pair = {"moving": label.float(), "fixed": label.float(), "moving_label": label, "fixed_label": label}
    field = np.zeros((2, 24, 20), np.float32)
    field[0, 16:] = 0.3 * np.arange(8)[:, None]  # grows far from the label
    assert measure_pair(lambda *_: field, pair, [1])["sdlogj"] == 0
    assert measure_pair(lambda *_: field[:, ::-1].copy(), pair, [1])["sdlogj"] > 0.05


def test_smoother_refinements_are_one_line_of_the_figure(
    cohort_2d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    asked = []
    monkeypatch.setattr(methods, "bundle_network", lambda *args, **more: asked.append(more) or methods.unregistered())
    names = ["unregistered", peers.REFINED, f"{peers.REFINED}, 2.5"]
    for name in names[1:]:
        peers.METHODS[name](peers.parse_arguments(arguments(cohort_2d, tmp_path)))
    assert asked == [{}, {"refinement_smoothness": 2.5}]
    points = [peers.point_of(result(name, 1.0)) for name in names]
    assert [(p.name, p.method, p.cost, p.dice) for p in points] == [
        ("unregistered", "unregistered", 0.4, 0.6),
        ("refined, as by default", peers.REFINED, 0.4, 0.6),
        ("smoothness 2.5", peers.REFINED, 0.4, 0.6),
    ]
    # In this process: that each method is measured in one of its own, the docs' test shows.
    monkeypatch.setattr(peers, "ProcessPoolExecutor", lambda count, mp_context: ThreadPoolExecutor(count))
    figure = tmp_path / "figure.png"
    peers.main(["--dataset_dir", str(cohort_2d), "--output_dir", str(tmp_path / "o"), "--num_pairs", "2", "--methods",
                "unregistered", "ITK affine", "--figure", str(figure)])  # fmt: skip
    picture(figure)


def test_the_package_needs_its_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured: list[str] = []

    def fake(name: str, options: argparse.Namespace, folder: Path) -> dict[str, object]:
        measured.append(name)
        return result(name, 1.0)

    monkeypatch.setattr(peers, "result_of", fake)
    command = ["--dataset_dir", "d", "--output_dir"]
    peers.main([*command, str(tmp_path / "without")])
    assert peers.PACKAGE not in measured and len(measured) == len(peers.METHODS) - 1 - len(peers.SMOOTHNESS)
    peers.main([*command, str(tmp_path / "with"), "--voxelmorph_weights", "w.pt"])
    assert peers.PACKAGE in measured


def test_numbers_are_label_ids_and_words_are_rules() -> None:
    command = ["--dataset_dir", "d", "--output_dir", "o"]
    assert peers.choice_of(peers.parse_arguments([*command, "--labels", "4", "10"])).labels == [4, 10]
    choice = peers.choice_of(peers.parse_arguments([*command, "--labels", "common", "--spatial_size", "48", "56"]))
    assert choice.labels == "common" and choice.spatial_size == [48, 56]
    assert peers.choice_of(peers.parse_arguments(command)).spatial_size == -1
