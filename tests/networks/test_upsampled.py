"""Convolution of an upsampled tensor: the same function, gradients and all, as upsampling first."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from scripts.networks.upsampled import convolve_with_upsampled
from support import both_dims

CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}


def plainly(conv: nn.Module, same: list[Tensor], coarse: Tensor) -> Tensor:
    return conv(torch.cat([*same, interpolate(coarse, scale_factor=2, mode="nearest")], 1))  # type: ignore[no-any-return]


@both_dims
@pytest.mark.parametrize("skips", [1, 3])
def test_values_and_gradients_are_those_of_upsampling_first(dims: int, skips: int) -> None:
    torch.manual_seed(0)
    size = (6, 8, 10)[:dims]
    conv = CONVOLUTION[dims](3 * skips + 4, 5, 3, padding=1, dtype=torch.float64)
    same = [torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True) for _ in range(skips)]
    coarse = torch.randn(2, 4, *(n // 2 for n in size), dtype=torch.float64, requires_grad=True)
    outputs = [function(conv, same, coarse) for function in (convolve_with_upsampled, plainly)]
    torch.testing.assert_close(*outputs)
    weights = torch.randn_like(outputs[0])
    wanted = [*same, coarse, *conv.parameters()]
    ours, theirs = (torch.autograd.grad((output * weights).sum(), wanted) for output in outputs)
    torch.testing.assert_close(ours, theirs)


def test_a_coarse_grid_of_one_voxel() -> None:
    conv = nn.Conv2d(5, 2, 3, padding=1)
    same, coarse = [torch.randn(1, 3, 2, 2)], torch.randn(1, 2, 1, 1)
    torch.testing.assert_close(convolve_with_upsampled(conv, same, coarse), plainly(conv, same, coarse))


def test_sizes_that_do_not_fit_are_refused() -> None:
    conv = nn.Conv2d(5, 2, 3, padding=1)
    with pytest.raises(ValueError, match=r"\(4, 5\) is not twice the coarse size \(2, 2\)"):
        convolve_with_upsampled(conv, [torch.randn(1, 3, 4, 5)], torch.randn(1, 2, 2, 2))
