"""The one exception a user may cause: its message is a sentence that says what to do."""

from __future__ import annotations

import atexit
import errno
import io
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType


class InputError(ValueError):
    """Bad input: the message names the file, what was wrong and what would be right, on one line whatever its name."""

    def __init__(self, message: str) -> None:
        super().__init__("".join(each if each.isprintable() else ascii(each)[1:-1] for each in message))


# Loggers of libraries that tell of an error, or of a header they mend, before they raise it.
TALKATIVE = ("ignite", "nibabel.global")
# Of what reading raises our readers make an InputError: these are left to writing.
UNWRITABLE = {
    errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOSPC,
    errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip


def find_input_error(error: BaseException | None) -> InputError | None:
    """The :class:`InputError` that ``error`` is or was raised from; MONAI wraps what its transforms raise.

    A file that could not be written, on a full disk or in a place where none can be, makes one too.
    """
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    known = [each for each in chain if isinstance(each, InputError)]
    unwritten = [each for each in chain if isinstance(each, OSError) and each.errno in UNWRITABLE]
    return known[0] if known else cannot_write(unwritten[0]) if unwritten else None


def cannot_write(error: OSError, path: object = None) -> InputError:
    """The sentence for a file or folder that could not be written; ``path`` where the error names none."""
    name = path or error.filename or "a result"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return no_folder(name)
    return InputError(
        f"{name} cannot be written ({error.strerror or error}); free space or choose another --output_dir."
    )


def no_folder(path: object) -> InputError:
    """The sentence for a folder of results in whose place, or above it, a file lies."""
    return InputError(f"{path} is a file or lies in one; give a folder with --output_dir.")


def refuse_file(folder: Path) -> None:
    """Look before the work whether a folder of results can be made.

    Raises:
        InputError: if it, or one above it, is a file.
    """
    if any(each.exists() and not each.is_dir() for each in (folder, *folder.parents)):
        raise no_folder(folder)


def _sentence_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    found = find_input_error(error)
    if found is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"error: {found}", file=sys.stderr)


def quiet_threads() -> None:
    """Say nothing where a thread ends in what makes a sentence: TensorBoard raises it again where it is used."""
    usual = threading.excepthook

    def hook(ended: threading.ExceptHookArgs) -> None:
        if find_input_error(ended.exc_value) is None:
            usual(ended)

    threading.excepthook = hook


def outlive_readers() -> None:
    """Lose a line that cannot be written, not the work, and without a word of Python's about it.

    A reader may go (``| head -1``), an encoding lack a letter, and a name hold bytes that are none: each would be a
    traceback for every line, and one more at the end.
    """
    logging.raiseExceptions = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    atexit.register(_let_go)


def end_tidily() -> None:
    """Asked to terminate, end as from the keyboard: half-written results are removed and the exit code says so."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _let_go() -> None:
    """Throw away what is left to be written where it cannot be: Python tries once more when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def report_as_sentence() -> None:
    """In ``python -m monai.bundle``, end with the sentence instead of tracebacks; elsewhere do nothing.

    Ignite logs an exception with its traceback at every engine it passes through; the bundle's ``logging.conf`` forbids
    it, but is found in the bundle's own folder only.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None and spec.name.startswith("monai.bundle"):
        sys.excepthook = _sentence_hook
        outlive_readers()
        quiet_threads()
        for library in TALKATIVE:
            logging.getLogger(library).setLevel(logging.CRITICAL)
