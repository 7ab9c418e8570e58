"""The affine model: laws of its standard views and key points, whatever its weights."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import ResNet
from torch import Tensor, nn

from scripts.networks import AffineModel, KeyPointHead, KeyPoints, RegressionHead
from scripts.networks.key_points import places
from scripts.spatial import affine_field, homogeneous
from support import both_dims


def key_points(dims: int, rigid: bool = False) -> AffineModel:
    torch.manual_seed(0)
    return AffineModel(KeyPointHead(KeyPoints(dims, 12, (4, 8, 8)), rigid), view_size=16).eval()


def blob(dims: int, shift: int = 0) -> Tensor:
    """An object without symmetry."""
    torch.manual_seed(3)
    image = torch.zeros(1, 1, *(24,) * dims)
    middle = (slice(None), slice(None), *(slice(8 + shift, 16 + shift),) * dims)
    image[middle] = torch.rand(1, 1, *(8,) * dims)
    return image


@both_dims
def test_swapped_images_give_the_inverse_map(dims: int) -> None:
    torch.manual_seed(1)
    model, pair = key_points(dims), torch.rand(2, 2, *(20, 18, 22)[:dims])
    with torch.no_grad():
        one, other = homogeneous(model.affine(pair)), homogeneous(model.affine(pair.flip(1)))
    torch.testing.assert_close(one @ other, torch.eye(dims + 1).expand_as(one), atol=1e-2, rtol=1e-2)


@both_dims
def test_a_shifted_image_is_found_shifted_without_any_training(dims: int) -> None:
    model = key_points(dims)
    with torch.no_grad():
        still = model.between(blob(dims), blob(dims))
        shifted = model.between(blob(dims), blob(dims, 4))
    torch.testing.assert_close(still, torch.eye(dims, dims + 1)[None], atol=1e-4, rtol=0)
    torch.testing.assert_close(shifted[..., -1] - still[..., -1], torch.full((1, dims), 4.0), atol=1e-2, rtol=0)


def test_sizes_of_the_two_images_may_differ() -> None:
    with torch.no_grad():
        found = key_points(2).between(blob(2), blob(2)[..., 4:, :])
    torch.testing.assert_close(found, torch.tensor([[[1.0, 0, -4], [0, 1, 0]]]), atol=1e-3, rtol=0)


@both_dims
def test_the_field_is_that_of_the_map(dims: int) -> None:
    model, pair = key_points(dims), torch.rand(1, 2, *(20, 18, 22)[:dims])
    with torch.no_grad():
        torch.testing.assert_close(model(pair), affine_field(model.affine(pair), pair.shape[2:]))


def test_a_rigid_map_of_images_of_one_size_keeps_volume() -> None:
    model = key_points(3, rigid=True)
    with torch.no_grad():
        affine = model.between(blob(3), blob(3).transpose(2, 3))
    torch.testing.assert_close(torch.det(affine[..., :-1]), torch.ones(1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_a_resnet_regresses_the_parameters(block: str) -> None:
    net = ResNet(block, [1, 1, 1, 1], [4, 8, 8, 8], spatial_dims=2, n_input_channels=2, num_classes=6)
    nn.init.zeros_(net.fc.weight)
    nn.init.zeros_(net.fc.bias)
    model = AffineModel(RegressionHead(net), view_size=32).eval()
    with torch.no_grad():
        found = model.between(blob(2), blob(2, 3))
    torch.testing.assert_close(found, torch.tensor([[[1.0, 0, 3], [0, 1, 3]]]), atol=1e-2, rtol=0)


@both_dims
def test_centres_of_mass(dims: int) -> None:
    maps = torch.full((1, 1, *(6,) * dims), -40.0)
    maps[(0, 0, *(1,) * dims)] = 40.0
    points, spread = places(maps)
    torch.testing.assert_close(points, torch.full((1, 1, dims), -0.5))
    torch.testing.assert_close(spread, torch.zeros(1, 1), atol=1e-5, rtol=0)


@both_dims
def test_torchscript_gives_the_same(dims: int) -> None:
    model = key_points(dims)
    scripted = torch.jit.script(model)
    for size in ((20, 18, 22)[:dims], (31, 24, 17)[:dims]):
        pair = torch.rand(1, 2, *size)
        with torch.no_grad():
            torch.testing.assert_close(scripted(pair), model(pair), atol=1e-2, rtol=1e-3)
