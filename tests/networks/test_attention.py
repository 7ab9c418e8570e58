"""ECA against the formula of its paper and a computation by hand."""

from __future__ import annotations

import pytest
import torch

from scripts.networks import EfficientChannelAttention
from scripts.networks.attention import eca_kernel_size

SHAPES = [(2, 16, 6, 7), (2, 16, 5, 4, 3)]


@pytest.mark.parametrize(
    ("channels", "kernel"),
    [(1, 1), (2, 1), (4, 1), (8, 3), (16, 3), (32, 3), (48, 3), (64, 3), (96, 3), (128, 5), (256, 5), (512, 5)],
)
def test_kernel_size_is_the_paper_s(channels: int, kernel: int) -> None:
    """int(|log2(C) / 2 + 1 / 2|), and one more where that is even."""
    assert eca_kernel_size(channels) == kernel
    assert EfficientChannelAttention(channels).conv.kernel_size == (kernel,)


def test_coefficients_change_the_kernel() -> None:
    assert eca_kernel_size(256, r=1.0) == 9
    assert eca_kernel_size(16, r=2.0, b=5.0) == 5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_weights_are_the_sigmoid_of_neighbouring_means(shape: tuple[int, ...]) -> None:
    """w_c = sigmoid(k_0 m_(c-1) + k_1 m_c + k_2 m_(c+1)), no bias, zeros beyond the first and last channel."""
    random = torch.Generator().manual_seed(0)
    attention, x = EfficientChannelAttention(shape[1]), torch.randn(shape, generator=random)
    kernel = torch.tensor([0.5, -1.0, 2.0])
    attention.conv.weight.data[:] = kernel
    assert [name for name, _ in attention.named_parameters()] == ["conv.weight"]
    means = x.flatten(2).mean(2)
    expected = torch.empty_like(x)
    for b in range(shape[0]):
        for c in range(shape[1]):
            around = [means[b, k] if 0 <= k < shape[1] else torch.tensor(0.0) for k in (c - 1, c, c + 1)]
            weight = torch.sigmoid((kernel * torch.stack(around)).sum())
            expected[b, c] = weight * x[b, c]
    torch.testing.assert_close(attention(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_are_scaled_by_less_than_one(shape: tuple[int, ...]) -> None:
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)) + 0.5
    scale = EfficientChannelAttention(shape[1])(x) / x
    assert scale.min() > 0 and scale.max() < 1
    spread = scale.flatten(2).amax(2) - scale.flatten(2).amin(2)
    assert spread.max() < 1e-5  # one weight a channel


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_memory_layout_changes_nothing(shape: tuple[int, ...]) -> None:
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}[len(shape)]
    attention = EfficientChannelAttention(shape[1])
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(attention(x.contiguous(memory_format=layout)), attention(x))
