"""The discriminator's side of an adversarial training: what it is shown, what it learns, and what it leaves alone."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from ignite.engine import Engine
from monai.losses import PatchAdversarialLoss
from torch import Tensor, nn
from torch.nn.functional import interpolate

from scripts.engines import Adversary
from scripts.networks import PairDiscriminator

SIZE = (24, 32)
CRITERIA = ("bce", "least_squares", "hinge")


def made(criterion: str = "bce", rate: float = 0.004, **options: object) -> Adversary:
    torch.manual_seed(0)
    discriminator = PairDiscriminator(channels=8, num_layers=2)
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=rate)
    return Adversary(discriminator, optimizer, PatchAdversarialLoss(criterion=criterion), **options)  # type: ignore[arg-type]


def batch(seed: int = 0) -> dict[str, Tensor]:
    """Images that have nothing to do with each other."""
    generator = torch.Generator().manual_seed(seed)
    names = ("moving", "fixed", "warped", "other")
    coarse = {name: torch.rand(4, 1, *(n // 8 for n in SIZE), generator=generator) for name in names}
    return {name: interpolate(image, SIZE) for name, image in coarse.items()}


def engine_of(adversary: Adversary) -> Engine:
    """It registers nothing: ``warped`` of a batch is what it predicts."""
    engine = Engine(lambda _, images: {"pred": {"warped": images["warped"]}, "label": images})
    adversary.attach(engine)
    return engine


def weights(adversary: Adversary) -> list[Tensor]:
    return [each.detach().clone() for each in adversary.discriminator.parameters()]


@pytest.mark.parametrize("criterion", CRITERIA)
def test_it_learns_to_tell_noise_from_what_is_aligned(criterion: str) -> None:
    engine = engine_of(made(criterion))
    engine.run([batch(seed) for seed in range(15)], max_epochs=4)
    assert engine.state.metrics["accuracy"] > 0.9


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_similarity_prefers_what_it_has_learned(criterion: str) -> None:
    adversary = made(criterion)
    engine_of(adversary).run([batch(seed) for seed in range(15)], max_epochs=4)
    similarity, images = adversary.similarity, batch(99)
    assert similarity(images["fixed"], images["fixed"]) < similarity(images["warped"], images["fixed"])


def test_neither_network_changes_the_other() -> None:
    adversary, images = made(), batch()
    warped = images["warped"].requires_grad_(True)
    before = weights(adversary)
    adversary.similarity(warped, images["fixed"]).backward()
    assert warped.grad is not None and warped.grad.abs().sum() > 0
    assert all(each.grad is None for each in adversary.discriminator.parameters())
    warped.grad = None
    engine_of(adversary).run([images])
    assert warped.grad is None
    assert not all(torch.equal(*each) for each in zip(before, weights(adversary), strict=True))


class Seen(nn.Module):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.pairs: list[Tensor] = []

    def forward(self, pairs: Tensor) -> Tensor:
        self.pairs.append(pairs)
        return self.weight * pairs[:, :1]


@pytest.mark.parametrize("aligned", ["fixed", "other"])
def test_what_it_is_shown_as_aligned(aligned: str) -> None:
    seen, images = Seen(), batch()
    optimizer = torch.optim.SGD(seen.parameters(), lr=0.1)
    adversary = Adversary(seen, optimizer, PatchAdversarialLoss(criterion="bce"), aligned, blend=0.25)
    engine_of(adversary).run([images])
    blended = 0.25 * images["moving"] + 0.75 * images[aligned]
    expected = torch.cat([torch.cat([each, images["fixed"]], 1) for each in (blended, images["warped"])])
    torch.testing.assert_close(seen.pairs[0], expected)


def test_its_rate_falls_as_it_wins_and_comes_back() -> None:
    adversary = made(rate=0.01)
    for accuracy, low, high in ((0.5, 0.01, 0.01), (1.0, 0.0001, 0.0002), (0.5, 0.0098, 0.01)):
        for _ in range(200):
            adversary._yield_to(accuracy)
        assert low <= adversary.optimizer.param_groups[0]["lr"] <= high


def test_it_goes_on_where_it_was() -> None:
    whole, stopped = made(), made()
    engine_of(whole).run([batch(0), batch(1)])
    engine_of(stopped).run([batch(0)])
    state, resumed = deepcopy(stopped.state_dict()), made()
    engine = engine_of(resumed)
    resumed.load_state_dict(state)
    engine.run([batch(1)])
    assert all(torch.equal(*each) for each in zip(weights(whole), weights(resumed), strict=True))
    assert resumed.running == whole.running
    assert resumed.optimizer.param_groups[0]["lr"] == whole.optimizer.param_groups[0]["lr"]


def test_a_small_change_of_a_pair_changes_the_judgement_little() -> None:
    """Every convolution with spectral norm 1, once its norm has been followed for some steps."""
    torch.manual_seed(0)
    network = PairDiscriminator(channels=4, num_layers=2)
    layer = network.patches.initial_conv.conv
    for _ in range(30):
        network(torch.rand(1, 2, *SIZE))
    assert torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2) == pytest.approx(1, abs=0.02)
