"""The configuration that is instantiating us."""

from __future__ import annotations

import inspect
from typing import Any

from monai.bundle import ConfigParser


def running_config() -> dict[str, Any]:
    """The merged configuration, files and overrides, whose pieces are being instantiated just now.

    MONAI hands a piece of a configuration its own arguments only; the parser is found on the call stack.

    Raises:
        RuntimeError: if no configuration is.
    """
    frame = inspect.currentframe()
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, ConfigParser):
            return dict(owner.config)
        frame = frame.f_back
    raise RuntimeError("no configuration is being instantiated; hand one over")
