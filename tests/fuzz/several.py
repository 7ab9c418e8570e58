"""Several commands in one process, ``python -m several REQUEST``: what is imported for one serves them all.

The request is a file of JSON lines, ``{"words", "folder", "outputs"}`` each; after each a line with its exit code is
printed. A command that ends the process, or takes longer than the request's seconds, is the last: who asked goes on
behind it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path


def code_of(words: list[str]) -> int:
    """Be ``python -m WORDS``; its exit code."""
    sys.argv = words
    sys.modules["__main__"].__spec__ = importlib.util.find_spec(f"{words[0]}.__main__")
    importlib.reload(importlib.import_module("scripts"))  # what it does on being imported depends on the command
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        (sys.excepthook if words[0] == "monai.bundle" else traceback.print_exception)(*sys.exc_info())
        return 1
    return 0


def main(path: str, seconds: str) -> None:
    """Do what the request asks for."""
    said = os.fdopen(os.dup(1), "w")
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        for number, output in enumerate(request["outputs"], start=1):
            os.dup2(os.open(output, os.O_RDWR | os.O_CREAT), number)
        os.chdir(request["folder"])
        signal.alarm(int(seconds))
        code = code_of(request["words"])
        signal.alarm(0)
        sys.stdout.flush()
        sys.stderr.flush()
        print(code, file=said, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
