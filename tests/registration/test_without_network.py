"""Every method registers without its network: by what of its training's loss two images at hand can be judged by."""

from __future__ import annotations

import pytest
import torch

from scripts.configuration import BUNDLE, read_config
from scripts.registration import ConfiguredMethods
from scripts.spatial import warp

METHODS = sorted(path.stem for path in (BUNDLE / "configs" / "methods").glob("*.yaml"))


@pytest.mark.parametrize("name", METHODS)
def test_refinement_needs_the_images_alone(name: str) -> None:
    dims = read_config(BUNDLE / "configs" / "methods" / f"{name}.yaml")["spatial_dims"]
    method = ConfiguredMethods(name, use_network=False, refinement_steps=2)(dims)
    if method.refinement is None:
        pytest.skip(f"{name} refines nothing")
    torch.manual_seed(0)
    moving = (
        torch.nn.functional.avg_pool2d(torch.rand(1, 1, 48, 40), 5, 1, 2) if dims == 2 else torch.rand(1, 1, 24, 20, 24)
    )
    shift = torch.zeros(1, dims, *moving.shape[2:])
    shift[:, 0] = 1
    pair = torch.cat([moving, warp(moving, shift)], 1)
    refined = method.refinement(pair, torch.zeros_like(shift), 2)
    assert refined.isfinite().all() and refined.any()
    assert set(method.refinement.loss.values) >= {"diffusion"}
    assert not {"labels", "anatomy", "affine"} & {term["of"] for term in method.refinement.loss.terms.values()}
