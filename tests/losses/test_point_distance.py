"""Distances of points: those of the object alone, in voxels."""

from __future__ import annotations

import pytest
import torch

from scripts.losses import PointDistance, RegistrationLoss
from scripts.spatial import affine_field
from support import both_dims


@both_dims
def test_a_field_that_is_off_by_a_known_distance(dims: int) -> None:
    size = (6, 5, 7)[:dims]
    affine = torch.eye(dims, dims + 1)[None] * 1.2
    fixed = torch.zeros(1, 1, *size)
    fixed[:, :, 1:3] = 1
    ddf = affine_field(affine, size)
    ddf[:, 0] += 3
    ddf[:, 1] -= 4
    ddf[:, :, 4:] = 99  # outside of the object
    assert float(PointDistance()(ddf, affine, fixed)) == pytest.approx(5, abs=1e-4)


def test_it_is_a_term_of_a_loss() -> None:
    loss = RegistrationLoss(points={"weight": 2, "of": "affine", "loss": PointDistance()})
    affine, fixed = torch.eye(2, 3)[None], torch.ones(1, 1, 4, 4)
    ddf = torch.zeros(1, 2, 4, 4, requires_grad=True)
    value = loss({"ddf": ddf + 1, "warped": fixed}, {"fixed": fixed, "affine": affine})
    value.backward()
    assert float(value) == pytest.approx(2 * 2**0.5, abs=1e-4) and torch.isfinite(ddf.grad).all()
