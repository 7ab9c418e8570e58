"""The one exception a user may cause: its message is a sentence that says what to do."""

from __future__ import annotations

import logging
import sys
from types import TracebackType


class InputError(ValueError):
    """Bad input: the message names the file, what was wrong and what would be right."""


def find_input_error(error: BaseException | None) -> InputError | None:
    """The :class:`InputError` that ``error`` is or was raised from; MONAI wraps what its transforms raise."""
    while error is not None and not isinstance(error, InputError):
        error = error.__cause__ or error.__context__
    return error


def _sentence_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    found = find_input_error(error)
    if found is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"error: {found}", file=sys.stderr)


def report_as_sentence() -> None:
    """In ``python -m monai.bundle``, end with the sentence instead of tracebacks; elsewhere do nothing.

    Ignite logs an exception with its traceback at every engine it passes through; the bundle's ``logging.conf`` forbids
    it, but is found in the bundle's own folder only.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None and spec.name.startswith("monai.bundle"):
        sys.excepthook = _sentence_hook
        logging.getLogger("ignite").setLevel(logging.CRITICAL)
