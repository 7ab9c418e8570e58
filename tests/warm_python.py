"""A Python that has imported what takes seconds, and is forked for every command: ``python tests/warm_python.py``.

Most of a short command's time goes into importing torch, MONAI and ITK; this process does so once. A request is a line
of JSON on its standard input: it forks, and the child runs a module as ``python -m`` does, from the request's folder
and with nothing of the bundle imported yet, but for a package that is named on the command line. The answer is a line
with the child's process and, once it has ended, another with its exit code.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import os
import pkgutil
import re
import resource
import runpy
import signal
import sys

SLOW = (
    "fire",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "monai.bundle",
    "monai.engines",
    "monai.handlers",
    "scipy.ndimage",
    "torch._dynamo",  # which every optimiser imports
    "torch.utils.tensorboard",
)
# Which loads what is named.
SLOW_IN_ITK = ("imread", "CompositeTransform", "DisplacementFieldTransform", "ImageRegistrationMethodv4")


def become(words: list[str], folder: str, outputs: list[str], seconds: int, kilobytes: int | None) -> None:
    """Be ``python -m WORDS`` in a folder, for so many seconds at the most, with output and errors going to files.

    Files that it writes may measure so many kilobytes.
    """
    for number, path in enumerate([os.devnull, *outputs]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    # What was a file may be a pipe now.
    sys.stderr = os.fdopen(2, "w", buffering=1, errors=sys.stderr.errors, closefd=False)
    if kilobytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024,) * 2)
    os.chdir(folder)
    signal.alarm(seconds)
    sys.path[0] = folder
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def import_all(name: str) -> None:
    """Import a package, every module in it that is not its command, and what these name of ITK."""
    package, itk = importlib.import_module(name), importlib.import_module("itk")
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            source = inspect.getsource(importlib.import_module(module.name))
            for named in re.findall(r"\bitk\.([A-Za-z]\w+)", source):
                getattr(itk, named, None)


def main(packages: list[str]) -> None:
    """Answer requests until the input ends."""
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"  # asked otherwise, CUDA cannot be used behind a fork
    for name in SLOW:
        importlib.import_module(name)
    itk = importlib.import_module("itk")
    for name in SLOW_IN_ITK:
        getattr(itk, name)
    for name in packages:
        import_all(name)
    gc.freeze()  # or every child would take two seconds to clear it all up
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return become(**json.loads(line))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
