"""Pairs under known maps: the map that is told is the one that was done."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from scripts.data import RandomAffinePaird
from scripts.data.known_affine import rotation_in
from scripts.spatial import affine_field, warp
from support import both_dims


def smooth(dims: int, size: int = 32) -> Tensor:
    """A blob off the middle, ``(1, *S)``."""
    axes = torch.meshgrid(*(torch.arange(size).float(),) * dims, indexing="ij")
    near = sum(
        (axis - centre) ** 2 / width for axis, centre, width in zip(axes, (14, 17, 15), (60, 25, 40), strict=False)
    )
    return torch.exp(-near)[None]


@both_dims
def test_the_map_takes_the_fixed_image_to_the_moving_one(dims: int) -> None:
    image = smooth(dims)
    transform = RandomAffinePaird(same=1, shift=0.02, scale=(0.7, 0.9), flip=1)
    transform.set_random_state(seed=4)
    pair = transform({"moving": torch.rand_like(image), "fixed": image})
    assert (pair["moving"] - pair["fixed"]).abs().max() > 0.3
    field = affine_field(pair["affine"][None], image.shape[1:])
    warped = warp(pair["moving"][None], field, padding_mode="zeros")
    assert (warped - pair["fixed"][None]).abs().max() < 0.1


def test_labels_go_with_their_images_or_are_left_out() -> None:
    image = smooth(2)
    pair = {"moving": image, "fixed": image, "moving_label": (image > 0.3).int(), "fixed_label": (image > 0.3).int()}
    transform = RandomAffinePaird(shift=0.05)
    transform.set_random_state(seed=2)
    moved = transform(pair)
    for name in ("moving", "fixed"):
        assert ((moved[name] > 0.3) != (moved[f"{name}_label"] > 0)).float().mean() < 0.02
        assert moved[f"{name}_label"].dtype == torch.int32
    assert set(RandomAffinePaird(labels=False)(pair)) == {"moving", "fixed", "affine"}


def test_what_is_drawn_depends_on_the_seed_alone() -> None:
    pair, transform = {"moving": smooth(2), "fixed": smooth(2)}, RandomAffinePaird(crop=0.5)
    found = []
    for seed in (1, 1, 2):
        transform.set_random_state(seed=seed)
        found.append(transform(pair))
    assert torch.equal(found[0]["affine"], found[1]["affine"]) and torch.equal(found[0]["moving"], found[1]["moving"])
    assert not torch.equal(found[0]["affine"], found[2]["affine"])


def test_a_crop_leaves_a_box() -> None:
    ones = torch.ones(1, 40, 40)
    transform = RandomAffinePaird(rotation=0, scale=(1, 1), stretch=0, shear=0, shift=0, crop=1, least=0.5)
    transform.set_random_state(seed=0)
    seen = transform({"moving": ones, "fixed": ones})["moving"][0] > 0.5
    rows, columns = seen.any(1), seen.any(0)
    assert 20 <= rows.sum() <= 40 and 20 <= columns.sum() <= 40 and seen.sum() < 1600
    assert torch.equal(seen, rows[:, None] & columns)


@pytest.mark.parametrize("angle", [0.3, np.pi])
def test_rotations(angle: float) -> None:
    plane = np.array([[0, -0.6, 0], [0.6, 0, -0.8], [0, 0.8, 0]])
    turn = rotation_in(plane, angle)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert np.arccos((np.trace(turn) - 1) / 2) == pytest.approx(angle, abs=1e-6)


@both_dims
def test_the_image_that_is_not_named_stays(dims: int) -> None:
    image = smooth(dims)
    transform = RandomAffinePaird(moved=["moving"], same=0, crop=1)
    transform.set_random_state(seed=1)
    found = transform({"moving": image, "fixed": image})
    assert torch.equal(found["fixed"], image) and not torch.equal(found["moving"], image)
