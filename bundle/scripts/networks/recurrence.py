"""Recurrence over time: a convolutional LSTM (Shi et al., NeurIPS 2015, arXiv:1506.04214, without peepholes).

A sequence is a batch: its frames stand along the batch's axis, in order, so that every convolution, loss and measure of
pairs sees a frame as one of many pairs. What is here alone looks along that axis.
"""

from __future__ import annotations

import torch
from monai.networks.layers.factories import Conv
from torch import Tensor, nn

FORGET_BIAS = 1.0  # a new memory keeps what it has (Jozefowicz et al., ICML 2015)


@torch.jit.script
def unroll(gates: Tensor, weight: Tensor) -> Tensor:
    """Hidden states of a convolutional LSTM, from zero ones.

    Compiled, so that a traced network holds for any number of frames.

    Args:
        gates: what the frames give to the gates, ``(T, 4H, *S)``: input, forget, output, candidate.
        weight: of the convolution that the hidden state gives to them by, ``(4H, H, *K)``, odd ``K``.

    Returns:
        ``(T, H, *S)``.
    """
    padding = weight.shape[2] // 2
    hidden = torch.zeros_like(gates[:1, : weight.shape[1]])
    memory = torch.zeros_like(hidden)
    states: list[Tensor] = []
    for t in range(gates.shape[0]):
        if gates.dim() == 4:
            recurrent = torch.conv2d(hidden, weight, padding=[padding, padding])
        else:
            recurrent = torch.conv3d(hidden, weight, padding=[padding, padding, padding])
        opened, kept, shown, candidate = (gates[t : t + 1] + recurrent).chunk(4, dim=1)
        memory = torch.sigmoid(kept) * memory + torch.sigmoid(opened) * torch.tanh(candidate)
        hidden = torch.sigmoid(shown) * torch.tanh(memory)
        states.append(hidden)
    return torch.cat(states)


class ConvLSTM(nn.Module):
    """One direction of time.

    Args:
        spatial_dims: 2 or 3.
        in_channels: ``C`` of the frames.
        hidden_channels: ``H`` of the memory.
        kernel_size: odd, of both convolutions.
        backward: read the frames from the last to the first.
    """

    def __init__(
        self, spatial_dims: int, in_channels: int, hidden_channels: int, kernel_size: int = 3, backward: bool = False
    ) -> None:
        super().__init__()
        convolution, padding = Conv[Conv.CONV, spatial_dims], kernel_size // 2
        self.backward_in_time = backward
        self.of_frame = convolution(in_channels, 4 * hidden_channels, kernel_size, padding=padding)
        self.of_hidden = convolution(hidden_channels, 4 * hidden_channels, kernel_size, padding=padding, bias=False)
        nn.init.zeros_(self.of_frame.bias)
        nn.init.constant_(self.of_frame.bias[hidden_channels : 2 * hidden_channels], FORGET_BIAS)

    def forward(self, frames: Tensor) -> Tensor:
        """``(T, C, *S)`` in order of time; ``(T, H, *S)`` likewise."""
        gates = self.of_frame(frames)
        weight = self.of_hidden.weight.to(gates.dtype)
        if self.backward_in_time:
            return unroll(gates.flip(0), weight).flip(0)
        return unroll(gates, weight)


class Recurrence(nn.Module):
    """What every frame knows, and what the others have shown: a residual of convolutional LSTMs.

    Its last convolution starts at zero: before training, frames know nothing of each other.

    Args:
        spatial_dims: 2 or 3.
        channels: ``C``, kept.
        hidden_channels: of each direction; ``None``: half of ``channels``.
        bidirectional: also from the last frame to the first, for sequences that are known as a whole; else causal.
    """

    def __init__(
        self, spatial_dims: int, channels: int, hidden_channels: int | None = None, bidirectional: bool = True
    ) -> None:
        super().__init__()
        hidden = max(1, channels // 2) if hidden_channels is None else hidden_channels
        ways = (False, True) if bidirectional else (False,)
        self.ways = nn.ModuleList(ConvLSTM(spatial_dims, channels, hidden, backward=way) for way in ways)
        self.join = Conv[Conv.CONV, spatial_dims](hidden * len(ways), channels, 1)
        nn.init.zeros_(self.join.weight)
        nn.init.zeros_(self.join.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """``(T, C, *S)``, the frames of one sequence in order; the same shape."""
        joined: Tensor = frames + self.join(torch.cat([way(frames) for way in self.ways], 1))
        return joined
