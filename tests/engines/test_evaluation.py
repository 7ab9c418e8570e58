"""The evaluation's files hold what a direct computation gives, for every stage, pair and label."""

from __future__ import annotations

import csv
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedEvaluator
from monai.transforms import Transform
from torch import Tensor, nn
from torch.utils.data import DataLoader

from scripts.data import PairDataset
from scripts.engines import EvaluationReport, RegistrationInferer, WarpedPairImage, images, pair_figure, prepare_pair
from scripts.errors import InputError
from scripts.metrics import label_dice
from scripts.spatial import folded_fraction, warp
from support import both_dims

SIZES = {2: (24, 28), 3: (16, 18, 20)}
LABELS = {7: "Thalamus", 1002: "Cortex", 9: "only in s1", 3: "nowhere"}


class Blocks(Transform):
    """A subject whose brain is a block of two labels that lies as many voxels along axis 0 as ``image`` says."""

    def __init__(self, dims: int) -> None:
        self.dims = dims

    def __call__(self, record: dict[str, str]) -> dict[str, Any]:
        read: dict[str, Any] = dict(record)
        for key in record.keys() & {"label", "unaligned_label"}:
            start = 3 + int(record[key])
            label = torch.zeros(1, *SIZES[self.dims], dtype=torch.int32)
            across = (slice(4, 12),) * (self.dims - 1)
            label[(0, slice(start, start + 4), *across)] = 7
            label[(0, slice(start + 4, start + 7), *across)] = 1002
            if record["subject"] == "s1":
                label[0, -1] = 9
            read[key] = label
            read[key.replace("label", "image")] = (label / 1002).clamp(max=1) + 0.1 * (label == 7)
        return read


class Shift(nn.Module):
    """The same displacement for every pair: along axis 0, with a fold in the last rows if asked."""

    def __init__(self, voxels: float, fold: bool = False) -> None:
        super().__init__()
        self.voxels, self.fold = voxels, fold

    def forward(self, pair: Tensor) -> Tensor:
        field = torch.zeros(len(pair), pair.ndim - 2, *pair.shape[2:])
        field[:, 0] = self.voxels
        if self.fold:
            field[:, 0, -3:] -= 5
        return field


def record(subject: str, shift: int, before: int | None = None) -> dict[str, str]:
    aligned = {"subject": subject, "image": str(shift), "label": str(shift)}
    return aligned if before is None else {**aligned, "unaligned_image": str(before), "unaligned_label": str(before)}


def evaluate(
    folder: Path, dims: int, network: nn.Module, subjects: list[dict[str, str]], batch: int = 2, **choices: Any
) -> tuple[EvaluationReport, PairDataset, SupervisedEvaluator]:
    data = PairDataset(subjects, choices.pop("transform", Blocks(dims)), record("atlas", 0))
    refinement = choices.pop("refinement", None)
    report = EvaluationReport(str(folder), LABELS, **choices)
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(data, batch_size=batch),
        network=network,
        inferer=RegistrationInferer(refinement=refinement),
        prepare_batch=prepare_pair,
        decollate=False,
        val_handlers=[report],
    )
    evaluator.run()
    return report, data, evaluator


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def number(cell: str) -> float:
    return float(cell) if cell else math.nan


SUBJECTS = [record("s0", 2), record("s1", 3), record("s2", 0)]


