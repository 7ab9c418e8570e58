"""The verbs through ``monai.bundle run``."""

from __future__ import annotations

from ..configuration import given_options
from ..options import typed_arguments
from .pairs import compose, invert, jacobian, points, register, warp
from .sequences import register_sequence

VERBS = {verb.__name__: verb for verb in (register, warp, jacobian, points, compose, invert, register_sequence)}


def do(verb: str) -> None:
    """Do what a verb of the running configuration asks for; its options are those that the user gave the run.

    Args:
        verb: of :data:`VERBS`.

    Raises:
        OptionError: if an option does not exist (the nearest is named), is of another kind, or a needed one is missing.
        InputError: as the verb.
    """
    function = VERBS[verb]
    function(**typed_arguments(function, given_options()))
