"""The stages of a registration: one vocabulary, in order of time, and what each is measured by."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from scripts.engines import STAGES, registration_stages
from scripts.spatial import warp
from support import both_dims

SIZES = {2: (24, 28), 3: (16, 18, 20)}


def tensors(dims: int, *names: str) -> dict[str, Tensor]:
    return {name: torch.rand(1, 1, *SIZES[dims]) for name in ("moving", "fixed", "moving_label", "fixed_label", *names)}


@both_dims
def test_stages_before_the_network_have_no_field(dims: int) -> None:
    moving, label = torch.rand(1, 1, *SIZES[dims]), torch.ones(1, 1, *SIZES[dims])
    target = {"moving": moving, "fixed": moving, "moving_label": label, "fixed_label": label}
    pred = {"ddf": torch.ones(1, dims, *SIZES[dims]), "warped": moving + 1}
    stages = registration_stages(target, pred)
    assert list(stages) == ["unregistered", "network"]
    assert stages["unregistered"][0]["ddf"].abs().max() == 0
    assert stages["unregistered"][0]["warped"] is moving and stages["network"][0]["warped"] is pred["warped"]


@both_dims
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("refined", [False, True])
def test_stages_are_those_that_the_data_and_the_inferer_went_through(dims: int, affine: bool, refined: bool) -> None:
    target = tensors(dims, *(["unaligned_image", "unaligned_label"] if affine else []))
    pred = {"ddf": torch.full((1, dims, *SIZES[dims]), 0.5), "warped": target["moving"] + 1}
    if refined:
        pred["network_ddf"] = torch.ones(1, dims, *SIZES[dims])
    stages = registration_stages(target, pred)
    passed = {"unregistered": True, "affine": affine, "network": True, "refined": refined}
    assert list(stages) == [name for name in STAGES if passed[name]]
    last = list(stages)[-1]
    assert stages[last][0]["warped"] is pred["warped"] and stages[last][0]["ddf"] is pred["ddf"]
    if affine:
        found, raw = stages["unregistered"]
        assert raw["moving_label"] is target["unaligned_label"] and found["warped"] is target["unaligned_image"]
        assert stages["affine"][1] is target and stages["affine"][0]["warped"] is target["moving"]
    if refined:
        expected = warp(target["moving"], pred["network_ddf"])
        torch.testing.assert_close(stages["network"][0]["warped"], expected)


def test_images_without_labels_have_the_affine_stage_too() -> None:
    target = {name: torch.rand(1, 1, 8, 9) for name in ("moving", "fixed", "unaligned_image")}
    stages = registration_stages(target, {"ddf": torch.zeros(1, 2, 8, 9), "warped": target["moving"]})
    assert list(stages) == ["unregistered", "affine", "network"]
    assert "moving_label" not in stages["unregistered"][1]
