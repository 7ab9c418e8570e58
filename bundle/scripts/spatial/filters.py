"""Means along the axes of an image as products with one small matrix an axis, which processors do fastest."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


def along_axes(image: Tensor, matrix: Callable[..., Tensor], *arguments: float) -> Tensor:
    """Every spatial axis of ``image`` multiplied by a matrix.

    Args:
        image: ``(B, C, *S)``.
        matrix: gives, for the places 0 to n - 1 of the voxels along an axis, ``(n,)``, and ``arguments``, a matrix
            ``(m, n)``.

    Returns:
        ``(B, C, *M)``.
    """
    last = image.ndim - 1
    for axis in range(2, last):
        means, behind = _made(matrix, image, axis, arguments), image.shape[axis + 1 :]
        image = (means @ image.flatten(axis + 1)).unflatten(-1, behind)
    return image @ _made(matrix, image, last, arguments).T


def _made(matrix: Callable[..., Tensor], image: Tensor, axis: int, arguments: tuple[float, ...]) -> Tensor:
    # What is traced is no ordinary tensor, and a trace must hold for any size: nothing of it may reach the cache.
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return matrix(_traced_places(image, axis), *arguments)
    return _cached(matrix, image.shape[axis], image.device, *arguments)


def _traced_places(image: Tensor, axis: int) -> Tensor:
    """0 to n - 1 computed from ``image`` alone: a trace then holds for any size and device."""
    line = image.detach().movedim(axis, 0).flatten(1)[:, 0]
    return torch.ones_like(line, dtype=torch.float32).cumsum(0) - 1


@lru_cache(maxsize=64)
def _cached(matrix: Callable[..., Tensor], size: int, device: torch.device, *arguments: float) -> Tensor:
    with torch.inference_mode(False):  # what is made in that mode could not be used in training afterwards
        return matrix(torch.arange(size, device=device, dtype=torch.float32), *arguments)


def window_means(places: Tensor, window: int, stride: int = 1) -> Tensor:
    """Matrix ``(ceil(n / stride), n)`` whose product with an axis is its means over windows.

    Args:
        places: of the voxels along the axis, ``(n,)``: 0 to n - 1.
        window: voxels of a window, odd; less where it is cut at the edge.
        stride: voxels between the centres of two windows, the first centred on voxel 0.
    """
    distance = places[::stride, None] - places
    inside = (distance.abs() <= window // 2).float()
    return inside / inside.sum(1, keepdim=True)


def whole_window_means(places: Tensor, window: int) -> Tensor:
    """Matrix ``(n - window + 1, n)``: the means over the windows that no edge cuts."""
    return window_means(places, window)[window // 2 : places.shape[0] - window // 2]


def block_means(places: Tensor, window: int) -> Tensor:
    """Matrix ``(n / 2, n)``: for every block of two voxels, the mean of the means over the windows of both."""
    means = window_means(places, window)
    return (means[0::2] + means[1::2]) / 2


def gaussian_means(places: Tensor, sigma: float) -> Tensor:
    """Matrix ``(n, n)`` that smooths an axis by a Gaussian of ``sigma`` voxels, cut at the edge."""
    weights = torch.exp((places[:, None] - places).square() / (-2 * sigma**2))
    return weights / weights.sum(1, keepdim=True)


def smooth(image: Tensor, sigma: float) -> Tensor:
    """``image`` ``(B, C, *S)`` smoothed by a Gaussian of ``sigma`` voxels; the edge is not darkened."""
    return along_axes(image, gaussian_means, sigma)


def central_difference(image: Tensor, axis: int) -> Tensor:
    """``(image[i + 1] - image[i - 1]) / 2`` along an axis of ``(B, C, *S)``; the edge repeats."""
    size = image.shape[axis]  # torch.gradient cannot be exported for any batch
    padded = torch.cat([image.narrow(axis, 0, 1), image, image.narrow(axis, size - 1, 1)], axis)
    return (padded.narrow(axis, 2, size) - padded.narrow(axis, 0, size)) / 2
