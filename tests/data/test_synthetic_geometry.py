"""Shapes and deformations of the embedded cohort, by laws with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from scripts.data.noise import smooth_noise
from scripts.data.synthetic.anatomy import build_tissue
from scripts.data.synthetic.atlas_geometry import STRUCTURES, TRANSVERSE, TRANSVERSE_WIDTH, TRANSVERSE_WINDING
from scripts.data.synthetic.deform import draw_displacement, draw_points, voxel_spacing
from scripts.data.synthetic.labels import structure_ids
from scripts.data.synthetic.shapes import Ellipsoid, sheet_distance, smooth_difference, smooth_union
from scripts.data.synthetic.traits import draw_traits
from scripts.spatial import jacobian_determinant


def _random_points(count: int = 500) -> torch.Tensor:
    return 20 * torch.randn(3, count, generator=torch.Generator().manual_seed(0))


def test_a_ball_has_its_euclidean_distance() -> None:
    ball = Ellipsoid((3, -2), (5, 5), tilt=40, length=5)
    points = _random_points()
    exact = (points - torch.tensor([[3.0], [-2.0], [0.0]])).norm(dim=0) - 5
    torch.testing.assert_close(ball.distance(points), exact, atol=1e-4, rtol=1e-4)


def test_an_ellipsoid_has_its_section_where_the_plane_cuts_it_off_centre() -> None:
    angle, turn = np.linspace(0, 2 * np.pi, 40), math.radians(30)
    a, b = 7 * np.cos(angle), 3 * np.sin(angle)
    section = np.stack(
        [4 + math.cos(turn) * a - math.sin(turn) * b, 9 + math.sin(turn) * a + math.cos(turn) * b, 0 * a]
    )
    shape = Ellipsoid((4, 9), (7, 3), tilt=30, anterior=6, length=10)
    surface = torch.from_numpy(section).float()
    assert shape.distance(surface).abs().max() < 1e-3
    assert (shape.distance(torch.tensor([[4.0, 4.0], [9.0, 9.0], [15.9, 16.1]])) < 0).tolist() == [True, False]


def test_a_grown_and_moved_ellipsoid() -> None:
    shape = Ellipsoid((1, 2), (4, 3), 20, 1, 8)
    changed = shape.changed(growth=1.5, shift=(2, -1))
    assert changed == Ellipsoid((3, 1), (6, 4.5), 20, 1, 8)
    assert shape.changed() == shape


def test_smooth_operations_are_the_sharp_ones_away_from_the_crease() -> None:
    a, b = torch.tensor([-3.0, 5.0, 1.0]), torch.tensor([4.0, -2.0, 1.0])
    assert smooth_union(a, b, 2.0).tolist() == [-3.0, -2.0, 0.5]  # at the crease a quarter of the width is filled
    cutter = torch.tensor([9.0, -2.0, 4.0])
    assert smooth_difference(a, cutter, 2.0).tolist() == [-3.0, 5.0, 1.0]
    assert smooth_difference(a, -a - 9, 2.0).tolist() == [6.0, 14.0, 10.0]  # all of it cut away
    assert smooth_difference(torch.zeros(1), torch.zeros(1), 2.0).item() == 0.5


def test_a_straight_cleft() -> None:
    section = torch.tensor([[0.0, 4.0, 10.0, 13.0, -5.0], [3.0, 0.0, 2.0, 4.0, 1.0]])
    path, width = ((0, 0), (10, 0)), (1.0, 0.5)
    closed = sheet_distance(section, path, width, outward=0)
    expected = [3 - 1, 0 - 0.8, 2 - 0.5, 5 - 0.5, math.hypot(5, 1) - 1]
    assert closed.tolist() == pytest.approx(expected, abs=1e-5)
    assert sheet_distance(section, path, width, outward=1)[-1].item() == pytest.approx(0, abs=1e-6)


def test_no_transverse_sulcus_crosses_the_slice() -> None:
    assert min(abs(place) for place in TRANSVERSE) > TRANSVERSE_WINDING + TRANSVERSE_WIDTH + 5


@pytest.mark.parametrize("size", [(160, 192), (48, 56), (40, 40, 50)])
def test_displacements_never_fold_and_move_millimetres(size: tuple[int, ...]) -> None:
    step = torch.tensor(voxel_spacing(size)).reshape(-1, *[1] * len(size))
    for key in range(4):
        ddf = draw_displacement(np.random.default_rng(key), size)
        assert ddf.shape == (len(size), *size)
        assert jacobian_determinant(ddf[None]).min() > 0.05
        length = (ddf * step).square().sum(0).sqrt()
        assert 1 < length.mean() < 6


@pytest.mark.parametrize("size", [(64, 80), (32, 36, 40)])
def test_points_cover_the_field_of_view_whatever_the_grid(size: tuple[int, ...]) -> None:
    points = torch.stack([draw_points(np.random.default_rng(key), size) for key in range(6)])
    assert points.shape == (6, 3, *size)
    means = points.flatten(2).mean(dim=(0, 2))
    assert means.tolist() == pytest.approx([0, 95.5, 0] if len(size) == 2 else [0, 88, -4], abs=4)
    extent = points.flatten(2).amax(2) - points.flatten(2).amin(2)
    assert extent.mean(0).tolist() == pytest.approx([160, 192, 0] if len(size) == 2 else [160, 160, 200], rel=0.12)
    assert len(size) == 3 or (points[:, 2] == 0).all()


@pytest.mark.parametrize("sigma", [1.0, 9.0])
def test_noise_has_unit_variance_and_its_smoothness(sigma: float) -> None:
    noise = smooth_noise(np.random.default_rng(0), (128, 160), [sigma, sigma])
    assert noise.shape == (128, 160)
    assert noise.std() == pytest.approx(1, abs=1e-3)
    # White noise smoothed by a Gaussian of width s correlates as exp(-d^2 / 4 s^2).
    distance = round(2 * sigma)
    correlation = np.corrcoef(noise[:-distance].ravel(), noise[distance:].ravel())[0, 1]
    assert correlation == pytest.approx(math.exp(-1), abs=0.15)


def test_inner_structures_are_found_at_their_own_centres() -> None:
    traits = draw_traits(np.random.default_rng(1), 2)
    names = ("Thalamus", "Putamen", "Pallidum", "Ventral-DC", "Hippocampus", "Lateral-Ventricle")
    shapes = {part.name: part.parts[0] for part in STRUCTURES if part.name in names}
    points = torch.tensor([[*shape.centre, 0.0] for shape in shapes.values()]).T
    for side, sign in enumerate((1, -1)):
        mirrored = points * torch.tensor([[sign], [1], [1]])
        found = build_tissue(mirrored, traits, 0.5).label.tolist()
        assert found == [structure_ids(name, 2)[side] for name in shapes]


def test_a_line_through_the_brain_meets_fluid_cortex_and_white_matter_in_turn() -> None:
    steps = torch.linspace(0, 40, 400)
    line = torch.stack([torch.full_like(steps, 15.0), steps, 0 * steps])  # down from above, through a gyral crown
    tissue = build_tissue(line, draw_traits(np.random.default_rng(0), 2), 0.3)
    labels = [int(tissue.label[0])] + [int(b) for a, b in zip(tissue.label, tissue.label[1:], strict=False) if a != b]
    assert labels[:3] == [0, 2, 1]
    thickness = (tissue.label[:280] == 2).float().sum() * 0.1
    assert 2 < thickness < 12
