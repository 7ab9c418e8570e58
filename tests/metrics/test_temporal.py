"""Laws of motion over time, and of the volumes that a motion carries along."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from scripts.metrics import carried_volume, ejection_fraction, temporal_roughness
from scripts.spatial import identity_grid

SIZES = [(16, 20), (10, 12, 11)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=["2-D", "3-D"])
PERIODS = [False, True]


def moving(positions: Tensor, size: tuple[int, ...]) -> Tensor:
    """Every point goes to ``positions`` ``(T, D)``: ``(T, D, *S)``."""
    return positions.view(*positions.shape, *(1,) * len(size)).expand(-1, -1, *size)


@all_sizes
def test_roughness_of_a_straight_motion_is_where_it_turns_back(size: tuple[int, ...]) -> None:
    """At one speed nothing; as a cycle it jumps back by all frames at both ends."""
    step, frames = 0.5, 6
    field = moving(step * torch.arange(float(frames))[:, None] * torch.ones(len(size)), size)
    assert temporal_roughness(field, periodic=False) == pytest.approx(0, abs=1e-6)
    jump = step * frames * math.sqrt(len(size))
    assert temporal_roughness(field, periodic=True) == pytest.approx(jump * math.sqrt(2 / frames))


@all_sizes
def test_roughness_of_a_circle(size: tuple[int, ...]) -> None:
    """A second difference of ``r cos(w t)`` is ``-2 (1 - cos w)`` times it, in every frame of the cycle alike."""
    frames, radius = 12, 3.0
    angle = 2 * math.pi * torch.arange(frames) / frames
    positions = torch.zeros(frames, len(size))
    positions[:, 0], positions[:, 1] = radius * angle.cos(), radius * angle.sin()
    expected = 2 * radius * (1 - math.cos(2 * math.pi / frames))
    for periodic in PERIODS:
        assert temporal_roughness(moving(positions, size), periodic) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("periodic", PERIODS)
def test_roughness_needs_three_frames(periodic: bool) -> None:
    with pytest.raises(ValueError, match="3 frames or more, got 2"):
        temporal_roughness(torch.zeros(2, 2, 5, 5), periodic)


def box_label(size: tuple[int, ...]) -> Tensor:
    """Two boxes inside, ids 3 and 7, and nothing else."""
    label = torch.zeros(1, 1, *size, dtype=torch.int32)
    label[0, 0, 2:5, 3:7], label[0, 0, 5:8, 3:9] = 3, 7
    return label


@all_sizes
def test_linear_motions_multiply_every_volume_by_their_determinant(size: tuple[int, ...]) -> None:
    """Rest, a shift, a stretch by 1.5 and a shrinking by 0.5 along one axis each."""
    label, points = box_label(size), identity_grid(size)
    ddf = torch.zeros(4, len(size), *size)
    ddf[1], ddf[2, 0], ddf[3, 1] = 2.5, 0.5 * points[0], -0.5 * points[1]
    counts = torch.tensor([(label == i).sum() for i in (7, 3)])
    expected = torch.tensor([1, 1, 1.5, 0.5])[:, None] * counts
    torch.testing.assert_close(carried_volume(label, [7, 3], ddf), expected)
    assert carried_volume(label, [9], ddf).tolist() == [[0], [0], [0], [0]]


@all_sizes
def test_the_volume_is_that_between_the_borders_which_move(size: tuple[int, ...]) -> None:
    """A motion along one axis that changes from point to point: what lies between two planes changes with them."""
    along = torch.zeros(size[0])
    along[1:5] = torch.tensor([0.4, -0.3, 0.8, 0.1])
    ddf = torch.zeros(1, len(size), *size)
    ddf[0, 0] = along.view(-1, *(1,) * (len(size) - 1))
    # A border is halfway between two voxels, and moves as they do on average.
    thickness = 3 + along[4:6].mean() - along[1:3].mean()
    face = (box_label(size) == 3).sum() / 3
    torch.testing.assert_close(carried_volume(box_label(size), [3], ddf), (thickness * face).view(1, 1))


def test_ejection_fraction_is_what_leaves_of_the_largest_volume() -> None:
    volumes = torch.tensor([110.0, 120.0, 80.0, 48.0, 90.0])
    assert ejection_fraction(volumes) == pytest.approx(0.6)
    assert ejection_fraction(7.5 * volumes.roll(2)) == pytest.approx(0.6)  # in any unit, from any frame on
    assert ejection_fraction(torch.full((5,), 3.0)) == 0
    assert math.isnan(ejection_fraction(torch.zeros(5)))
