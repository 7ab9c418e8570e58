"""Images on disk that the tests of registration share."""

from __future__ import annotations

import numpy as np
import pytest

from phantom import HEADERS_2D, draw, draw_labels, flat_wave


@pytest.fixture
def no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take longer than all the rest of a small registration."""
    monkeypatch.setattr("scripts.registration.results.save_registration_figure", lambda *args, **kwargs: None)


@pytest.fixture(scope="session")
def slices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A pair of slices in 2-D files, with labels."""
    folder = tmp_path_factory.mktemp("slices")
    matrix = HEADERS_2D["anisotropic"]
    return {
        "fixed": str(draw(folder / "fixed.nii.gz", matrix, 2, squeeze=True)),
        "moving": str(draw(folder / "moving.nii.gz", np.eye(3), 2, flat_wave, squeeze=True)),
        "fixed_label": str(draw_labels(folder / "fixed_seg.nii.gz", matrix, 2, squeeze=True)),
        "moving_label": str(draw_labels(folder / "moving_seg.nii.gz", np.eye(3), 2, flat_wave, squeeze=True)),
    }
