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
from scripts.networks import DenseUNet, RegistrationModel, field_head
from scripts.spatial import upsample_field, warp


class Wrapped(nn.Module):
    """A loss around the recipe's: what both need.

    Args:
        loss: the recipe's.
        network: whose further fields are judged as well.
    """

    def __init__(self, loss: RegistrationLoss, network: RegistrationModel) -> None:
        super().__init__()
        self.loss = loss
        self._network = [network]  # no child: the optimiser has its parameters already

    @property
    def network(self) -> RegistrationModel:
        """Whose fields are judged."""
        return self._network[0]

    @property
    def names(self) -> list[str]:
        """Of the terms, in order."""
        return self.loss.names

    @property
    def values(self) -> dict[str, Tensor]:
        """Of the terms, of the network's own field, for the log."""
        return self.loss.values

    def judge(self, field: Tensor, moving: Tensor, fixed: Tensor) -> Tensor:
        """Loss of a field of any resolution that takes ``moving`` to ``fixed``."""
        ddf = upsample_field(field, fixed.shape[2:])
        value: Tensor = self.loss({"ddf": ddf, "warped": warp(moving, ddf)}, {"fixed": fixed})
        return value

    def forward(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """The whole loss of a batch."""
        further = self.further(target) if self.network.training else pred["ddf"].new_zeros(())
        return further + self.loss(pred, target)  # this one last: its terms are the log's

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """What is added to the recipe's loss."""
        raise NotImplementedError


class SymmetricLoss(Wrapped):
    """Forth and back alike: the negative velocity's displacement takes the fixed image to the moving one.

    Args:
        loss: the recipe's.
        network: a model of velocities; what it integrates in training is integrated backwards too.

    Raises:
        ValueError: if the network has no velocity.
    """

    def __init__(self, loss: RegistrationLoss, network: RegistrationModel) -> None:
        super().__init__(loss, network)
        if network.integrate is None:
            raise ValueError("the way back needs the network's velocity; give it velocity=True")
        network.integrate.register_forward_hook(self._integrate_back)

    def _integrate_back(self, integrate: nn.Module, inputs: tuple[Tensor], _: Tensor) -> None:
        if integrate.training:
            self.inverse = integrate.forward(-inputs[0])  # not by call, which would come back here

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """The same loss of the way back."""
        return self.judge(self.inverse, target["fixed"], target["moving"])


class DeeplySupervised(nn.Module):
    """A backbone whose inner nodes of the output's row have a head each, as in UNet++.

    In training their fields ``(B, D, *s)`` stay in ``inner``.

    Args:
        backbone: with short connections.
    """

    def __init__(self, backbone: DenseUNet) -> None:
        super().__init__()
        self.backbone = backbone
        self.inner: list[Tensor] = []
        row = backbone.output_level
        names = [f"{row}_{j}" for j in range(1, backbone.levels - row)]
        width, dims = backbone.head.get_submodule("conv").in_channels, backbone.spatial_dims
        self.heads = nn.ModuleDict({name: field_head(dims, int(width), dims) for name in names})  # type: ignore[arg-type]

    def forward(self, pair: Tensor) -> Tensor:
        """As :meth:`DenseUNet.forward`."""
        net, size, values = self.backbone, pair.shape[2:], self.backbone.features(pair)
        heads = self.heads.items() if self.training else ()
        self.inner = [net.field(head, values[name], size) for name, head in heads]
        return net.field(net.head, values[net.output_node], size)


class DeepSupervision(Wrapped):
    """The mean loss of the inner nodes' fields; the network's backbone is :class:`DeeplySupervised`."""

    def further(self, target: Mapping[str, Tensor]) -> Tensor:
        """Every inner velocity integrated and judged like the last."""
        integrate, inner = self.network.integrate, self.network.backbone.inner
        assert integrate is not None
        losses = [self.judge(integrate(velocity.float()), target["moving"], target["fixed"]) for velocity in inner]  # type: ignore[union-attr]
        return torch.stack(losses).mean()


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
