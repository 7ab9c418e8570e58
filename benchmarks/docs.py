"""A benchmark's table in the documentation: a block between two markers, with the command, the data and the machine.

    <!-- benchmark: NAME -->
    ...
    <!-- /benchmark -->

``--docs FILE`` of a command writes the block of the benchmark's own name, ``--docs FILE#NAME`` that of another name, so
that one benchmark can have several tables. What stands outside of the markers is left alone.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from scripts.errors import InputError
from scripts.files import write_text_atomic

from . import ROOT

BLOCK = r"(?P<head><!-- benchmark: {name} -->\n)(?P<text>.*?)(?P<foot><!-- /benchmark -->)"
OPTION = "--docs"
WIDTH = 124  # of prose


def blocks(text: str) -> dict[str, str]:
    """The generated blocks of a document, by name."""
    found = re.finditer(BLOCK.format(name="(?P<name>[\\w-]+)"), text, re.DOTALL)
    return {match["name"]: match["text"] for match in found}


def replace_block(text: str, name: str, block: str) -> str:
    """A document with another text between the markers of ``name``.

    Raises:
        ValueError: if there is not one such pair of markers.
    """
    pattern = re.compile(BLOCK.format(name=re.escape(name)), re.DOTALL)
    found = pattern.findall(text)
    if len(found) != 1:
        raise ValueError(f"{len(found)} blocks")
    return pattern.sub(lambda match: f"{match['head']}{block.strip()}\n{match['foot']}", text)


def block_of(command: str, data: str, where: str, tables: str) -> str:
    """What stands between the markers: the command, what was measured and where, the tables."""
    said = f"{data} Machine: {where}." if where else data
    prose = textwrap.fill(said, WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"```sh\n{command}\n```\n\n{prose}\n\n{tables.strip()}\n"


def publish(
    target: str | None, name: str, arguments: Sequence[str], data: str, tables: str, where: str | None = None
) -> None:
    """Write a benchmark's tables into the file that ``--docs`` names; without one do nothing.

    Args:
        target: ``FILE`` or ``FILE#BLOCK``.
        name: of the benchmark, and of its block where the target names none.
        arguments: of the command line, without the program.
        data: a sentence or two on data and protocol.
        tables: Markdown.
        where: the machine, if not this one; empty where it does not matter.

    Raises:
        InputError: if the file has no such block, or several.
    """
    if target is None:
        return
    file, _, block = target.partition("#")
    path, block = Path(file), block or name
    if not path.is_file():
        raise InputError(f"{path} does not exist; --docs takes a Markdown file with a block of the benchmark's name.")
    text = block_of(command_of(name, arguments), data, machine() if where is None else where, tables)
    try:
        written = replace_block(path.read_text(encoding="utf-8"), block, text)
    except ValueError as error:
        raise InputError(
            f"{path} has {error} of the benchmark {block}; it needs one pair of lines "
            f"<!-- benchmark: {block} --> and <!-- /benchmark -->."
        ) from error
    write_text_atomic(path, written)


def command_of(name: str, arguments: Sequence[str]) -> str:
    """The command to print: without ``--docs``, and paths without the folders of this machine."""
    kept = [a for before, a in pairwise(["", *arguments]) if before != OPTION and a.partition("=")[0] != OPTION]
    return f"python -m benchmarks.{name} {shlex.join(shortened(argument) for argument in kept)}".rstrip()


def shortened(argument: str) -> str:
    """A path from the repository's root, or, where it lies elsewhere, its name; anything else as it is."""
    path = Path(argument)
    if not path.is_absolute():
        return argument
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def machine() -> str:
    """Processor, cores, threads and the version of PyTorch, in words."""
    import torch  # takes seconds, and not every command needs it

    cores, threads = len(os.sched_getaffinity(0)), torch.get_num_threads()
    return f"{platform.machine()}, {cores} cores, {threads} threads, PyTorch {torch.__version__.partition('+')[0]}"
