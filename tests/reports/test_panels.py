"""What panels show of a plane: lines, outlines and colours where they belong."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from scripts.reports.panels import FOLDED_COLOUR, draw_jacobian, draw_outlines, grid_lines, outline_lines
from scripts.reports.planes import View

WHOLE = View(1, 0, False, (slice(0, 12), slice(0, 10)))


def test_grid_lines_are_where_the_field_takes_them() -> None:
    """Every 5th row and column, those outside the box too; 2 across and -1 down moves all points by it."""
    ddf = np.zeros((2, 11, 16))
    ddf[1], ddf[0] = 2.0, -1.0
    lines = grid_lines(WHOLE, ddf, step=5)
    assert len(lines) == 3 + 4
    np.testing.assert_array_equal(lines[1], np.stack([np.arange(16) + 2, np.full(16, 5 - 1)], axis=1))
    np.testing.assert_array_equal(lines[3 + 2], np.stack([np.full(11, 10 + 2), np.arange(11) - 1], axis=1))


def test_every_label_has_an_outline_of_its_own() -> None:
    label = np.zeros((12, 10), int)
    label[2:5, 2:8], label[5:9, 2:8] = 3, 7
    ax = Figure().subplots()
    draw_outlines(ax, WHOLE, label, "red", 1.0)
    lines = [line for contour in ax.collections for line in contour.get_paths()]
    assert [(line.vertices[:, 1].min(), line.vertices[:, 1].max()) for line in lines] == [(1.5, 4.5), (4.5, 8.5)]


def test_a_label_that_fills_the_plane_has_no_outline() -> None:
    assert outline_lines(WHOLE, np.ones((12, 10), int)) == []


def test_only_what_is_folded_takes_the_colour_of_folding() -> None:
    jac_det = np.full((12, 10), 1e-6)
    jac_det[3, 4], jac_det[5, 6] = 0.0, -20.0
    image = draw_jacobian(Figure().subplots(), WHOLE, jac_det)
    folded = np.isclose(image.to_rgba(image.get_array()), to_rgba(FOLDED_COLOUR)).all(-1)
    np.testing.assert_array_equal(folded, jac_det <= 0)
