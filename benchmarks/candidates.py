"""Parts that recipe_study.py tries and the recipe does without: nothing outside the study needs them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from ignite.engine import Engine, Events
from ignite.handlers import EMAHandler
from monai.transforms import GaussianSmooth, MapTransform, RandBiasField, RandomizableTransform
from torch import Tensor, nn

from scripts.losses import RegistrationLoss
from scripts.networks import DenseUNet, RegistrationModel
from scripts.spatial import ScalingSquaring, crop_to, upsample_field, warp


class TwoWayIntegration(ScalingSquaring):
    """Integrates the velocity and, in training, its negative: the inverse displacement, kept in ``inverse``."""

    def forward(self, dvf: Tensor) -> Tensor:
        """As :meth:`ScalingSquaring.forward`."""
        if self.training:
            self.inverse = super().forward(-dvf)
        return super().forward(dvf)


class TwoWayModel(RegistrationModel):
    """The recipe's model with :class:`TwoWayIntegration`."""

    def __init__(self, *args: Any, integration_steps: int = 7, **kwargs: Any) -> None:
        super().__init__(*args, integration_steps=integration_steps, **kwargs)
        self.integrate = TwoWayIntegration(integration_steps)


class Wrapped(nn.Module):
    """A loss around the recipe's: what both need.

    Args:
        loss: the recipe's.
        network: whose further fields are judged as well.
    """

    def __init__(self, loss: RegistrationLoss, network: nn.Module) -> None:
        super().__init__()
        self.loss, self.terms = loss, loss.terms
        self._network = [network]  # no child: the optimiser has its parameters already

    def judge(self, field: Tensor, moving: Tensor, fixed: Tensor) -> Tensor:
        """Loss of a field of any resolution that takes ``moving`` to ``fixed``."""
        ddf = upsample_field(field, fixed.shape[2:])
        return self.loss({"ddf": ddf, "warped": warp(moving, ddf)}, {"fixed": fixed})

    def forward(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The whole loss of a batch; the log shows the terms of the network's own field."""
        further = self.further(target) if self._network[0].training else pred["ddf"].new_zeros(())
        value = self.loss(pred, target)
        self.terms = self.loss.terms
        return value + further

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """What is added to the recipe's loss."""
        raise NotImplementedError


class SymmetricLoss(Wrapped):
    """Forth and back alike: the inverse displacement takes the fixed image to the moving one."""

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """The same loss of the way back."""
        return self.judge(self._network[0].integrate.inverse, target["fixed"], target["moving"])  # type: ignore[union-attr, operator]


class DeeplySupervised(DenseUNet):
    """Every dense node of the output's row has a head of its own, as in UNet++; what they give stays in ``inner``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inner: list[Tensor] = []
        names = [f"{i}_{j}" for i, j in self._inner_nodes() if i == self.output_level and i + j < self.levels]
        width = self.head.conv.in_channels  # type: ignore[union-attr]
        self.heads = nn.ModuleDict({name: self._head(int(width), self.spatial_dims) for name in names})

    def forward(self, pair: Tensor) -> Tensor:
        """As :meth:`DenseUNet.forward`."""
        self.inner = []
        last = super().forward(pair)
        self.inner = [crop_to(inner, last.shape[2:]) for inner in self.inner]
        return last

    def _join(self, name: str, *args: Any) -> Tensor:
        value = super()._join(name, *args)
        if self.training and name in self.heads:
            self.inner.append(self.heads[name](value))
        return value


class DeepSupervision(Wrapped):
    """The mean loss of the inner nodes' fields."""

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """Every inner velocity integrated and judged like the last."""
        model = self._network[0]
        fields = [model.integrate(velocity.float()) for velocity in model.backbone.inner]  # type: ignore[union-attr, operator]
        return sum(
            (self.judge(field, target["moving"], target["fixed"]) for field in fields), start=fields[0].new_zeros(())
        ) / len(fields)


class AveragedWeights:
    """Ignite's exponential moving average of the weights, which are the network's after the last step."""

    def __init__(self, network: nn.Module, momentum: float) -> None:
        self.network, self.average = network, EMAHandler(network, momentum=momentum)

    def attach(self, engine: Engine) -> None:
        """Follow a trainer's steps."""
        self.average.attach(engine, name="momentum", event=Events.ITERATION_COMPLETED)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.settle)

    def settle(self, engine: Engine) -> None:
        """Take the averaged weights at the end, before the last validation."""
        if engine.state.iteration == engine.state.max_epochs * engine.state.epoch_length:
            self.network.load_state_dict(self.average.ema_model.state_dict())


class RandSyntheticContrastd(RandomizableTransform, MapTransform):
    """Images made from label maps: a random grey for every label, the same in both, smoothed, each with noise and a
    bias field of its own (after SynthMorph; Hoffmann et al., TMI 2022, doi 10.1109/TMI.2021.3116879).

    Args:
        keys: the images; the label map of each has the same name with ``_label``.
        prob: of making them.
    """

    def __init__(self, keys: tuple[str, ...], prob: float) -> None:
        MapTransform.__init__(self, keys)
        RandomizableTransform.__init__(self, prob)
        self.bias = RandBiasField(prob=1.0, coeff_range=(0.0, 0.1))

    def set_random_state(self, seed: int | None = None, state: Any = None) -> RandSyntheticContrastd:
        """Of everything that is drawn."""
        super().set_random_state(seed, state)
        self.bias.set_random_state(seed, state)
        return self

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        """The pair, its images exchanged if it is drawn so."""
        pair = dict(data)
        self.randomize(None)
        if not self._do_transform:
            return pair
        count = 1 + max(int(pair[f"{key!s}_label"].max()) for key in self.keys)
        greys = torch.as_tensor(self.R.uniform(0.1, 1, count), dtype=torch.float32)
        greys[0] = 0
        for key in self.key_iterator(pair):
            image = GaussianSmooth(1.0)(greys[pair[f"{key!s}_label"].long()])
            noise = torch.as_tensor(self.R.normal(0, 0.03, tuple(image.shape)), dtype=torch.float32)
            pair[key] = torch.as_tensor(self.bias(image + noise * (image > 0.05))).clip(0, 1)
        return pair
