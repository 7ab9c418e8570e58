"""The paper's backbone: a densely connected U-Net with channel attention in the decoder.

Zheng et al., Computer Science and Application 13(1), 2023, doi 10.12677/csa.2023.131006, section 3.2; the
nested grid is that of UNet++ (Zhou et al., DLMIA 2018, arXiv:1807.10165).
"""

from __future__ import annotations

from collections.abc import Sequence

from monai.networks.blocks import Convolution
from monai.networks.layers.factories import Pool
from torch import Tensor, nn

from ..errors import InputError
from ..spatial import crop_to, pad_to_multiple
from .attention import EfficientChannelAttention
from .upsampled import convolve_with_upsampled

HEAD_STD = 1e-5  # the field starts near zero, as in VoxelMorph


def field_head(spatial_dims: int, in_channels: int, out_channels: int) -> nn.Module:
    """Convolution of kernel 3 that makes a field of features; its weights start near zero."""
    head = Convolution(spatial_dims, in_channels, out_channels, conv_only=True)
    nn.init.normal_(head.conv.weight, std=HEAD_STD)
    nn.init.zeros_(head.conv.bias)
    return head


class DenseUNet(nn.Module):
    """Nested U-Net: node ``(i, j)`` sees all ``(i, 0..j-1)`` and the upsampled ``(i + 1, j - 1)``.

    Row ``i`` works at ``1 / 2^i`` of the image's size, column 0 is the encoder and the nodes with
    ``i + j = levels`` are the decoder; a node is one convolution of kernel 3 and a LeakyReLU. Upsampling is by nearest
    neighbour.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the input, two for a pair of one-channel images.
        out_channels: channels of the output; ``None`` for one per axis.
        channels: channels of every row, ``levels + 1`` numbers.
        dense: short connections through the inner nodes; without them, a plain U-Net.
        attention: ECA after every upsampling of the decoder.
        output_level: row that the output is taken from: 0 for the image's size, 1 for half of it, whose
            finer nodes are then not built.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 2,
        out_channels: int | None = None,
        channels: Sequence[int] = (16, 32, 32, 32, 32),
        dense: bool = True,
        attention: bool = True,
        output_level: int = 0,
    ) -> None:
        super().__init__()
        if spatial_dims not in (2, 3):
            raise ValueError(f"spatial_dims must be 2 or 3, got {spatial_dims}")
        if len(channels) < 2:
            raise ValueError(f"channels must name at least two rows, got {tuple(channels)}")
        self.spatial_dims, self.in_channels = spatial_dims, in_channels
        self.levels = len(channels) - 1
        if not 0 <= output_level < self.levels:
            raise InputError(
                f"output_level must be from 0 to {self.levels - 1}, got {output_level}; give more channels."
            )
        self.output_level, self.dense = output_level, dense
        self.pool = Pool[Pool.MAX, spatial_dims](kernel_size=2)
        self.nodes, self.attentions = nn.ModuleDict(), nn.ModuleDict()
        for i, width in enumerate(channels):
            self.nodes[f"{i}_0"] = self._conv(in_channels if i == 0 else channels[i - 1], width)
        for i, j in self._inner_nodes():
            width_in = channels[i] * len(self._skips(i, j)) + channels[i + 1]
            self.nodes[f"{i}_{j}"] = self._conv(width_in, channels[i])
            if attention and i + j == self.levels:
                self.attentions[f"{i}_{j}"] = EfficientChannelAttention(channels[i + 1])
        self.head = field_head(spatial_dims, channels[output_level], out_channels or spatial_dims)
        self.output_node = f"{output_level}_{self.levels - output_level}"

    def _inner_nodes(self) -> list[tuple[int, int]]:
        """Nodes right of the encoder that the output depends on, each after those it needs."""
        grid = [(i, j) for j in range(1, self.levels + 1) for i in range(self.levels - j, -1, -1)]
        on_decoder = [(i, j) for i, j in grid if i + j == self.levels]
        return [(i, j) for i, j in (grid if self.dense else on_decoder) if i >= self.output_level]

    def _skips(self, i: int, j: int) -> list[str]:
        """Names of the nodes of row ``i`` that node ``(i, j)`` sees."""
        return [f"{i}_{k}" for k in range(j if self.dense else 1)]

    def _conv(self, in_channels: int, out_channels: int) -> nn.Module:
        return Convolution(
            self.spatial_dims, in_channels, out_channels, act=("leakyrelu", {"negative_slope": 0.2}), norm=None
        )

    def forward(self, pair: Tensor) -> Tensor:
        """Field of a pair.

        Args:
            pair: ``(B, in_channels, *S)`` of any size; padded inside to a multiple of ``2^levels``.

        Returns:
            ``(B, out_channels, *s)``, ``s = ceil(S / 2^output_level)``, in voxels of its own grid.

        Raises:
            ValueError: if the number of axes or channels is not what the network was built for.
        """
        return self.field(self.head, self.features(pair)[self.output_node], pair.shape[2:])

    def features(self, pair: Tensor) -> dict[str, Tensor]:
        """What every node makes of a pair, by its name ``i_j``, on the padded grid of its row.

        Raises:
            ValueError: as :meth:`forward`.
        """
        if pair.ndim != self.spatial_dims + 2 or pair.shape[1] != self.in_channels:
            raise ValueError(
                f"the network takes (B, {self.in_channels}, {self.spatial_dims} spatial axes), got {tuple(pair.shape)}"
            )
        values = {"0_0": self.encoded("0_0", pad_to_multiple(pair, 2**self.levels))}
        for i in range(1, self.levels + 1):
            values[f"{i}_0"] = self.encoded(f"{i}_0", self.pool(values[f"{i - 1}_0"]))
        for i, j in self._inner_nodes():
            skips, below = [values[name] for name in self._skips(i, j)], values[f"{i + 1}_{j - 1}"]
            values[f"{i}_{j}"] = self._join(f"{i}_{j}", skips, below)
        return values

    def encoded(self, name: str, value: Tensor) -> Tensor:
        """What a node of the encoder makes of the row above it."""
        encoded: Tensor = self.nodes[name](value)
        return encoded

    def field(self, head: nn.Module, features: Tensor, size: Sequence[int]) -> Tensor:
        """What a head makes of a node of the output's row, for images of ``size``: without the padding."""
        return crop_to(head(features), [-(-length // 2**self.output_level) for length in size])

    def _join(self, name: str, skips: Sequence[Tensor], below: Tensor) -> Tensor:
        """Value of an inner node."""
        node = self.nodes[name]
        if name in self.attentions:
            # The paper attends after upsampling. Nearest neighbour repeats voxels, so that means and products are the
            # same before it, at a quarter (in 3-D an eighth) of the work.
            below = self.attentions[name](below)
        return node.adn(convolve_with_upsampled(node.conv, skips, below))  # type: ignore[operator, arg-type, no-any-return]
