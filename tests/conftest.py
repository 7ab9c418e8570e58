"""What the tests share: small cohorts on disk, the bundle's folder, runs of the bundle as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

BUNDLE = Path(__file__).resolve().parents[1] / "bundle"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}  # small arrays: threads would only wait for each other

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The bundle's root."""
    return BUNDLE


@pytest.fixture(scope="session")
def cohort_2d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten small synthetic subjects in 2-D."""
    from scripts.data.synthetic import write_cohort

    return write_cohort(tmp_path_factory.mktemp("cohort") / "slices", 10, (48, 56), 0)


@pytest.fixture(scope="session")
def cohort_3d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six small synthetic subjects in 3-D."""
    from scripts.data.synthetic import write_cohort

    return write_cohort(tmp_path_factory.mktemp("cohort") / "volumes", 6, (32, 32, 32), 0)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images, or a skip that says how to get one."""
    folder = os.environ.get("REGISTRATION_DATA")
    if not folder:
        pytest.skip("REGISTRATION_DATA is not set; it names the folder of real images")
    return Path(folder)


def bundle_command(
    configs: Sequence[str], run_id: str | None = None, root: Path = BUNDLE, **options: object
) -> list[str]:
    """The command line of ``python -m monai.bundle run`` with the given files of ``configs/``."""
    files = str([str(root / "configs" / name) for name in configs])
    command = [sys.executable, "-m", "monai.bundle", "run", *([run_id] if run_id else [])]
    changed = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [*command, "--bundle_root", str(root), "--config_file", files, *changed]


@pytest.fixture
def run_bundle(tmp_path: Path) -> Run:
    """Run the bundle in a process of its own, from another folder; the finished process tells what it said."""

    def run(configs: Sequence[str], run_id: str | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        command = bundle_command(configs, run_id, **options)
        return subprocess.run(
            command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
        )

    return run
