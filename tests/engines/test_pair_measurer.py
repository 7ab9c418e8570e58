"""Measuring a batch: each pair gets its own numbers, the time is shared, and labels are kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from scripts.engines.pair_measurer import PairMeasurer, default_measures
from scripts.engines.stages import Stages, Tensors
from scripts.metrics import AverageSurfaceDistance

NAMES = [("a", "atlas"), ("b", "atlas")]


def bars(*rows: int) -> Tensor:
    """Label maps ``(B, 1, 16, 12)``: a bar of label 1, four rows high, from the given row on."""
    label = torch.zeros(len(rows), 1, 16, 12)
    for i, row in enumerate(rows):
        label[i, 0, row : row + 4, 2:10] = 1
    return label


def stages() -> Stages:
    """Two pairs, the first two rows off before and on its place after; the second on its place all the time."""
    target = {"moving_label": bars(6, 4), "fixed_label": bars(4, 4), "moving": bars(6, 4), "fixed": bars(4, 4)}
    still = {"ddf": torch.zeros(2, 2, 16, 12), "warped": target["moving"]}
    moved = {"ddf": torch.zeros(2, 2, 16, 12), "warped": target["fixed"]}
    moved["ddf"][0, 0] = 2
    return {"unregistered": (still, target), "network": (moved, target)}


def test_every_pair_has_its_own_numbers_at_every_stage() -> None:
    first, second = PairMeasurer([1])(stages(), NAMES, seconds=3.0)
    assert (first.moving, first.fixed, second.moving) == ("a", "atlas", "b")
    assert [float(first.dice[stage][0]) for stage in first.dice] == pytest.approx([0.5, 1.0])
    assert [float(second.dice[stage][0]) for stage in second.dice] == pytest.approx([1.0, 1.0])
    assert first.measures["unregistered"]["mse"] == pytest.approx(4 * 8 / (16 * 12))
    assert first.measures["network"]["mse"] == second.measures["unregistered"]["mse"] == 0


def test_the_time_is_shared_and_belongs_to_the_last_stage() -> None:
    for result in PairMeasurer([1])(stages(), NAMES, seconds=3.0):
        assert result.measures["network"]["seconds"] == 1.5 and "seconds" not in result.measures["unregistered"]


def test_a_measure_of_labels_is_kept_by_label_and_averaged_over_those_that_have_it() -> None:
    measured = PairMeasurer([1, 9], {"asd": AverageSurfaceDistance([1, 9])})(with_spacing(), NAMES, seconds=1.0)
    by_label, value = measured[0].by_label["unregistered"]["asd"], measured[0].measures["unregistered"]["asd"]
    assert by_label[0] > 0 and math.isnan(by_label[1]) and value == pytest.approx(by_label[0])
    assert measured[0].by_label["network"]["asd"][0] == 0
    assert list(measured[0].measures["unregistered"]) == ["asd"]


def with_spacing() -> Stages:
    spaced: dict[str, tuple[Tensors, Tensors]] = {}
    for name, (pred, target) in stages().items():
        spaced[name] = (pred, {**target, "spacing": torch.ones(2, 2)})
    return spaced


def test_no_measures_are_no_measures_and_none_are_the_default_ones() -> None:
    (bare, _), (usual, _) = (PairMeasurer([1], measures)(stages(), NAMES, 1.0) for measures in ({}, None))
    assert bare.measures == {"unregistered": {}, "network": {"seconds": 0.5}}
    assert list(usual.measures["unregistered"]) == list(default_measures())
    assert isinstance(bare.dice["network"], np.ndarray)
