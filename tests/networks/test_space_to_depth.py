"""Blocks of voxels as channels, against PyTorch's in 2-D and by hand in 3-D."""

from __future__ import annotations

import torch
from torch.nn.functional import pixel_unshuffle

from scripts.networks.space_to_depth import space_to_depth


def test_is_pixel_unshuffle_in_2d() -> None:
    image = torch.rand(2, 3, 6, 9)
    torch.testing.assert_close(space_to_depth(image, 3), pixel_unshuffle(image, 3))


def test_channels_are_the_voxels_of_a_block() -> None:
    image = torch.rand(2, 3, 4, 6, 8)
    blocks = space_to_depth(image)
    assert blocks.shape == (2, 24, 2, 3, 4)
    torch.testing.assert_close(blocks[1, 8:16, 1, 2, 3], image[1, 1, 2:4, 4:6, 6:8].flatten())
