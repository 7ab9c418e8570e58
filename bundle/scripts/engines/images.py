"""What TensorBoard is given: a folder once there is something to show, a picture of one validation pair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch.utils.tensorboard import SummaryWriter

from ..errors import cannot_write


@contextmanager
def _telling(log_dir: str) -> Iterator[None]:
    """What cannot be written is said of the folder: errors of TensorBoard's writer name no file."""
    try:
        yield
    except OSError as error:
        raise cannot_write(error, log_dir) from error


class LateWriter:
    """A ``SummaryWriter`` that makes its folder when it is first used: a run that is refused leaves none.

    Args:
        log_dir: folder of the TensorBoard events.
    """

    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir

    @cached_property
    def _writer(self) -> SummaryWriter:
        with _telling(self.log_dir):
            return SummaryWriter(self.log_dir)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copying and pickling ask for these
            raise AttributeError(name)
        found = getattr(self._writer, name)
        return _telling(self.log_dir)(found) if callable(found) else found


class WarpedPairImage:
    """Write moving, fixed, warped and their difference, side by side, after every validation.

    A 3-D image shows its middle slice along the last axis.

    Args:
        log_dir: folder of the TensorBoard events.
    """

    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir

    def attach(self, engine: Engine) -> None:
        """Follow an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Write the last batch's first pair; MONAI gives the evaluator the trainer's epoch."""
        pred, target = engine.state.output["pred"], engine.state.output["label"]
        moving, fixed, warped = target["moving"][0, 0], target["fixed"][0, 0], pred["warped"][0, 0]
        panels = [moving, fixed, warped, (fixed - warped).abs()]
        planes = [p if p.ndim == 2 else p[..., p.shape[-1] // 2] for p in panels]
        picture = torch.cat([plane.T for plane in planes], dim=1).clamp(0, 1)
        with _telling(self.log_dir), SummaryWriter(self.log_dir) as writer:
            writer.add_image("moving, fixed, warped, difference", picture[None].cpu(), engine.state.epoch)
