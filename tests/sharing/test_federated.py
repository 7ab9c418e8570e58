"""The bundle as a client of federated learning: MONAI's own algorithm, this bundle's configs, no code between."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.fl.client import MonaiAlgo
from monai.fl.utils.constants import ExtraItems, FlStatistics, ModelType, WeightType
from monai.fl.utils.exchange_object import ExchangeObject
from monai.networks.utils import get_state_dict
from torch import Tensor

SMALL = {"channels": [4, 4, 4], "spatial_size": -1, "refinement_steps": 0, "batch_size": 2, "val_interval": 1}
SMALL |= {"device": "cpu", "num_figures": 0}
Weights = dict[str, Tensor]


def client(bundle: Path, cohort: Path, out: Path, send_weight_diff: bool = False, **options: Any) -> MonaiAlgo:
    """An initialised client; ``resume`` is off, because its rounds start from what the server sends."""
    values = {**SMALL, "bundle_root": str(bundle), "dataset_dir": str(cohort), "output_dir": str(out), **options}
    values |= {"cache_dir": str(out / "cache"), "resume": False}
    algo = MonaiAlgo(
        bundle_root=str(bundle),
        local_epochs=1,
        send_weight_diff=send_weight_diff,
        config_train_filename="configs/train.yaml",
        config_evaluate_filename=["configs/train.yaml", "configs/evaluate.yaml"],
        train_kwargs=dict(values),
        eval_kwargs=dict(values),
        best_model_filepath=str(out / "model.pt"),
        final_model_filepath=str(out / "model_last.pt"),
    )
    algo.initialize({ExtraItems.CLIENT_NAME: "site"})
    return algo


def weights_of(algo: MonaiAlgo) -> Weights:
    return {name: value.clone() for name, value in get_state_dict(algo.trainer.network).items()}


def sent_by_server(weights: Weights) -> ExchangeObject:
    return ExchangeObject(weights={name: value.numpy() for name, value in weights.items()})


def test_initialising_seeds_a_client(bundle: Path, cohort_2d: Path, tmp_path: Path) -> None:
    first, again, other = (weights_of(client(bundle, cohort_2d, tmp_path, seed=seed)) for seed in (3, 3, 4))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not all(torch.equal(value, other[name]) for name, value in first.items())


@pytest.fixture(scope="module")
def site(bundle: Path, cohort_2d: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[MonaiAlgo, Path]:
    """A client after a round, whose learning rate is zero: it gives back what it was sent."""
    out = tmp_path_factory.mktemp("site")
    algo = client(bundle, cohort_2d, out, learning_rate=0.0)
    algo.train(sent_by_server(weights_of(algo)))
    return algo, out


def test_every_round_starts_from_the_weights_that_were_sent(site: tuple[MonaiAlgo, Path]) -> None:
    algo, _ = site
    sent, rounds = weights_of(algo), algo.trainer.state.epoch
    for step in (1, 2):
        sent = {name: value + 0.01 * step for name, value in sent.items()}
        algo.train(sent_by_server(sent))
        received = algo.get_weights()
        assert received.weight_type == WeightType.WEIGHTS
        assert received.statistics[FlStatistics.NUM_EXECUTED_ITERATIONS] == algo.trainer.state.epoch_length
        for name, value in sent.items():
            torch.testing.assert_close(received.weights[name], value, rtol=0, atol=0)
    assert algo.trainer.state.epoch == rounds + 2


def test_evaluation_measures_the_weights_that_were_sent(site: tuple[MonaiAlgo, Path]) -> None:
    algo, out = site
    still = {name: torch.zeros_like(value) for name, value in weights_of(algo).items()}  # moves nothing
    metrics = algo.evaluate(ExchangeObject(weights=still)).metrics
    assert metrics["folding"] == 0
    with (out / "evaluation_random" / "pairs.csv").open(encoding="utf-8") as lines:
        first = next(csv.DictReader(lines))
    dice = [value for name, value in first.items() if "dice" in name.lower()]
    assert len(dice) == 2
    assert dice[0] == dice[1]


def test_files_of_the_best_and_the_last_weights_are_returned(site: tuple[MonaiAlgo, Path]) -> None:
    algo, _ = site
    for kind in (ModelType.BEST_MODEL, ModelType.FINAL_MODEL):
        found = algo.get_weights({ExtraItems.MODEL_TYPE: kind}).weights
        assert found.keys() == weights_of(algo).keys()


def test_client_trains_and_sends_the_difference(bundle: Path, cohort_2d: Path, tmp_path: Path) -> None:
    algo = client(bundle, cohort_2d, tmp_path, send_weight_diff=True, learning_rate=0.01)
    before = weights_of(algo)
    algo.train(sent_by_server(before))
    sent = algo.get_weights()
    assert sent.weight_type == WeightType.WEIGHT_DIFF
    for name, value in weights_of(algo).items():
        torch.testing.assert_close(before[name] + sent.weights[name], value, rtol=0, atol=1e-6)
    assert max(value.abs().max() for value in sent.weights.values()) > 1e-3
    algo.finalize()
