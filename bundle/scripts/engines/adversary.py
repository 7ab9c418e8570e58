"""The discriminator's side of an adversarial training: a step of its own after each of the registration's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ignite.distributed as idist
import torch
from ignite.engine import Engine, Events
from ignite.metrics import Average
from monai.losses import PatchAdversarialLoss
from torch import Tensor, nn

from ..losses import LearnedSimilarity

MEMORY = 0.95  # of the running accuracy, a step
LEAST = 0.01  # of the learning rate, that is left to a discriminator which is always right


class Adversary:
    """Train a discriminator to tell warped images from aligned ones, on the pairs that a trainer has just registered.

    What is aligned is made of the batch: ``blend`` of the moving image and the rest of an image that lies over the
    fixed one, 0.2 and 0.8 after Fan et al. (MedIA 2019, doi 10.1016/j.media.2019.101545). That image is the fixed one
    itself where both have one contrast; of two contrasts it is the fixed subject as the moving image would show it.

    As the discriminator wins it learns more slowly: its rate falls from the optimiser's own at half of the judgements
    right, which is chance, to nearly none at all of them. Its loss and accuracy are put among the trainer's metrics, so
    it must stand before the handlers that print or plot these.

    Args:
        discriminator: gives logits ``(B, 1, *P)`` of a pair ``(B, 2, *S)``; it is changed by no one else.
        optimizer: of its parameters.
        criterion: on the logits; least squares, cross entropy (``bce``) or hinge.
        aligned: name among the targets of the images ``(B, 1, *S)`` that lie over the fixed ones.
        blend: share of the moving image in what is called aligned.
        device: of the discriminator.

    Attributes:
        similarity: what it believes, as a term of the registration's loss.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        optimizer: torch.optim.Optimizer,
        criterion: PatchAdversarialLoss,
        aligned: str = "fixed",
        blend: float = 0.2,
        device: str | torch.device = "cpu",
    ) -> None:
        self.discriminator, self.optimizer, self.criterion = discriminator, optimizer, criterion
        self.aligned, self.blend = aligned, blend
        self.similarity = LearnedSimilarity(discriminator.to(device), criterion)
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.running = 0.5
        self.values: dict[str, float] = {}
        self._stand_still()

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.STARTED, self._start_alike)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.step)
        for name in ("discriminator", "accuracy"):
            Average(lambda _, name=name: self.values[name], device=idist.device()).attach(engine, name)

    def step(self, engine: Engine) -> None:
        """One step on what the engine has registered, and on as many aligned pairs."""
        pred, target = engine.state.output["pred"], engine.state.output["label"]
        fixed = target["fixed"]
        pairs = [torch.cat([image.detach(), fixed], dim=1) for image in (self._aligned(target), pred["warped"])]
        self.discriminator.train().requires_grad_(True)
        aligned, warped = self.discriminator(torch.cat(pairs)).chunk(2)
        losses = (self.criterion(each, real, True) for each, real in ((aligned, True), (warped, False)))
        loss = sum(losses, start=torch.zeros((), device=fixed.device)) / 2
        self.optimizer.zero_grad()
        loss.backward()
        self._share_gradients()
        self.optimizer.step()
        self._stand_still()
        accuracy = (self._believed(aligned).mean() + 1 - self._believed(warped).mean()) / 2
        self.values = {"discriminator": loss.item(), "accuracy": accuracy.item()}
        self._yield_to(idist.all_reduce(accuracy).item() / idist.get_world_size())

    def state_dict(self) -> dict[str, Any]:
        """What a training needs to go on."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "running": self.running,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state``."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.running = state["running"]

    def _aligned(self, target: Mapping[str, Tensor]) -> Tensor:
        return self.blend * target["moving"] + (1 - self.blend) * target[self.aligned]

    def _believed(self, logits: Tensor) -> Tensor:
        """Where a pair is taken for aligned, 1, else 0."""
        activation = self.criterion.activation
        seen = logits.detach() if activation is None else activation(logits.detach())
        return (seen > (self.criterion.real_label + self.criterion.fake_label) / 2).float()

    def _start_alike(self, engine: Engine) -> None:
        """As the first process, whatever the others have drawn."""
        for value in self.discriminator.state_dict().values():
            value.copy_(idist.broadcast(value.detach(), src=0))

    def _share_gradients(self) -> None:
        """The mean over all processes; of one process there is nothing to do."""
        if (count := idist.get_world_size()) > 1:
            for parameter in self.discriminator.parameters():
                parameter.grad = idist.all_reduce(parameter.grad) / count

    def _yield_to(self, accuracy: float) -> None:
        """The rate for the next step."""
        self.running = MEMORY * self.running + (1 - MEMORY) * accuracy
        share = min(1.0, max(LEAST, 2 * (1 - self.running)))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = share * rate

    def _stand_still(self) -> None:
        """As the registration's loss sees it: the loss differentiates the warped image alone."""
        self.discriminator.eval().requires_grad_(False)
