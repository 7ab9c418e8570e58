"""The study's candidates do what their rows say."""

from __future__ import annotations

import pytest
import torch
from ignite.engine import Engine
from torch import Tensor, nn

from benchmarks.candidates import (
    AveragedWeights,
    DeeplySupervised,
    DeepSupervision,
    RandSyntheticContrastd,
    SymmetricLoss,
)
from scripts.losses import ForwardDiffusion, RegistrationLoss
from scripts.networks import DenseUNet, RegistrationModel
from scripts.spatial import warp

CHANNELS = (4, 4, 4, 4)


def plain_loss() -> RegistrationLoss:
    return RegistrationLoss(
        mse={"weight": 1, "loss": nn.MSELoss()}, diffusion={"weight": 0.1, "of": "ddf", "loss": ForwardDiffusion()}
    )


def awake(model: nn.Module) -> nn.Module:
    """Fields of about a voxel, of every head."""
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "head" in name:
            nn.init.normal_(parameter, std=0.5)
    return model


def images(*size: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {key: torch.rand(2, 1, *(size or (16, 24)), generator=generator) for key in ("moving", "fixed")}


def predicted(model: nn.Module, target: dict[str, Tensor]) -> dict[str, Tensor]:
    ddf = model(torch.cat([target["moving"], target["fixed"]], 1))
    return {"ddf": ddf, "warped": warp(target["moving"], ddf)}


def test_symmetric_loss_adds_the_way_back() -> None:
    """The way back is the exponential of the negative velocity, which takes the fixed image to the moving one."""
    backbone = DenseUNet(channels=CHANNELS, output_level=1)
    model = awake(RegistrationModel(backbone, velocity=True, integration_steps=5)).train()
    target, loss = images(), plain_loss()
    symmetric = SymmetricLoss(loss, model)
    pred = predicted(model, target)
    both = symmetric(pred, target)
    negated = RegistrationModel(nn.Sequential(backbone, Negative()), velocity=True, integration_steps=5)
    back = negated(torch.cat([target["moving"], target["fixed"]], 1))
    there = loss(pred, target)
    here = loss({"ddf": back, "warped": warp(target["fixed"], back)}, {"fixed": target["moving"]})
    torch.testing.assert_close(both, there + here)
    assert here > 1e-3


class Negative(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return -x


@pytest.mark.parametrize("size", [(16, 24), (18, 26)], ids=str)
def test_deep_supervision_reaches_the_heads_of_the_inner_nodes(size: tuple[int, int]) -> None:
    backbone = DeeplySupervised(DenseUNet(channels=CHANNELS, output_level=1))
    model = awake(RegistrationModel(backbone, velocity=True, integration_steps=5)).train()
    target = images(*size)
    pred = predicted(model, target)
    assert len(backbone.inner) == len(backbone.heads) == 1
    DeepSupervision(plain_loss(), model)(pred, target).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_outside_training_neither_adds_anything() -> None:
    target, loss = images(), plain_loss()
    plain = awake(RegistrationModel(DenseUNet(channels=CHANNELS), velocity=True)).eval()
    deep = awake(RegistrationModel(DeeplySupervised(DenseUNet(channels=CHANNELS)), velocity=True)).eval()
    for model, wrapper in ((plain, SymmetricLoss), (deep, DeepSupervision)):
        wrapped = wrapper(loss, model)
        pred = predicted(model, target)
        torch.testing.assert_close(wrapped(pred, target), loss(pred, target))


def test_the_way_back_of_a_displacement_is_refused() -> None:
    with pytest.raises(ValueError, match="velocity=True"):
        SymmetricLoss(plain_loss(), RegistrationModel(DenseUNet(channels=CHANNELS)))


def test_further_heads_leave_the_field_as_it_is() -> None:
    plain = awake(DenseUNet(channels=CHANNELS, output_level=1))
    pair = torch.rand(1, 2, 18, 26)
    torch.testing.assert_close(DeeplySupervised(plain)(pair), plain(pair))


def test_the_log_shows_the_terms_of_the_networks_own_field() -> None:
    """Not those of the way back, which was judged too."""
    model = awake(RegistrationModel(DenseUNet(channels=CHANNELS), velocity=True)).train()
    target, loss = images(), plain_loss()
    symmetric = SymmetricLoss(loss, model)
    pred = predicted(model, target)
    symmetric(pred, target)
    shown = dict(symmetric.values)
    loss(pred, target)
    assert shown.keys() == loss.values.keys()
    for name, value in loss.values.items():
        torch.testing.assert_close(shown[name], value)


@pytest.mark.parametrize("momentum", [0.25, 0.9])
def test_averaged_weights_are_the_network_s_after_the_last_step(momentum: float) -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)

    def step(engine: Engine, batch: float) -> None:
        with torch.no_grad():
            network.weight.fill_(batch)

    trainer = Engine(step)
    AveragedWeights(network, momentum).attach(trainer)
    trainer.run([1.0, 2.0], max_epochs=2)
    average = 0.0
    for value in (1.0, 2.0, 1.0, 2.0):
        average += momentum * (value - average)
    assert float(network.weight) == pytest.approx(average)


def synthetic_pair(seed: int) -> tuple[dict[str, Tensor], Tensor]:
    labels = torch.zeros(1, 32, 32)
    labels[:, 4:28, 4:28] = 1
    labels[:, 10:22, 10:22] = 2
    pair = {"moving": labels / 4, "fixed": labels / 4, "moving_label": labels, "fixed_label": labels}
    made = RandSyntheticContrastd(("moving", "fixed"), 1.0).set_random_state(seed)(pair)
    return {str(key): value for key, value in made.items()}, labels


def test_synthetic_contrasts_are_the_labels_in_new_greys() -> None:
    made, labels = synthetic_pair(0)
    inside = [(labels == value) for value in (1, 2)]
    moving, fixed = ([float(made[key][mask].mean()) for mask in inside] for key in ("moving", "fixed"))
    assert moving == pytest.approx(fixed, abs=0.1)
    assert not torch.equal(made["moving"], made["fixed"])
    again, other = synthetic_pair(0)[0], synthetic_pair(1)[0]
    assert torch.equal(made["moving"], again["moving"])
    assert (made["moving"] - other["moving"]).abs().mean() > 0.05
    assert torch.equal(made["moving_label"], labels)


def test_no_synthetic_contrast_where_none_is_drawn() -> None:
    pair = images()
    made = RandSyntheticContrastd(("moving", "fixed"), 0.0)(pair)  # type: ignore[arg-type]
    assert all(made[key] is pair[key] for key in pair)  # type: ignore[index]
