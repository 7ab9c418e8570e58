"""Gradients of bounded length."""

from __future__ import annotations

import pytest
import torch
from monai.engines import SupervisedTrainer
from torch import Tensor, nn
from torch.utils.data import DataLoader

from scripts.engines import GradientClip


def step(handlers: list[GradientClip], steepness: float) -> Tensor:
    """Weights ``(2,)`` after a step of a descent at rate 1 down a slope of ``(3, 4) * steepness``, from 0."""
    network = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(network.weight)
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=1,
        train_data_loader=DataLoader([{"image": torch.tensor([3.0, 4.0]), "label": torch.zeros(1)}], batch_size=1),
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=1.0),
        loss_function=lambda pred, _: steepness * pred.sum(),
        decollate=False,
        train_handlers=handlers,
    )
    trainer.run()
    return network.weight.detach()[0]


def test_long_gradients_are_shortened_and_keep_their_direction() -> None:
    assert torch.allclose(step([GradientClip(0.5)], 100.0), torch.tensor([-0.3, -0.4]), atol=1e-5)


def test_short_gradients_stay_as_they_are() -> None:
    assert torch.equal(step([GradientClip(0.5)], 0.01), step([], 0.01))
    assert torch.allclose(step([], 100.0), torch.tensor([-300.0, -400.0]))


def test_norm_is_above_0() -> None:
    with pytest.raises(ValueError, match="above 0"):
        GradientClip(0.0)
