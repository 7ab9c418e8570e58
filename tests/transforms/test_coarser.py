"""Coarser images: means of blocks, at the place where the blocks are."""

from __future__ import annotations

import numpy as np
import torch
from monai.data import MetaTensor

from scripts.transforms import Coarserd


def test_blocks_keep_their_place_and_labels_their_ids() -> None:
    affine = np.diag([1.0, 2.0, 1.0, 1.0])
    affine[:3, 3] = 5
    image = MetaTensor(torch.arange(24.0).reshape(1, 6, 4), affine=affine)
    label = MetaTensor(torch.arange(24).reshape(1, 6, 4), affine=affine)
    found = Coarserd(["image", "label"], 2, ["label"])({"image": image, "label": label})
    torch.testing.assert_close(found["image"].as_tensor(), image.as_tensor().reshape(1, 3, 2, 4).mean(2))
    assert set(found["label"].unique().tolist()) <= set(range(24)) and found["label"].shape == (1, 3, 4)
    np.testing.assert_allclose(found["image"].affine[:2, :2], np.diag([2.0, 2.0]))
    np.testing.assert_allclose(found["image"].affine[:3, 3], [5.5, 5, 5])  # the middle of the first two


def test_a_coarse_image_stays_as_it_is() -> None:
    image = torch.rand(1, 5, 5, 5)
    assert torch.equal(Coarserd("image", 1.2)({"image": image})["image"], image)
    assert Coarserd("image", None)({"image": image})["image"] is image
