"""A Python that has imported what takes seconds, and is forked for every command: ``python tests/warm_python.py``.

Most of a short command's time goes into importing torch, MONAI and ITK; this process does so once. A request is a line
of JSON on its standard input: it forks, and the child runs a module as ``python -m`` does, from the request's folder
and with nothing of the bundle imported yet, but for a package that is named on the command line. The workers that
``torchrun`` starts are forked likewise. The answer is a line
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
import subprocess
import sys
import time

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
TORCHRUN, WORKERS = "torch.distributed.run", 2


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
    if words[0] == TORCHRUN:
        words = with_workers(words)
    signal.alarm(seconds)  # which a fork would not inherit
    sys.path[0] = folder
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


class Worker:
    """A forked process that waits to be told what it is to be; as much of a ``Popen`` as ``torchrun`` uses."""

    def __init__(self, process: int, told: int) -> None:
        self.pid, self.told, self.code = process, told, None

    def start(self, words: list[str], environment: dict[str, str]) -> Worker:
        """Tell it."""
        with os.fdopen(self.told, "w", encoding="utf-8") as pipe:
            json.dump([words, environment], pipe)
        return self

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        if self.code is None:
            process, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if process else None
        return self.code

    def wait(self, timeout: float) -> int:
        """Its exit code, for which is waited."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(TORCHRUN, timeout)
            time.sleep(0.01)
        return code


def with_workers(words: list[str]) -> list[str]:
    """Fork the workers of a ``torchrun``, before it begins: they end as any Python does, and it as usual.

    Returns:
        ``words``; in a worker, once it is started, its own.
    """
    workers: list[Worker] = []
    for _ in range(WORKERS):
        listen, tell = os.pipe()
        process = os.fork()
        if not process:
            for end in (tell, *(worker.told for worker in workers)):
                os.close(end)
            return told_by(listen)
        os.close(listen)
        workers.append(Worker(process, tell))
    handler = importlib.import_module("torch.distributed.elastic.multiprocessing.subprocess_handler").SubprocessHandler
    handler._popen = lambda self, args, env: workers.pop(0).start(list(args), env)
    return words


def told_by(pipe: int) -> list[str]:
    """In a worker: wait for the words and the environment of it."""
    os.setsid()  # as torchrun has it, which ends the whole group
    with os.fdopen(pipe, encoding="utf-8") as file:
        told = file.read()
    if not told:
        os._exit(0)  # it was not needed
    (_, unbuffered, flag, *words), environment = json.loads(told)
    assert (unbuffered, flag) == ("-u", "-m")
    sys.stdout.reconfigure(write_through=True)
    os.environ.clear()
    os.environ.update(environment)
    return words


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
