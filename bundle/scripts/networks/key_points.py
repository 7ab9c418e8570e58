"""Key points of an image: where a network finds the same places of every object."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.blocks import Convolution
from torch import Tensor, nn

from ..spatial import crop_to, identity_grid, without_autocast


class KeyPoints(nn.Module):
    """An encoder whose output maps are read as places: the centre of mass of each.

    Blocks of two convolutions of kernel 3, each with instance normalisation and LeakyReLU; the first of a block halves
    the image. Where it goes up again, the block before is added, as in a feature pyramid. The maps become shares of a
    whole by softmax (KeyMorph: Wang et al., arXiv:2304.09941; SynthMorph: Hoffmann et al., Imaging Neuroscience 2024,
    doi 10.1162/imag_a_00197).

    Args:
        spatial_dims: 2 or 3.
        num_points: K.
        channels: of every block.
        output_level: the block on whose grid the maps are, 0 the first, at half the image's size.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        num_points: int = 64,
        channels: Sequence[int] = (16, 32, 64, 96),
        output_level: int = 1,
    ) -> None:
        super().__init__()
        if not 0 <= output_level < len(channels):
            raise ValueError(f"output_level must be from 0 to {len(channels) - 1}, got {output_level}")
        self.in_channels, self.output_level = 1, output_level
        befores = [1, *channels[:-1]]
        self.blocks = nn.ModuleList(
            nn.Sequential(_conv(spatial_dims, before, width, 2), _conv(spatial_dims, width, width))
            for before, width in zip(befores, channels, strict=True)
        )
        width = channels[-1]
        self.upper = list(range(len(channels) - 2, output_level - 1, -1))
        self.sides = nn.ModuleList(
            Convolution(spatial_dims, channels[i], width, kernel_size=1, conv_only=True) for i in self.upper
        )
        self.joins = nn.ModuleList(_conv(spatial_dims, width, width) for _ in self.upper)
        self.upsample = nn.Upsample(scale_factor=2)
        self.head = Convolution(spatial_dims, width, num_points, kernel_size=1, conv_only=True)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Key points of images.

        Args:
            image: ``(B, 1, *S)``.

        Returns:
            Points ``(B, K, D)`` and the mean squared distance ``(B, K)`` of their maps from them, from -1 to 1 along
            every axis.
        """
        rows: list[Tensor] = []
        for block in self.blocks:
            image = block(image)
            rows.append(image)
        value = rows[-1]
        for level, (side, join) in zip(self.upper, zip(self.sides, self.joins, strict=True), strict=True):
            row = side(rows[level])
            value = join(crop_to(self.upsample(value), row.shape[2:]) + row)
        return places(self.head(value))


def places(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Centres of mass ``(B, K, D)`` and mean squared distances from them ``(B, K)``, of ``(B, K, *S)`` after softmax.

    The image's edges are at -1 and 1, its voxels' centres half a voxel inside.
    """
    with without_autocast(maps.device):
        share = maps.float().flatten(2).softmax(2)
        index = identity_grid(maps.shape[2:], device=maps.device).flatten(1)
        size = torch.tensor(maps.shape[2:], device=maps.device, dtype=torch.float32)[:, None]
        place = (2 * index + 1) / size - 1
        points = share @ place.T
        square = share @ place.square().sum(0)
        return points, (square - points.square().sum(2)).clamp_min(0)


def _conv(spatial_dims: int, in_channels: int, out_channels: int, strides: int = 1) -> nn.Module:
    act = ("leakyrelu", {"negative_slope": 0.2})
    return Convolution(spatial_dims, in_channels, out_channels, strides=strides, act=act, norm="instance", bias=False)