@both_dims
def test_files_agree_with_a_direct_computation(dims: int, tmp_path: Path) -> None:
    network = Shift(2.0, fold=True)
    _, data, _ = evaluate(tmp_path, dims, network, SUBJECTS)
    pair_rows, label_rows = rows_of(tmp_path / "pairs.csv"), rows_of(tmp_path / "dice.csv")
    assert [row["moving"] for row in pair_rows] == ["s0", "s1", "s2"]
    assert len(label_rows) == 3 * len(LABELS)
    all_dice: dict[str, list[Tensor]] = {"unregistered": [], "network": []}
    for n in range(3):
        batch = {key: value[None] for key, value in data[n].items() if isinstance(value, Tensor)}
        pair, target = prepare_pair(batch)
        moving, fixed = target["moving"], target["fixed"]
        for stage, ddf in [("unregistered", torch.zeros_like(network(pair))), ("network", network(pair))]:
            warped_label = warp(target["moving_label"], ddf, "nearest")
            (dice,) = label_dice(warped_label, target["fixed_label"], list(LABELS), target["moving_label"])
            all_dice[stage].append(dice)
            found = [number(row[stage]) for row in label_rows[n * len(LABELS) : (n + 1) * len(LABELS)]]
            assert found == pytest.approx(dice.tolist(), abs=1e-6, nan_ok=True)
            row = pair_rows[n]
            assert float(row[f"{stage} dice"]) == pytest.approx(float(dice.nanmean()), abs=1e-6)
            mse = (warp(moving, ddf) - fixed).square().mean()
            assert float(row[f"{stage} mse"]) == pytest.approx(float(mse), rel=1e-4, abs=1e-9)
            assert float(row[f"{stage} folding"]) == pytest.approx(float(folded_fraction(ddf)), rel=1e-4)
        assert float(pair_rows[n]["network seconds"]) > 0
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["pairs"] == 3 and list(summary["stages"]) == ["unregistered", "network"]
    for stage, dice in all_dice.items():
        expected = torch.stack(dice).nanmean(1).mean()
        assert summary["stages"][stage]["dice_mean"] == pytest.approx(float(expected), abs=1e-6)
    assert summary["stages"]["network"]["measures"]["folding"]["mean"] > 0
    table = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert f"{float(torch.stack(all_dice['network']).nanmean(1).mean()):.4f}" in table and "Thalamus" in table


@both_dims
def test_known_shift_is_measured_as_such(dims: int, tmp_path: Path) -> None:
    """The block of s0 lies 2 rows further: that displacement brings it onto the atlas, label by label."""
    evaluate(tmp_path, dims, Shift(2.0), [record("s0", 2)])
    rows = {row["name"]: row for row in rows_of(tmp_path / "dice.csv")}
    assert rows["Thalamus"]["unregistered"] == "0.500000" and rows["Thalamus"]["network"] == "1.000000"
    assert rows["Cortex"]["unregistered"] == "0.333333" and rows["Cortex"]["network"] == "1.000000"
    assert rows["nowhere"]["network"] == rows["only in s1"]["network"] == ""
    (pair,) = rows_of(tmp_path / "pairs.csv")
    assert float(pair["network mse"]) == pytest.approx(0, abs=1e-9) and float(pair["network folding"]) == 0


def test_all_files_and_a_figure_of_the_first_pairs(tmp_path: Path) -> None:
    evaluate(tmp_path, 2, Shift(1.0), SUBJECTS, num_figures=2)
    names = {path.name for path in tmp_path.iterdir()}
    figures = {"pair_s0_to_atlas.png", "pair_s1_to_atlas.png", "dice.png"}
    assert names == figures | {"dice.csv", "labels.csv", "pairs.csv", "summary.json", "summary.md"}
    for name in figures:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@both_dims
def test_batch_size_changes_no_number(dims: int, tmp_path: Path) -> None:
    for batch in (1, 2, 3):
        evaluate(tmp_path / str(batch), dims, Shift(1.5), SUBJECTS, batch=batch, num_figures=0)
    assert len({(tmp_path / str(batch) / "dice.csv").read_text(encoding="utf-8") for batch in (1, 2, 3)}) == 1


@both_dims
def test_affine_and_refined_stages(dims: int, tmp_path: Path) -> None:
    """Before the affine stage 4 rows off, after it 2, with the network 1, refined 0."""
    subjects = [record("s0", 2, before=4)]
    evaluate(tmp_path, dims, Shift(1.0), subjects, num_figures=1, refinement=lambda pair, ddf: ddf + 1 * (ddf != 0))
    rows = {row["name"]: row for row in rows_of(tmp_path / "dice.csv")}
    stages = ["unregistered", "affine", "network", "refined"]
    assert list(rows["Thalamus"])[4:] == stages
    assert [float(rows["Thalamus"][stage]) for stage in stages] == pytest.approx([0, 0.5, 0.75, 1])
    (pair,) = rows_of(tmp_path / "pairs.csv")
    assert pair["refined seconds"] and "network seconds" not in pair
    mse = [float(pair[f"{stage} mse"]) for stage in stages]
    assert mse == sorted(mse, reverse=True) and mse[-1] == pytest.approx(0, abs=1e-9)


