"""A network that sees self-similarity gives one field for one pair in any contrast."""

from __future__ import annotations

import pytest
import torch

from scripts.networks import DenseUNet, RegistrationModel, SelfSimilarInput
from scripts.networks.scripting import Traced
from scripts.spatial import smooth


def network(dims: int) -> RegistrationModel:
    torch.manual_seed(0)
    seen = 2 * 2 * 2 * dims * (dims - 1)
    backbone = DenseUNet(spatial_dims=dims, in_channels=seen, channels=[4, 6, 8], output_level=1)
    model = RegistrationModel(SelfSimilarInput(backbone), velocity=True)
    for parameter in model.parameters():  # a head begins with zeros
        torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def pair(dims: int) -> torch.Tensor:
    noise = torch.rand(2, 2, *(24, 20, 16)[:dims], generator=torch.Generator().manual_seed(1))
    image = smooth(noise, 1.5)
    return (image - image.amin()) / (image.amax() - image.amin())


@pytest.mark.parametrize("dims", [2, 3])
def test_contrast_changes_nothing(dims: int) -> None:
    images, model = pair(dims), network(dims)
    inverted = torch.cat([images[:, :1], 1 - images[:, 1:]], dim=1)
    field = model(images)
    assert field.shape == (2, dims, *images.shape[2:])
    assert float(field.abs().max()) > 1e-2
    torch.testing.assert_close(model(inverted), field, atol=1e-3, rtol=1e-2)


def test_a_smaller_grid_gives_a_smaller_field() -> None:
    """In voxels of that grid, whatever the size of the pair."""
    seen = SelfSimilarInput(DenseUNet(spatial_dims=3, in_channels=48, channels=[4, 6, 8], output_level=1), shrink=2)
    assert seen(torch.rand(1, 2, 15, 16, 18)).shape == (1, 3, 4, 4, 5)


@pytest.mark.parametrize("dims", [2, 3])
def test_it_can_be_traced_for_other_sizes(dims: int) -> None:
    model, images = network(dims), pair(dims)
    traced = torch.jit.script(Traced(model))
    torch.testing.assert_close(traced(images), model(images), atol=1e-4, rtol=1e-4)
