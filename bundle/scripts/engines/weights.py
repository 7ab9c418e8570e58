"""Reading a network's weights, never running code from the file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from torch import nn

from ..errors import InputError
from ..files import is_file, not_a_file

logger = logging.getLogger(__name__)


def choose_weights(candidates: Sequence[str]) -> str:
    """The first file that exists; the last candidate if none does.

    Lets ``evaluate`` take what was trained last and, before any training, the weights that come with the bundle.
    """
    return next((path for path in candidates if is_file(path)), candidates[-1])


def load_weights(path: str | Path, network: nn.Module) -> None:
    """Load a state dict into ``network``.

    Raises:
        InputError: if the file is missing, is no file of weights alone, or belongs to another network.
    """
    if not is_file(path):
        raise InputError(f"{path} {not_a_file(path)}; train first, or name a file of weights with --ckpt_path.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a broken or unsafe file
        raise InputError(f"{path} is no file of network weights ({type(error).__name__}); nothing was run.") from error
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(f"{path} holds the weights of another network than the one configured.") from error
    logger.info("weights: %s", path)


class CheckpointLoader:
    """Load weights when an engine starts.

    Unlike MONAI's handler of this name it reads no pickled code, and it complains in a sentence. Federated clients find
    it by the name and leave it out: there the server sends the weights.

    Args:
        path: file of a state dict.
        network: that receives it.
    """

    def __init__(self, path: str, network: nn.Module) -> None:
        self.path, self.network = path, network

    def attach(self, engine: Engine) -> None:
        """Load at the start of ``engine``'s run."""
        engine.add_event_handler(Events.STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """See :func:`load_weights`."""
        load_weights(self.path, self.network)
