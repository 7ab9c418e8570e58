"""What the tests share: small cohorts on disk, the bundle's folder, runs of the bundle as a user starts them."""

from __future__ import annotations

import os

# Before torch and numpy are imported, here and in every process that a test starts: the arrays are small, and threads
# would only wait for each other, those of two workers on two cores most of all.
os.environ["OMP_NUM_THREADS"] = "1"

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from support import BUNDLE, Picture, Run, bundle_command, run_command

LONG = ("benchmarks", "docs", "registration", "sharing", "workflows")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders whose files take long come first, so that both workers have something to do until the end."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


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


@pytest.fixture
def picture() -> Picture:
    """A function that reads a picture of sensible size."""
    from matplotlib.image import imread

    def read(path: Path, least: int = 200) -> np.ndarray:
        """The pixels of a PNG; reading fails where it is none."""
        assert path.read_bytes().startswith(b"\x89PNG\r\n")
        pixels = imread(path)
        assert min(pixels.shape[:2]) >= least and max(pixels.shape[:2]) <= 2200
        assert pixels[..., :3].std() > 0.02  # not one colour
        return pixels

    return read


@pytest.fixture
def run_bundle(tmp_path: Path) -> Run:
    """Run the bundle in a process of its own, from another folder; the finished process tells what it said."""

    def run(configs: Sequence[str], run_id: str | None = None, **options: object) -> subprocess.CompletedProcess[str]:
        return run_command(bundle_command(configs, run_id, **options), tmp_path)

    return run
