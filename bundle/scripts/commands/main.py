"""``python -m scripts VERB``: finds the verb, calls it, and ends with a code that says how it went."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ..errors import TALKATIVE, find_input_error, quiet_threads
from ..options import OptionError, nearest
from .docstrings import summary_of
from .maintenance import configure
from .pairs import compose, invert, jacobian, points, register, warp
from .parsing import PROGRAM, parse
from .sequences import register_sequence
from .verbs import Verb
from .workflows import evaluate, export, segment, train

VERBS = {
    verb.name: verb
    for verb in (
        Verb(register),
        Verb(warp),
        Verb(jacobian),
        Verb(points),
        Verb(compose),
        Verb(invert),
        Verb(register_sequence),
        Verb(segment, ("inference.yaml",)),
        Verb(train, ("train.yaml",)),
        Verb(evaluate, ("train.yaml", "evaluate.yaml")),
        Verb(export, ("inference.yaml", "export.yaml")),
        Verb(configure),
    )
}
REPORTERS = ("train", "validation", "evaluation", "inference")  # loggers of the configurations' StatsHandlers
GOOD, BAD_INPUT, BAD_USAGE, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line asks for.

    Args:
        arguments: its words after the program's name; ``None``: those of this process.

    Returns:
        Exit code: 0 done, 1 bad input, 2 options that are none, 130 stopped from the keyboard; of the two in the
        middle, one sentence on the error stream says why.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        print(overview(), file=sys.stderr)
        return BAD_USAGE
    try:
        _do(words)
        if sys.stdout is not None:
            sys.stdout.flush()
        return GOOD
    except KeyboardInterrupt:
        return _end("stopped.", STOPPED)
    except BrokenPipeError:  # who reads has read enough
        return GOOD
    except Exception as error:
        found = find_input_error(error)
        if found is None:
            raise
        return _end(str(found), BAD_USAGE if isinstance(found, OptionError) else BAD_INPUT)


def overview() -> str:
    """The verbs, a line each."""
    verbs = "\n".join(f"  {name:<17} {summary_of(verb.function)}" for name, verb in VERBS.items())
    return (
        f"usage: {PROGRAM} VERB ...\n\nUnsupervised deformable registration; run in the bundle's folder.\n\n{verbs}\n\n"
        f"{PROGRAM} VERB --help lists the options of a verb."
    )


def _do(words: Sequence[str]) -> None:
    """The help, or a verb; what it says may still be in the output's buffer."""
    if words[0] in ("-h", "--help", "help"):
        print(overview())
        return
    verb = _verb(words[0])
    try:
        options = parse(verb, words[1:])
    except SystemExit:  # after the help of a verb
        return
    _speak()
    verb.function(**options)


def _verb(name: str) -> Verb:
    if name not in VERBS:
        raise OptionError(f"there is no verb {name!r}; {nearest(name, VERBS)}.")
    return VERBS[name]


def _speak() -> None:
    """Say what is done in plain lines; errors are told once, at the end, and not by every library on the way."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    quiet_threads()
    for library in (*TALKATIVE, "monai"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    for name in REPORTERS:
        logging.getLogger(name).addFilter(lambda record: record.exc_info is None)


def _end(sentence: str, code: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return code
