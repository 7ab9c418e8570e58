"""Pages: what is placed in inches lies there."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.reports.page import Page
from scripts.reports.panels import show
from scripts.reports.planes import View


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_panel_lies_where_it_was_placed_and_keeps_the_voxels_of_its_view(flip: bool, mirror: bool) -> None:
    view = View(1, 0, flip, (slice(2, 8), slice(4, 16)), mirror)
    page = Page(4.0, 5.0)
    ax = page.panel(1.0, 2.0, 2.0, view)
    show(ax, view, np.zeros((20, 20)), (0.0, 1.0))
    assert ax.get_position().bounds == pytest.approx((1 / 4, 1 - 3 / 5, 2 / 4, 1 / 5))
    assert ax.get_xlim() == ((15.5, 3.5) if mirror else (3.5, 15.5))
    assert ax.get_ylim() == ((1.5, 7.5) if flip else (7.5, 1.5))
