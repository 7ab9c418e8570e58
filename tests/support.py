"""What several tests use: the bundle run as a user runs it, its configs, and what is asked of sentences and figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from monai.bundle import ConfigParser  # takes seconds, so only where it is used
    from torch import Tensor

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Picture = Callable[..., np.ndarray]

both_dims = pytest.mark.parametrize("dims", [2, 3])


def bundle_command(
    configs: Sequence[str], run_id: str | None = None, root: Path = BUNDLE, **options: object
) -> list[str]:
    """The command line of ``python -m monai.bundle run`` with the given files of ``configs/``."""
    files = str([str(root / "configs" / name) for name in configs])
    command = [sys.executable, "-m", "monai.bundle", "run", *([run_id] if run_id else [])]
    changed = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [*command, "--bundle_root", str(root), "--config_file", files, *changed]


def run_command(
    command: Sequence[str],
    folder: Path,
    seconds: int = 300,
    imported: str | None = None,
    *,
    kilobytes: int | None = None,
    killed_when: Callable[[], bool] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE ...`` from a folder, in a process of its own; the finished process tells what it said.

    Args:
        command: the words.
        folder: where.
        seconds: at the most; then the process is killed.
        imported: a package that the process has imported already, to be quicker.
        kilobytes: what a file may measure that it writes, as where a disk is full.
        killed_when: once this is so, the process gets ``kill -9``.
    """
    python, flag, *words = command
    assert (python, flag) == (sys.executable, "-m")
    server = _warm_python(imported)
    assert server.stdin is not None and server.stdout is not None
    with tempfile.TemporaryDirectory() as place:
        outputs = [Path(place) / name for name in ("stdout", "stderr")]
        for path in outputs:
            if kilobytes is None:
                path.touch()
            else:
                os.mkfifo(path)  # of any length, but holding no more than 64 kB
        ends = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in outputs]
        request = {"words": words, "folder": str(folder), "outputs": [str(path) for path in outputs]}
        server.stdin.write(json.dumps({**request, "seconds": seconds, "kilobytes": kilobytes}) + "\n")
        server.stdin.flush()
        process = int(server.stdout.readline())
        if killed_when is not None:
            _kill(process, killed_when)
        code = int(server.stdout.readline())
        said = []
        for end in ends:
            with os.fdopen(end, encoding="utf-8", errors="replace") as file:
                said.append(file.read())
    return subprocess.CompletedProcess(command, code, *said)


def _kill(process: int, when: Callable[[], bool]) -> None:
    """Wait, and ``kill -9`` a process, unless it ends before."""
    with suppress(ProcessLookupError):
        while not when():
            os.kill(process, 0)
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)


def kill_after_first_checkpoint(command: list[str], folder: Path) -> None:
    """Start a training that writes to ``folder``; ``kill -9`` it once it has saved, before its last epoch."""
    done = run_command(command, folder.parent, killed_when=(folder / "checkpoint.pt").is_file)
    assert done.returncode == -signal.SIGKILL, "ended before its first checkpoint"
    assert not (folder / "model_last.pt").exists()


@cache
def _warm_python(imported: str | None) -> subprocess.Popen[str]:
    """The process that is forked for every command; it ends with this one."""
    command = [sys.executable, str(Path(__file__).with_name("warm_python.py")), *([imported] if imported else [])]
    places = [str(BUNDLE), str(Path(__file__).parent / "fuzz"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)} if imported else None
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")


def parse(bundle: Path, *names: str, **values: Any) -> ConfigParser:
    """The given files of ``configs/`` with values changed; on the processor unless these say otherwise."""
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config([str(bundle / "configs" / name) for name in names])
    parser.update({"bundle_root": str(bundle), "device": "$torch.device('cpu')", **values})
    return parser


class Harm:
    """What a malicious pickle would do: unpickled, it leaves a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def assert_one_sentence(message: str, path: str = "") -> None:
    """One sentence on one line that, where a path is given, begins with it."""
    assert message.startswith((f"{path} ", f"{path}: ") if path else "")
    assert message.endswith(".") and ". " not in message and "\n" not in message


def mean_dice(first: np.ndarray, second: np.ndarray) -> float:
    """Over the labels that either map has."""
    ids = (set(np.unique(first)) | set(np.unique(second))) - {0}
    overlaps = [2 * ((first == i) & (second == i)).sum() / ((first == i).sum() + (second == i).sum()) for i in ids]
    return float(np.mean(overlaps))


def coloured(pixels: np.ndarray, colour: str) -> np.ndarray:
    """Which pixels ``(H, W)`` of a picture have a colour, but for the last shade of it."""
    from matplotlib.colors import to_rgb

    return np.abs(pixels[..., :3] - to_rgb(colour)).max(axis=-1) < 0.1


def smooth_image(size: tuple[int, ...], seed: int = 0) -> Tensor:
    """A texture ``(1, 1, *size)`` from 0 to 1 without edges."""
    import torch
    from scipy.ndimage import gaussian_filter

    noise = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(seed))
    image = torch.from_numpy(gaussian_filter(noise[0, 0].numpy(), 1.5))[None, None]
    return (image - image.min()) / (image.max() - image.min())
