"""The motion of the embedded hearts: a diffeomorphism whose areas and volumes are the physiology's."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.data.hearts.cycle import contraction, end_systole
from scripts.data.hearts.motion import Motion
from scripts.data.hearts.traits import KINDS, Traits, draw_traits
from support import both_dims

PHASES = (0.1, 0.35, 0.6, 0.95)
SYSTOLE = 0.35
STEP = 1e-4  # mm, of central differences


def heart(index: int, breathing: float = 3.0) -> Traits:
    return draw_traits(np.random.default_rng(index), breathing)


def moving(index: int, dims: int, breathing: float = 3.0) -> Motion:
    return Motion(heart(index, breathing), SYSTOLE, through_plane=dims == 3)


def scattered(count: int = 20000) -> np.ndarray:
    """Points ``(3, N)`` all over the field of view and a little beyond, mm."""
    low, high = np.array([[-80], [-80], [-40]]), np.array([[80], [80], [110]])
    return np.random.default_rng(0).uniform(low, high, (3, count))


def determinant(motion: Motion, points: np.ndarray, phase: float) -> np.ndarray:
    """Of the Jacobian of the motion, by central differences, ``(N,)``."""
    columns = []
    for axis in np.eye(3):
        step = STEP * axis[:, None]
        columns.append((motion.forward(points + step, phase) - motion.forward(points - step, phase)) / (2 * STEP))
    return np.linalg.det(np.moveaxis(np.stack(columns), -1, 0))


def tissues(motion: Motion, points: np.ndarray) -> dict[str, np.ndarray]:
    """Points of each tissue below the base, none at a border, where slopes jump."""
    squared, walls = motion.polar(points)
    inside = (points[2] > 1) & (points[2] < motion.traits.length - 1)
    layers = {
        "left": (0 * squared, walls.inner),
        "wall": (walls.inner, walls.outer),
        "right": (walls.outer, walls.right),
    }
    return {
        name: points[:, inside & (squared > low + 2) & (squared < high - 2)] for name, (low, high) in layers.items()
    }


@both_dims
@pytest.mark.parametrize("index", range(4))
def test_backward_inverts_forward(dims: int, index: int) -> None:
    motion, points = moving(index, dims), scattered()
    for phase in PHASES:
        np.testing.assert_allclose(motion.backward(motion.forward(points, phase), phase), points, atol=1e-9)
        np.testing.assert_allclose(motion.forward(motion.backward(points, phase), phase), points, atol=1e-9)


@both_dims
@pytest.mark.parametrize("index", range(4))
def test_nothing_folds(dims: int, index: int) -> None:
    motion, points = moving(index, dims), scattered()
    for phase in PHASES:
        found = determinant(motion, points, phase)
        assert found.min() > 0.2 and found.max() < 4


@both_dims
def test_nothing_moves_at_the_start_and_breathing_alone_at_the_end_of_a_cycle(dims: int) -> None:
    points = scattered()
    for phase in (0.0, 1.0):
        np.testing.assert_allclose(moving(1, dims, breathing=0).forward(points, phase), points, atol=1e-9)
    np.testing.assert_allclose(moving(1, dims).forward(points, 0.0), points, atol=1e-9)
    left = np.linalg.norm(moving(1, dims).forward(points, 1.0) - points, axis=0)
    assert 0.1 < left.max() <= 3


@both_dims
@pytest.mark.parametrize("index", range(3))
def test_the_wall_keeps_its_volume_and_the_cavities_eject_theirs(dims: int, index: int) -> None:
    motion = moving(index, dims, breathing=0)
    traits, parts = motion.traits, tissues(motion, scattered(60000))
    for phase in PHASES:
        amount = contraction(phase, SYSTOLE)
        thickening = 1 if dims == 3 else 1 / (1 - traits.shortening * amount)
        expected = {
            "left": 1 - traits.ejection * amount,
            "wall": thickening,
            "right": 1 - traits.right_ejection * amount,
        }
        for name, volume in expected.items():
            assert parts[name].shape[1] > 100
            np.testing.assert_allclose(determinant(motion, parts[name], phase), volume, rtol=1e-5, err_msg=name)


def test_the_wall_thickens_in_the_plane() -> None:
    motion = moving(1, 3, breathing=0)
    angle = np.linspace(-3, 3, 50)
    level = np.full_like(angle, 40.0)
    axis = motion.axis(level)
    unit = np.stack([np.cos(angle), np.sin(angle)])
    _, walls = motion.polar(np.concatenate([axis + unit, level[None]]))
    ends = [np.concatenate([axis + unit * np.sqrt(q), level[None]]) for q in (walls.inner, walls.outer)]
    thickness = [
        np.linalg.norm(np.subtract(*(motion.forward(end, phase) for end in ends)), axis=0) for phase in (0, 0.35)
    ]
    ratio = thickness[1] / thickness[0]
    assert ratio.min() > 1.15 and ratio.max() < 2


def test_base_and_apex_twist_in_opposite_directions_and_the_base_descends() -> None:
    motion = moving(2, 3, breathing=0)
    turns = []
    for level in (2.0, 0.9 * motion.traits.length):
        centre = motion.axis(np.array(level))
        before = np.stack([centre[0] + 4, centre[1], np.array(level)])
        after = motion.forward(before, SYSTOLE)
        turns.append(np.degrees(np.arctan2(*(after[1::-1] - centre[::-1]))))
    assert -8 <= turns[0] < -2 and 2 < turns[1] <= 8
    base = np.append(motion.axis(np.array(0.0)), 0.0)
    assert 4 < motion.forward(base, SYSTOLE)[2] < 16


@both_dims
def test_motion_fades_away_from_the_heart(dims: int) -> None:
    motion = moving(0, dims)
    x, y = np.array(motion.traits.centre)[:, None] + 180 * np.stack([np.cos(PHASES), np.sin(PHASES)])
    far = np.stack([x, y, np.full_like(x, 30)])
    near = far * 0.3
    for phase in PHASES:
        assert np.abs(motion.forward(far, phase) - far).max() < 1e-3
        assert np.abs(motion.forward(near, phase) - near).max() > 0.05


@pytest.mark.parametrize("systole", [0.2, 0.35, 0.5])
def test_contraction_is_that_of_a_cycle(systole: float) -> None:
    phases = np.linspace(0, 1, 201)
    curve = np.array([contraction(float(phase), systole) for phase in phases])
    assert curve.min() >= 0 and curve.max() <= 1
    assert (curve[0], curve[-1], contraction(systole, systole)) == pytest.approx((0, 0, 1))
    steps = np.diff(curve)
    assert (steps[phases[1:] < systole] > 0).all() and (steps[phases[:-1] > systole] <= 0).all()
    filling = systole + 0.38 * (1 - systole)
    assert contraction(filling, systole) == pytest.approx(0.3)  # most of the filling is early


def test_hearts_differ_as_patients_do() -> None:
    hearts = [heart(index) for index in range(200)]
    assert {each.kind for each in hearts} == set(KINDS)
    ejections = [each.ejection for each in hearts]
    assert 0.25 <= min(ejections) < 0.3 and 0.65 < max(ejections) <= 0.7
    assert min(each.systole for each in hearts) >= 0.28 and max(each.systole for each in hearts) <= 0.45
    assert len({end_systole(each, 20) for each in hearts}) >= 3
    assert max(np.linalg.norm(each.drift) for each in hearts) <= 3
    mean = {kind: np.mean([each.cavity for each in hearts if each.kind == kind]) for kind in KINDS}
    assert mean["hypertrophic"] < mean["normal"] < mean["dilated"]
