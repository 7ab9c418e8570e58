"""Methods of ``configs/methods``, made into what a registration needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from ..configuration import BUNDLE, method_file
from ..configuration.identity import content_digest, describe
from .method import Method
from .pipeline import Registration
from .stages import chosen_stages

DEFAULTS = {2: "brain_2d", 3: "brain_3d"}  # by the images' dimensions
COUNTS = ("network_def", "refinement", "intensity", "spacing", "spatial_size", "precision", "channels_last")


class ConfiguredMethods:
    """The method for images of so many dimensions, read from its file when they are known.

    A method whose network is for other dimensions lends its refinement to images of these, and no network.

    Args:
        method: name or file; ``None``: the default for the dimensions at hand.
        use_network: false: the refinement does it all, by the loss of the training.
        changes: what stands instead of the file's values; ``None`` for the file's own. ``ckpt_path`` are weights.
    """

    def __init__(self, method: str | None = None, use_network: bool = True, **changes: Any) -> None:
        self.method, self.use_network = method, use_network
        self.changes = {name: value for name, value in changes.items() if value is not None}
        self.weights = self.changes.pop("ckpt_path", None)

    def __call__(self, dims: int) -> Method:
        """The method for images of ``dims`` dimensions.

        Raises:
            InputError: if there is no such method.
        """
        parser, own = self._parser(dims)
        found = {name: parser.get_parsed_content(name) for name in COUNTS if name != "network_def"}
        has_network = self.use_network and (dims == own or self.weights is not None)
        network = parser.get_parsed_content("network_def") if has_network else None
        return Method(network=network, weights=str(parser.get_parsed_content("weights")), **found)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes one configuration's results differ from another's, by the images' dimensions."""
        return {f"{dims}-D": self._described(dims) for dims in DEFAULTS}

    def _described(self, dims: int) -> dict[str, Any]:
        parser, _ = self._parser(dims)
        values = describe(parser.config, COUNTS if self.use_network else COUNTS[1:], ["bundle_root", "device"])
        weights = parser.get_parsed_content("weights") if self.use_network else None
        return {**values, "weights": content_digest(weights)}

    def _parser(self, dims: int) -> tuple[ConfigParser, int]:
        """The method's file with what is changed, and the dimensions of its network."""
        path = self._file(dims)
        parser = ConfigParser()
        parser.read_config(str(path))
        own = parser.config["spatial_dims"]
        if dims != own:
            parser.config.update(spatial_dims=dims, spatial_size=[])
        parser.config.update({"bundle_root": str(BUNDLE), "precision": "auto", **self.changes})
        if self.weights is not None:
            parser.config["weights"] = str(self.weights)
        if not self.use_network:
            parser.config["refinement"]["loss"] = "@loss"
        return parser, own

    def _file(self, dims: int) -> Path:
        configs = BUNDLE / "configs"
        if self.method is not None:
            return method_file(configs, self.method)
        default = configs / "methods" / f"{DEFAULTS[dims]}.yaml"
        return default if default.is_file() else method_file(configs, DEFAULTS[2])


def configured(
    method: str | None = None,
    affine: bool = True,
    use_network: bool = True,
    device: str | torch.device | None = None,
    **changes: Any,
) -> Registration:
    """The registration that a method's file describes.

    Args:
        method: name of a file in ``configs/methods``, or a path; ``None``: the default for the images' dimensions.
        affine: whether to search for an affine map first.
        use_network: false: affine stage and refinement alone.
        device: of the network and the refinement; ``None``: CUDA where there is one.
        changes: values instead of the file's, see :class:`ConfiguredMethods`.

    Raises:
        InputError: if there is no such method.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    methods = ConfiguredMethods(method, use_network, **changes)
    stages: Sequence[str] = chosen_stages(affine, use_network)
    identity: Mapping[str, Any] = {"stages": list(stages), **methods.identity}
    return Registration(methods, stages, identity, device)
