"""Self-similarity does not see contrast, and sees shape."""

from __future__ import annotations

import pytest
import torch

from scripts.losses import MINDLoss, mind
from scripts.spatial import self_similarity
from support import smooth_image

SIZES = [(24, 30), (16, 18, 14)]
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


@each_size
def test_contrast_does_not_count_and_shape_does(size: tuple[int, ...]) -> None:
    image, loss = smooth_image(size), MINDLoss()
    assert float(loss(image, image)) == 0
    assert float(loss(1 - image, image)) < 1e-6
    assert float(loss(0.3 * image + 0.2, image)) < 1e-4
    moved = image.roll(2, -1)
    assert float(loss(moved, image)) > 100 * max(float(loss(1 - image, image)), 1e-6)
    assert float(loss(1 - moved, image)) == pytest.approx(float(loss(moved, image)), rel=1e-3)
    assert float(loss(smooth_image(size, 1), image)) > float(loss(moved, image))


@each_size
def test_gradient_points_to_the_right_place(size: tuple[int, ...]) -> None:
    """An inverted image that is shifted by half a voxel is moved back by its gradient."""
    image, loss = smooth_image(size), MINDLoss()
    shift = torch.zeros((), requires_grad=True)
    nearby = 1 - ((0.5 - shift) * image.roll(1, -1) + (0.5 + shift) * image)
    loss(nearby, image).backward()
    assert shift.grad is not None
    assert float(shift.grad) < 0


def test_an_empty_image_has_a_finite_gradient() -> None:
    pred = torch.zeros(1, 1, 20, 20, requires_grad=True)
    MINDLoss()(pred, smooth_image((20, 20))).backward()
    assert pred.grad is not None
    assert torch.isfinite(pred.grad).all()


def test_a_target_is_looked_at_once_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of an image is its own: neither another image's, nor that of what it was before."""
    seen = []
    monkeypatch.setattr(mind, "self_similarity", lambda image, *how: seen.append(1) or self_similarity(image, *how))
    first, second, target = (smooth_image((20, 20), seed) for seed in range(3))
    loss = MINDLoss()
    assert loss(first, target) == MINDLoss()(first, target)
    seen.clear()
    assert loss(second, target) == MINDLoss()(second, target.clone())
    assert len(seen) == 1 + 2
    target.copy_(first)
    assert float(loss(first, target)) == 0
    assert loss(second, target.requires_grad_()).requires_grad
    with torch.inference_mode():
        assert float(loss(first, first.clone())) == 0


def test_shapes_and_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match="two images"):
        MINDLoss()(torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 8, 8))
    with pytest.raises(ValueError, match="radius"):
        MINDLoss(radius=-1)
