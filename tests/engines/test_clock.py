"""The clock sees the registration of a batch and nothing else."""

from __future__ import annotations

import time
from typing import Any

import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator
from torch import Tensor, nn
from torch.utils.data import DataLoader

from scripts.engines import RegistrationInferer, prepare_pair
from scripts.engines.clock import RegistrationClock


class Slow(nn.Module):
    def forward(self, pair: Tensor) -> Tensor:
        time.sleep(0.05)
        return torch.zeros(len(pair), 2, *pair.shape[2:])


def slowly(batch: list[Any]) -> dict[str, Tensor]:
    time.sleep(0.3)
    return {"moving": torch.zeros(1, 1, 8, 8), "fixed": torch.zeros(1, 1, 8, 8)}


def test_reading_and_measuring_do_not_count() -> None:
    clock, seen = RegistrationClock(), []
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader([0, 1], batch_size=1, collate_fn=slowly),
        network=Slow(),
        inferer=RegistrationInferer(),
        prepare_batch=prepare_pair,
        decollate=False,
    )
    clock.attach(evaluator)
    evaluator.add_event_handler(Events.ITERATION_COMPLETED, lambda _: time.sleep(0.3))
    evaluator.add_event_handler(Events.ITERATION_COMPLETED, lambda _: seen.append(clock.seconds))
    evaluator.run()
    assert len(seen) == 2 and all(0.05 <= seconds < 0.3 for seconds in seen)
