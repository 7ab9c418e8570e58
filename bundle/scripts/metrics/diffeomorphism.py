"""Folding by the exact geometry of a field on a grid: Liu et al., IJCV 132, 2024, doi 10.1007/s11263-024-02047-1.

Central differences can be positive where a field folds: they do not even see the voxel's own displacement. A field
on a grid is a diffeomorphism, in the sense of that paper, if every simplex of both symmetric decompositions of every
grid cell keeps its orientation: four triangles of forward and backward differences in 2-D, ten tetrahedra in 3-D.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

import torch
from torch import Tensor

from ..spatial.jacobian import determinant

Corner = tuple[int, ...]
Simplex = tuple[Corner, ...]  # an apex and the ends of its D edges
DECOMPOSITIONS = 2  # every cell is cut in two ways that mirror each other; both count half


def cell_simplices(dims: int) -> list[Simplex]:
    """The simplices that both decompositions cut the unit cell into.

    Cutting off every second corner is one decomposition, cutting off the others the second. What is left in the middle,
    between the corners that were not cut off, is nothing in 2-D and one more simplex in 3-D.
    """
    corners = list(product((0, 1), repeat=dims))
    cut_off: list[Simplex] = [(corner, *_neighbours(corner)) for corner in corners]
    left = [tuple(corner for corner in corners if sum(corner) % 2 == parity) for parity in (0, 1)]
    return cut_off + [middle for middle in left if len(middle) == dims + 1]


def _neighbours(corner: Corner) -> list[Corner]:
    """The corners one edge away, one an axis."""
    return [tuple(1 - c if axis == k else c for k, c in enumerate(corner)) for axis in range(len(corner))]


def signed_volume(ddf: Tensor, simplex: Simplex) -> Tensor:
    """Volume of a simplex of every cell after ``x + ddf(x)``, negative where it is turned inside out.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.
        simplex: corners of the unit cell.

    Returns:
        ``(B, *(S - 1))``, in voxels of volume.
    """
    apex, *ends = simplex
    edges = [torch.tensor(end) - torch.tensor(apex) for end in ends]
    at_apex = _at(ddf, apex)
    moved = [_at(ddf, end) - at_apex for end in ends]
    rows = [[shift[:, i] + float(edge[i]) for i in range(len(apex))] for shift, edge in zip(moved, edges, strict=True)]
    orientation = torch.stack(edges).double().det().sign().item()
    return orientation * determinant(rows) / math.factorial(len(apex))


def _at(ddf: Tensor, corner: Corner) -> Tensor:
    """The field at one corner of every cell, ``(B, D, *(S - 1))``."""
    for axis, start in enumerate(corner, start=2):
        ddf = ddf.narrow(axis, start, ddf.shape[axis] - 1)
    return ddf


def non_diffeomorphic_volume(ddf: Tensor) -> Tensor:
    """Volume (area in 2-D) that the field turns inside out: NDV (NDA) of the paper, within the grid.

    Args:
        ddf: displacement in voxels, ``(B, D, *S)``.

    Returns:
        ``(B,)``, in voxels; 0 if and only if no simplex is turned over.
    """
    ddf = ddf.double()
    folded = [signed_volume(ddf, simplex).neg().clamp_min(0) for simplex in cell_simplices(ddf.ndim - 2)]
    return torch.stack([volume.flatten(1).sum(1) for volume in folded]).sum(0) / DECOMPOSITIONS


class NonDiffeomorphicVolume:
    """:func:`non_diffeomorphic_volume` as a share of the grid's volume; above 1 if space folds several times."""

    def __call__(self, pred: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
        """``(B,)``; ``pred`` holds ``ddf`` ``(B, D, *S)`` in voxels."""
        ddf = pred["ddf"]
        return non_diffeomorphic_volume(ddf) / math.prod(size - 1 for size in ddf.shape[2:])
