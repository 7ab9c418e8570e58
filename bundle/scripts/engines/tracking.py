"""What MONAI's trackers of experiments expect of an engine."""

from __future__ import annotations

from ignite.engine import Engine, Events


class ListedOutput:
    """Put the output of every iteration into a list of one.

    MONAI's ``--tracking mlflow`` takes the loss from the first of a decollated list. Ours is not decollated: that would
    take every batch apart for one number. Must stand behind the handlers that read the output.
    """

    def attach(self, engine: Engine) -> None:
        """Follow a trainer."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Wrap the output."""
        engine.state.output = [engine.state.output]
