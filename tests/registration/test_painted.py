"""What the network is shown where a mask hides an image: nothing that could move."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from scripts.engines import RegistrationInferer
from scripts.physical import Grid, Prepared
from scripts.registration.deformation import Deformation
from scripts.registration.stages import NetworkStage

GRID = Grid((12, 14), np.eye(3))


class Seen(nn.Module):
    """Keeps the pair, and moves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = torch.empty(0)

    def forward(self, pair: Tensor) -> Tensor:
        self.pair = pair
        return torch.zeros(1, 2, *GRID.size)


def prepared(hidden: slice | None = None) -> Prepared:
    """An image, and a mask that hides some of its rows."""
    mask = torch.ones(1, 1, *GRID.size)
    if hidden is not None:
        mask[:, :, hidden] = 0
    return Prepared(torch.rand(1, 1, *GRID.size), GRID, mask=None if hidden is None else mask)


def shown(fixed: Prepared, moving: Prepared) -> Tensor:
    stage = NetworkStage.__new__(NetworkStage)  # without weights
    stage.network, stage.device, stage.inferer = Seen(), "cpu", RegistrationInferer()
    stage(fixed, moving, Deformation.none(GRID))
    pair: Tensor = stage.network.pair
    return pair


def test_where_either_mask_hides_both_images_are_the_fixed_one() -> None:
    fixed, moving = prepared(slice(0, 3)), prepared(slice(8, 12))
    pair = shown(fixed, moving)
    torch.testing.assert_close(pair[:, 1:], fixed.values)
    torch.testing.assert_close(pair[:, :1, 3:8], moving.values[:, :, 3:8])
    for hidden in (slice(0, 3), slice(8, 12)):
        torch.testing.assert_close(pair[:, :1, hidden], fixed.values[:, :, hidden])


def test_without_masks_it_is_shown_the_images() -> None:
    fixed, moving = prepared(), prepared()
    torch.testing.assert_close(shown(fixed, moving), torch.cat([moving.values, fixed.values], dim=1))
