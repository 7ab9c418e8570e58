"""Running the bundle as a user does: the command line, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}  # small arrays: threads would only wait for each other

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def bundle_command(
    configs: Sequence[str], run_id: str | None = None, root: Path = BUNDLE, **options: object
) -> list[str]:
    """The command line of ``python -m monai.bundle run`` with the given files of ``configs/``."""
    files = str([str(root / "configs" / name) for name in configs])
    command = [sys.executable, "-m", "monai.bundle", "run", *([run_id] if run_id else [])]
    changed = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [*command, "--bundle_root", str(root), "--config_file", files, *changed]
