"""Steps of bounded length: one strange pair must not undo what a training has learned."""

from __future__ import annotations

from ignite.engine import Engine
from monai.engines import IterationEvents
from torch.nn.utils import clip_grad_norm_


class GradientClip:
    """Scale the gradient of a trainer's network down to a norm, where it is longer, before every step.

    A registration network that throws an image out of sight is told nothing of the way back: the step that does so is
    the last that it learns from. (Pascanu et al., ICML 2013, arXiv:1211.5063.)

    Args:
        max_norm: of all parameters together.
    """

    def __init__(self, max_norm: float) -> None:
        if not max_norm > 0:
            raise ValueError(f"max_norm must be above 0, got {max_norm}")
        self.max_norm = max_norm

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(IterationEvents.BACKWARD_COMPLETED, self.clip)

    def clip(self, engine: Engine) -> None:
        """Of the step at hand."""
        clip_grad_norm_(engine.network.parameters(), self.max_norm)  # type: ignore[attr-defined]
