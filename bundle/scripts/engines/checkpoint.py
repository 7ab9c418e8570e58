"""Checkpoints that a killed training goes on from, and the weights that are kept."""

from __future__ import annotations

import io
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import nn

from ..errors import InputError, refuse_file
from ..files import atomic_path
from .distributed import is_first
from .random_state import RandomState

logger = logging.getLogger(__name__)

CHECKPOINT, BEST, LAST = "checkpoint.pt", "model.pt", "model_last.pt"


def weights_after(epoch: int) -> str:
    """The file of the weights that are kept of an epoch."""
    return f"model_epoch{epoch}.pt"


def save_atomic(content: Any, path: Path) -> None:
    """``torch.save`` that leaves the old file or the new one, never a part of one.

    Raises:
        OSError: if it cannot be written; of its own writer torch says something else.
    """
    stream = io.BytesIO()
    torch.save(content, stream)
    with atomic_path(path) as temporary:
        temporary.write_bytes(stream.getbuffer())


class Checkpointer:
    """Save everything a training needs to go on, and go on from it.

    Written to ``folder``: ``checkpoint.pt`` (network, optimiser, schedule, epoch, random state, best score),
    ``model.pt`` (weights of the best validation, the last where none gave a score), ``model_epochN.pt`` of the epochs
    that are asked for and, at the end, ``model_last.pt``. Must stand after the validation handler. Of several processes
    the first writes, all go on.

    Args:
        folder: where the files go.
        network: whose weights are kept.
        objects: further things with ``state_dict``, such as ``optimizer`` and ``lr_scheduler``; ``None`` is left out.
        evaluator: its key metric, higher is better, decides which weights are best.
        identity: plain values that tell one training from another; a checkpoint of another one is refused.
        every: epochs between two checkpoints.
        resume: go on from the folder's checkpoint; without it every start of the engine takes the network as it is.
        kept_epochs: after which the weights are kept in files of their own.
    """

    def __init__(
        self,
        folder: str,
        network: nn.Module,
        objects: Mapping[str, Any],
        evaluator: Engine,
        identity: Mapping[str, Any],
        every: int = 1,
        resume: bool = True,
        kept_epochs: Collection[int] = (),
    ) -> None:
        self.kept_epochs = frozenset(kept_epochs)
        self.folder, self.network, self.every, self.resumes = Path(folder), network, every, resume
        self.objects: dict[str, Any] = {"network": network, "random": RandomState()}
        self.objects.update({name: item for name, item in objects.items() if item is not None})
        self.identity = {name: str(value) for name, value in identity.items()}
        self.best = float("-inf")
        self.fresh: float | None = None
        evaluator.add_event_handler(Events.COMPLETED, self._note_score)

    def attach(self, engine: Engine) -> None:
        """Resume when ``engine`` starts, save after its epochs."""
        engine.add_event_handler(Events.STARTED, self.resume)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)
        engine.add_event_handler(Events.COMPLETED, self._finish)

    def _note_score(self, evaluator: Engine) -> None:
        self.fresh = float(evaluator.state.metrics[evaluator.state.key_metric_name])

    def save(self, engine: Engine) -> None:
        """Keep the weights if this epoch's validation is the best so far; write the checkpoint if one is due."""
        if self.fresh is not None and self.fresh > self.best:
            self.best = self.fresh
            self._write(self.network.state_dict(), BEST)
        self.fresh = None
        if engine.state.epoch in self.kept_epochs:
            self._write(self.network.state_dict(), weights_after(engine.state.epoch))
        if engine.state.epoch % self.every == 0 or engine.state.epoch == engine.state.max_epochs:
            states = {name: item.state_dict() for name, item in self.objects.items()}
            progress = {"epoch": engine.state.epoch, "iteration": engine.state.iteration, "best": self.best}
            self._write({"identity": self.identity, "progress": progress, **states}, CHECKPOINT)

    def _write(self, content: Any, name: str) -> None:
        if is_first():
            save_atomic(content, self.folder / name)

    def resume(self, engine: Engine) -> None:
        """Go on from the folder's checkpoint, if there is one.

        Raises:
            InputError: if it cannot be read or belongs to another training, or the folder is a file.
        """
        refuse_file(self.folder)
        path = self.folder / CHECKPOINT
        if not (self.resumes and path.is_file()):
            return
        content = self._read(path)
        self._restore(content, path)
        progress = content["progress"]
        engine.state.epoch, engine.state.iteration = progress["epoch"], progress["iteration"]
        self.best = progress["best"]
        logger.info("resumed from %s after epoch %d", path, engine.state.epoch)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            found = content["identity"]
        except Exception as error:  # torch raises many kinds for a broken or unsafe file
            raise InputError(f"{path} is no checkpoint of this bundle; move it away to start anew.") from error
        for name, value in self.identity.items():
            if found.get(name) != value:
                raise InputError(
                    f"{path} belongs to a training with {name} {found.get(name)}, not {value}; "
                    "choose another output_dir or move the file away."
                )
        return content

    def _restore(self, content: Mapping[str, Any], path: Path) -> None:
        try:
            if content.keys() != {"identity", "progress", *self.objects}:
                raise KeyError("the checkpoint holds other objects")
            for name, item in self.objects.items():
                item.load_state_dict(content[name])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(
                f"{path} belongs to a training with another network, optimiser or schedule; "
                "choose another output_dir or move the file away."
            ) from error

    def _finish(self, engine: Engine) -> None:
        if self.best == float("-inf"):  # no validation gave a score: the last weights are the best there are
            self._write(self.network.state_dict(), BEST)
        self._write(self.network.state_dict(), LAST)
