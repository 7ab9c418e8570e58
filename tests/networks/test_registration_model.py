"""The registration model: what it makes of its backbone's field."""

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import VoxelMorphUNet
from torch import Tensor, nn

from scripts.networks import DenseUNet, RegistrationModel
from scripts.spatial import ScalingSquaring, compose, halve_field, jacobian_determinant, upsample_field, warp
from support import both_dims

SIZES = [(16, 24), (17, 23), (8, 12, 16), (9, 10, 13)]


class Fixed(nn.Module):
    """A backbone that always says the same; it remembers what it was shown."""

    def __init__(self, field: Tensor) -> None:
        super().__init__()
        self.field = field

    def forward(self, pair: Tensor) -> Tensor:
        self.seen = pair
        return self.field


def waves(size: tuple[int, ...], amplitude: float = 2.0) -> Tensor:
    axes = [torch.linspace(0, 3, n).sin() for n in size]
    wave = torch.stack(torch.meshgrid(*axes, indexing="ij")).prod(0)
    return torch.stack([amplitude * wave, *[-amplitude * wave] * (len(size) - 1)])[None]


def pair_of(*size: int) -> Tensor:
    return torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0))


all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


@all_sizes
def test_displacement_passes_through(size: tuple[int, ...]) -> None:
    backbone = Fixed(waves(size))
    pair = pair_of(*size)
    assert torch.equal(RegistrationModel(backbone)(pair), waves(size))
    assert torch.equal(backbone.seen, pair)


@all_sizes
def test_velocity_is_integrated(size: tuple[int, ...]) -> None:
    found = RegistrationModel(Fixed(waves(size)), velocity=True, integration_steps=6)(pair_of(*size))
    torch.testing.assert_close(found, ScalingSquaring(6)(waves(size)))
    constant = torch.full((1, len(size), *size), 1.5)
    torch.testing.assert_close(RegistrationModel(Fixed(constant), velocity=True)(pair_of(*size)), constant)


@all_sizes
def test_half_resolution_integrates_the_averaged_field(size: tuple[int, ...]) -> None:
    found = RegistrationModel(Fixed(waves(size)), velocity=True, half_resolution=True)(pair_of(*size))
    torch.testing.assert_close(found, upsample_field(ScalingSquaring(7)(halve_field(waves(size))), size))


@all_sizes
@pytest.mark.parametrize("velocity", [True, False])
def test_full_or_half_backbone_says_the_same_in_voxels(size: tuple[int, ...], velocity: bool) -> None:
    """A constant displacement stays that many voxels, whichever grid it was given on."""
    half = tuple(-(-n // 2) for n in size)
    full_field, half_field = torch.full((1, len(size), *size), 3.0), torch.full((1, len(size), *half), 1.5)
    for field in (full_field, half_field):
        model = RegistrationModel(Fixed(field), velocity=velocity, half_resolution=True)
        torch.testing.assert_close(model(pair_of(*size)), full_field)


@both_dims
@pytest.mark.parametrize("velocity", [True, False])
@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("odd", [0, 3])
def test_our_backbone_at_every_level(dims: int, velocity: bool, level: int, odd: int) -> None:
    size = tuple(16 + odd + i for i in range(dims))
    backbone = DenseUNet(dims, channels=(4, 4, 4, 4), output_level=level)
    model = RegistrationModel(backbone, velocity=velocity, half_resolution=level == 1)
    field = model(pair_of(*size))
    assert field.shape == (1, dims, *size)
    field.square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@both_dims
def test_velocity_does_not_fold(dims: int) -> None:
    size = (24,) * dims
    steep = waves(size, amplitude=12.0)
    assert jacobian_determinant(steep).min() < 0
    assert jacobian_determinant(RegistrationModel(Fixed(steep), velocity=True)(pair_of(*size))).min() > 0


@both_dims
def test_monai_s_voxelmorph_unet_serves_as_backbone(dims: int) -> None:
    """It does not pad by itself; at an odd size it fails without ``size_divisor``."""
    backbone = VoxelMorphUNet(
        spatial_dims=dims,
        in_channels=2,
        unet_out_channels=4,
        channels=(4, 4, 4, 4, 4, 4, 4, 4),
        final_conv_channels=(4, 4),
    )
    model = RegistrationModel(backbone, size_divisor=16)
    size = tuple(17 + i for i in range(dims))
    field = model(pair_of(*size))
    assert field.shape == (1, dims, *size)
    field.square().sum().backward()
    with pytest.raises(RuntimeError):
        backbone(pair_of(*size))


@both_dims
@pytest.mark.parametrize("velocity", [True, False])
@pytest.mark.parametrize("half", [True, False])
def test_the_field_is_32_bit_whatever_the_backbone_computes_in(dims: int, velocity: bool, half: bool) -> None:
    size = (16,) * dims
    model = RegistrationModel(DenseUNet(dims, channels=(4, 4, 4)), velocity=velocity, half_resolution=half)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model.backbone(pair_of(*size)).dtype == torch.bfloat16
        assert model(pair_of(*size)).dtype == torch.float32


@pytest.mark.parametrize(("shape", "dims"), [((1, 3, 8, 8), 2), ((1, 2, 8, 8, 8), 3), ((1, 1, 8, 8), 2)], ids=str)
def test_backbone_with_other_channels_is_named(shape: tuple[int, ...], dims: int) -> None:
    with pytest.raises(ValueError, match=rf"must give {dims} channels.*\({shape[0]}, {shape[1]}, 8"):
        RegistrationModel(Fixed(torch.zeros(shape)))(pair_of(*(8,) * dims))


@all_sizes
def test_a_second_pass_registers_what_the_first_has_left(size: tuple[int, ...]) -> None:
    backbone, pair = Fixed(waves(size)), pair_of(*size)
    found = RegistrationModel(backbone, passes=2)(pair)
    left = torch.cat([warp(pair[:, :1], waves(size)), pair[:, 1:]], 1)
    torch.testing.assert_close(backbone.seen, left)
    torch.testing.assert_close(found, compose(waves(size), waves(size)))


@both_dims
def test_every_pass_keeps_the_memory_layout(dims: int) -> None:
    layout = {2: torch.channels_last, 3: torch.channels_last_3d}[dims]
    size = (8,) * dims
    backbone = Fixed(waves(size))
    RegistrationModel(backbone, passes=3)(pair_of(*size).contiguous(memory_format=layout))
    assert backbone.seen.is_contiguous(memory_format=layout)
    RegistrationModel(backbone, passes=3)(pair_of(*size))
    assert backbone.seen.is_contiguous()


@both_dims
def test_gradient_reaches_the_backbone_through_every_pass(dims: int) -> None:
    """One set of weights: the gradient of two passes is not that of the last alone."""
    torch.manual_seed(0)
    backbone = DenseUNet(dims, channels=(4, 4, 4))
    torch.nn.init.normal_(backbone.head.conv.weight, std=0.5)  # type: ignore[union-attr, arg-type]
    gradients = []
    for passes in (1, 2):
        backbone.zero_grad()
        RegistrationModel(backbone, passes=passes)(pair_of(*(16,) * dims)).square().mean().backward()
        gradients.append(backbone.head.conv.weight.grad.clone())  # type: ignore[union-attr, operator]
    assert gradients[0].abs().max() > 0
    assert not torch.allclose(*gradients, rtol=0.1)


def test_no_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="passes"):
        RegistrationModel(Fixed(waves((8, 8))), passes=0)
