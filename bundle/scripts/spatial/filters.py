"""Means along the axes of an image as products with one small matrix an axis, which processors do fastest."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import torch
from torch import Tensor


def along_axes(image: Tensor, matrix: Callable[..., Tensor], *arguments: float) -> Tensor:
    """Every spatial axis of ``image`` multiplied by a matrix.

    Args:
        image: ``(B, C, *S)``.
        matrix: gives, for an axis of ``n`` voxels, a device and ``arguments``, a matrix ``(m, n)``.

    Returns:
        ``(B, C, *M)``.
    """
    # What is traced is no ordinary tensor, and a trace must hold for any size: nothing of it may reach the cache.
    traced = torch.jit.is_tracing() or torch.compiler.is_compiling()
    made = matrix if traced else partial(_cached, matrix)
    last = image.ndim - 1
    for axis in range(2, last):
        means, behind = made(image.shape[axis], image.device, *arguments), image.shape[axis + 1 :]
        image = (means @ image.flatten(axis + 1)).unflatten(-1, behind)
    return image @ made(image.shape[last], image.device, *arguments).T


@lru_cache(maxsize=64)
def _cached(matrix: Callable[..., Tensor], size: int, device: torch.device, *arguments: float) -> Tensor:
    with torch.inference_mode(False):  # what is made in that mode could not be used in training afterwards
        return matrix(size, device, *arguments)


def window_means(size: int, device: torch.device, window: int, stride: int = 1) -> Tensor:
    """Matrix ``(ceil(size / stride), size)`` whose product with an axis is its means over windows.

    Args:
        size: voxels along the axis.
        device: of the matrix.
        window: voxels of a window, odd; less where it is cut at the edge.
        stride: voxels between the centres of two windows, the first centred on voxel 0.
    """
    distance = torch.arange(0, size, stride, device=device)[:, None] - torch.arange(size, device=device)
    inside = (distance.abs() <= window // 2).float()
    return inside / inside.sum(1, keepdim=True)


def block_means(size: int, device: torch.device, window: int) -> Tensor:
    """Matrix ``(size / 2, size)``: for every block of two voxels, the mean of the means over the windows of both."""
    means = window_means(size, device, window)
    return (means[0::2] + means[1::2]) / 2


def gaussian_means(size: int, device: torch.device, sigma: float) -> Tensor:
    """Matrix ``(size, size)`` that smooths an axis by a Gaussian of ``sigma`` voxels, cut at the edge."""
    index = torch.arange(size, device=device, dtype=torch.float32)
    weights = torch.exp((index[:, None] - index).square() / (-2 * sigma**2))
    return weights / weights.sum(1, keepdim=True)


def smooth(image: Tensor, sigma: float) -> Tensor:
    """``image`` ``(B, C, *S)`` smoothed by a Gaussian of ``sigma`` voxels; the edge is not darkened."""
    return along_axes(image, gaussian_means, sigma)
