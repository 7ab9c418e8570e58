"""Methods of ``configs/methods``, made into what a registration needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

from ..configuration import BUNDLE, method_file, plain, read_config, typed_overrides
from ..configuration.identity import content_digest, describe
from ..errors import find_input_error
from ..options import OptionError
from .method import Method

DEFAULTS = {2: "brain_2d", 3: "brain_3d"}  # by the images' dimensions
AFFINE_DEFAULTS = {2: "affine_2d", 3: "affine_3d"}  # likewise, of the affine stage's network
OF_FILE = ("refinement", "intensity", "spacing", "spatial_size", "channels_last")
SHOWN = ("panels", "same_contrast")  # how a result is drawn and judged: not what it is
PARTS = (*OF_FILE, "precision")
NEEDED = (*OF_FILE, *SHOWN, "spatial_dims", "loss", "network_def", "weights")
QUALITIES = {"fast": 0, "default": 1, "best": 3}  # times a method's steps of optimisation
STEPS = ("refinement_steps", "fine_steps")
SEEN = (None, "images", "ddf")  # what a term of a loss may be of, where there are two images and a field
WHERE = ("bundle_root", "device")  # change no result


class ConfiguredMethods:
    """The method for images of so many dimensions, read from its file when they are known.

    A method whose network is for other dimensions lends its refinement to images of these, and no network.

    Args:
        method: name or file; ``None``: the default for the dimensions at hand.
        use_network: false: the refinement does it all, by the loss of the training.
        quality: of :data:`QUALITIES`; steps that are given in ``changes`` are what they are.
        changes: what stands instead of the file's values, also as text; ``ckpt_path`` are other weights, for the
            images' dimensions.
        defaults: names by the images' dimensions.

    Raises:
        OptionError: if a change is of no value that the file has, or of another kind.
    """

    def __init__(
        self,
        method: str | None = None,
        use_network: bool = True,
        quality: str = "default",
        defaults: Mapping[int, str] = DEFAULTS,
        **changes: Any,
    ) -> None:
        self.method, self.use_network, self.quality, self.defaults = method, use_network, quality, defaults
        given = {name: value for name, value in changes.items() if value is not None}
        self.weights = given.pop("ckpt_path", None)
        self.changes = typed_overrides(self._read(2), given, expressions=False)

    def __call__(self, dims: int) -> Method:
        """The method for images of ``dims`` dimensions.

        Raises:
            InputError: if there is no such method, or it cannot be made.
        """
        parser, own = self._parser(dims)
        has_network = self.use_network and (dims == own or self.weights is not None)
        wanted = [*PARTS, *SHOWN, "weights", *(["network_def"] if has_network else [])]
        try:
            made = {name: parser.get_parsed_content(name) for name in wanted}
        except RuntimeError as error:  # MONAI wraps what it instantiates
            raise find_input_error(error) or error from None
        return Method(network=made.pop("network_def", None), **made)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes one configuration's results differ from another's, by the images' dimensions."""
        return {f"{dims}-D": self._described(dims) for dims in self.defaults}

    def _described(self, dims: int) -> dict[str, Any]:
        parser, _ = self._parser(dims)
        if not self.use_network:
            return dict(describe(parser.config, PARTS, WHERE))
        weights = content_digest(parser.get_parsed_content("weights"))
        return {**describe(parser.config, ["network_def", *PARTS], WHERE), "weights": weights}

    def _parser(self, dims: int) -> tuple[ConfigParser, int]:
        """The method's file with what is changed, and the dimensions of its network."""
        config = self._read(dims)
        own = config["spatial_dims"]
        if dims != own:
            config.update(spatial_dims=dims, spatial_size=[])
        own_steps = {name: config[name] for name in STEPS if isinstance(config.get(name), int)}
        config.update({name: QUALITIES[self.quality] * steps for name, steps in own_steps.items()})
        config.update({name: value for name, value in self.changes.items() if "#" not in name})
        self._change_inside(config, self._file(dims))
        if self.weights is not None:
            config["weights"] = plain(str(self.weights))
        if not self.use_network:
            config["refinement"]["loss"] = _seen_by_a_pair(config["loss"]) or config["refinement"]["loss"]
        return ConfigParser(config), own

    def _change_inside(self, config: dict[str, Any], path: Path) -> None:
        """Change what stands inside of a value, such as ``network_def#passes``."""
        parser = ConfigParser(config)
        for name, value in self.changes.items():
            if "#" in name:
                if name not in parser:
                    raise OptionError(f"--{name} is no place in {path}.")
                parser[name] = value

    def _read(self, dims: int) -> dict[str, Any]:
        path = self._file(dims)
        config = read_config(path)
        for name in NEEDED:
            if name not in config:
                raise OptionError(f"{path} has no {name}; a method has all that configs/methods/brain_2d.yaml has.")
        own = {key: value for key, value in config.items() if "#" not in key}  # the others are train.yaml's data
        return {**own, "bundle_root": plain(str(BUNDLE)), "precision": "auto"}

    def _file(self, dims: int) -> Path:
        configs = BUNDLE / "configs"
        if self.method is not None:
            return method_file(configs, self.method)
        default = configs / "methods" / f"{self.defaults[dims]}.yaml"
        return default if default.is_file() else method_file(configs, self.defaults[2])


def _seen_by_a_pair(loss: Any) -> Any:
    """The part of a training's loss that two images at hand can be judged by; ``None`` if that is no similarity.

    Label maps, images as they were before they were recoloured, and what learns beside the network are a training's.
    """
    if not isinstance(loss, Mapping):
        return loss
    terms = {name: term for name, term in loss.items() if isinstance(term, Mapping)}
    left_out = [name for name, term in terms.items() if term.get("of") not in SEEN or "@companions" in str(term)]
    kept = {name: value for name, value in loss.items() if name not in left_out}
    return kept if any(term.get("of", "images") == "images" for name, term in terms.items() if name in kept) else None
