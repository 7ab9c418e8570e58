"""What the commands of the benchmarks have in common."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from scripts.errors import InputError

from .docs import OPTION


def command_line(description: str | None, docs: bool = True) -> argparse.ArgumentParser:
    """A command line that shows the module's docstring and, where there is a table, takes ``--docs``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if docs:
        parser.add_argument(
            OPTION, metavar="FILE[#BLOCK]", help="write the table there too, between the block's markers"
        )
    return parser


def start(main: Callable[[Sequence[str]], None]) -> None:
    """Run a command with what the user typed; what he may cause ends in a sentence, and runs under way end with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    try:
        main(sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
