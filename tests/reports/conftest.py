"""What the tests of figures share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

Picture = Callable[..., np.ndarray]


@pytest.fixture
def picture() -> Picture:
    """A function that reads a picture of sensible size."""

    def read(path: Path, least: int = 200) -> np.ndarray:
        """The pixels of a PNG; reading fails where it is none."""
        assert path.read_bytes().startswith(b"\x89PNG\r\n")
        pixels = imread(path)
        assert min(pixels.shape[:2]) >= least and max(pixels.shape[:2]) <= 2200
        assert pixels[..., :3].std() > 0.02  # not one colour
        return pixels

    return read