def test_label_that_the_affine_stage_lost_counts_zero_and_not_as_absent(tmp_path: Path) -> None:
    class Losing(Blocks):
        def __call__(self, record: dict[str, str]) -> dict[str, Any]:
            read = super().__call__(record)
            if record["subject"] == "s0":
                read["label"][read["label"] == 7] = 0
            return read

    subjects = [record("s0", 0, before=0)]
    report, _, _ = evaluate(tmp_path, 2, Shift(0.0), subjects, num_figures=0, transform=Losing(2))
    (result,) = report.results
    assert [result.dice[stage][0] for stage in ("unregistered", "affine", "network")] == pytest.approx([1, 0, 0])


def test_second_run_forgets_the_first(tmp_path: Path) -> None:
    report, _, evaluator = evaluate(tmp_path, 2, Shift(0.0), SUBJECTS, num_figures=0)
    evaluator.run()
    assert [result.moving for result in report.results] == ["s0", "s1", "s2"]


def test_no_pair_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no results to report"):
        EvaluationReport(str(tmp_path), LABELS).write()
    assert list(tmp_path.iterdir()) == []


def test_own_measures_replace_the_default_ones(tmp_path: Path) -> None:
    largest = {"largest": lambda pred, target: pred["ddf"].flatten(1).amax(1)}
    evaluate(tmp_path, 2, Shift(2.0), SUBJECTS, num_figures=0, measures=largest)
    row = rows_of(tmp_path / "pairs.csv")[0]
    assert float(row["network largest"]) == 2 and float(row["unregistered largest"]) == 0
    assert "network mse" not in row


def test_panels_reach_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, Any]] = []
    monkeypatch.setattr(pair_figure, "save_registration_figure", lambda path, **given: drawn.append(given))
    evaluate(tmp_path, 2, Shift(2.0), SUBJECTS, num_figures=2, panels=["fixed", "warped"])
    assert [given["panels"] for given in drawn] == [["fixed", "warped"]] * 2
    assert drawn[0]["title"] == "s0 to atlas: mean Dice 0.417 before, 1.000 after"
    np.testing.assert_array_equal(drawn[0]["warped_label"][:-2], drawn[0]["fixed_label"][:-2])
    with pytest.raises(InputError, match="no panel 'nothing'"):
        EvaluationReport(str(tmp_path), LABELS, panels=["nothing"])


def test_the_end_says_the_table_and_where_it_is_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    evaluate(tmp_path, 2, Shift(2.0), SUBJECTS, num_figures=0)
    said = [r.getMessage() for r in caplog.records if r.name == "scripts.engines.evaluation"]
    assert len(said) == 1 and (tmp_path / "summary.md").read_text(encoding="utf-8") in said[0]
    assert said[0].endswith(f"are in {tmp_path}.")


@both_dims
def test_tensorboard_picture_shows_four_planes(dims: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Tensor, int]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert folder == "somewhere"

        def __enter__(self) -> Writer:
            return self

        def __exit__(self, *_: object) -> None: ...

        def add_image(self, tag: str, picture: Tensor, step: int) -> None:
            drawn.append((picture, step))

    monkeypatch.setattr(images, "SummaryWriter", Writer)
    maps = {name: torch.full((2, 1, *SIZES[dims]), v) for name, v in [("moving", 0.2), ("fixed", 0.9), ("warped", 0.5)]}
    engine = Engine(lambda e, b: {"pred": {"warped": maps["warped"]}, "label": maps})
    WarpedPairImage("somewhere").attach(engine)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda e: setattr(e.state, "epoch", 6))
    engine.run([0])
    ((picture, step),) = drawn
    width = SIZES[dims][0]
    assert picture.shape == (1, SIZES[dims][1], 4 * width) and step == 6
    levels = [float(picture[..., k * width : (k + 1) * width].unique()) for k in range(4)]
    assert levels == pytest.approx([0.2, 0.9, 0.5, 0.4])
