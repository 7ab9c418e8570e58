"""What a trainer reports of an epoch: means over its batches, by name."""

from __future__ import annotations

import pytest
import torch
from ignite.engine import Engine, Events
from torch import Tensor, nn

from scripts.engines import EpochLosses, PairMetric
from scripts.losses import ForwardDiffusion, RegistrationLoss


def test_means_over_the_batches_of_each_epoch() -> None:
    loss = RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()}, diffusion={"weight": 0.5, "of": "ddf", "loss": ForwardDiffusion()}
    )

    def step(engine: Engine, difference: float) -> dict[str, Tensor]:
        field = torch.zeros(1, 2, 8, 8, requires_grad=True)
        ramp = field + engine.state.epoch * torch.arange(8.0).view(1, 1, 8, 1)
        warped, fixed = torch.full((1, 1, 8, 8), difference), torch.zeros(1, 1, 8, 8)
        return {"loss": loss({"warped": warped, "ddf": ramp}, {"fixed": fixed})}

    engine, seen = Engine(step), []
    EpochLosses(loss).attach(engine)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda e: seen.append(dict(e.state.metrics)))
    engine.run([1.0, 2.0, 3.0], max_epochs=2)
    for epoch, metrics in enumerate(seen, start=1):
        similarity, penalty = (1 + 4 + 9) / 3, epoch**2 / 2  # one of two axes has the slope, in both channels
        assert metrics == pytest.approx({"loss": similarity + 0.5 * penalty, "mse": similarity, "diffusion": penalty})
        assert all(type(value) is float for value in metrics.values())


def evaluated(metric: PairMetric, batches: list[Tensor]) -> float:
    engine = Engine(lambda engine, batch: {"pred": {"value": batch}, "label": {"offset": 1.0}})
    metric.attach(engine, "score")
    return engine.run(batches).metrics["score"]


def test_metric_is_the_mean_over_pairs_not_over_batches() -> None:
    metric = PairMetric(lambda pred, target: pred["value"] + target["offset"])
    batches = [torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0])]
    assert evaluated(metric, batches) == pytest.approx(5.0)
    assert evaluated(metric, batches[1:]) == pytest.approx(11.0)  # a new run forgets the last


def test_pairs_without_a_value_are_left_out() -> None:
    metric = PairMetric(lambda pred, target: pred["value"])
    nan = float("nan")
    assert evaluated(metric, [torch.tensor([1.0, nan]), torch.tensor([nan]), torch.tensor([4.0])]) == pytest.approx(2.5)
    assert evaluated(metric, [torch.tensor([nan])]) != evaluated(metric, [torch.tensor([nan])])  # NaN, no error


def test_metric_sums_in_64_bits() -> None:
    metric = PairMetric(lambda pred, target: pred["value"])
    assert evaluated(metric, [torch.full((1000,), 0.1)] * 20) == pytest.approx(0.1, abs=1e-8)
