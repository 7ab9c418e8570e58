"""Strains of motions whose strain is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from scripts.metrics import circumferential_strain, green_lagrange_strain, radial_strain
from scripts.spatial import identity_grid

GRIDS = [((14, 12), (1.5, 0.75)), ((8, 9, 7), (1.5, 0.75, 4.0))]  # size, mm
all_grids = pytest.mark.parametrize(("size", "spacing"), GRIDS, ids=["2-D", "3-D"])
MYOCARDIUM, VENTRICLE = 2, 3
AREA = 60.0  # that the ventricle below loses, times pi: mm^2


def affine_motion(matrix: Tensor, size: tuple[int, ...], spacing: tuple[float, ...]) -> Tensor:
    """``ddf`` ``(1, D, *S)`` of ``x -> matrix x`` in millimetres."""
    sizes = torch.tensor(spacing).view(-1, *(1,) * len(size))
    points = identity_grid(size) * sizes
    return ((torch.einsum("ij,j...->i...", matrix, points) - points) / sizes)[None]


def rotation(dims: int, angle: float) -> Tensor:
    matrix = torch.eye(dims)
    matrix[:2, :2] = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return matrix


@all_grids
@pytest.mark.parametrize("angle", [0.2, 2.5])
def test_rotation_in_millimetres_strains_nothing(
    size: tuple[int, ...], spacing: tuple[float, ...], angle: float
) -> None:
    """Large as it is; on voxels that are not square it is no rotation of the voxel grid."""
    strain = green_lagrange_strain(affine_motion(rotation(len(size), angle), size, spacing), spacing)
    assert strain.shape == (1, len(size), len(size), *size)
    torch.testing.assert_close(strain, torch.zeros_like(strain), atol=1e-5, rtol=0)


@all_grids
def test_any_linear_motion_has_the_strain_of_its_matrix(size: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    dims = len(size)
    matrix = torch.eye(dims) + 0.3 * torch.randn(dims, dims, generator=torch.Generator().manual_seed(0))
    expected = ((matrix.T @ matrix - torch.eye(dims)) / 2).view(1, dims, dims, *(1,) * dims)
    strain = green_lagrange_strain(affine_motion(matrix, size, spacing), spacing)
    torch.testing.assert_close(strain, expected.expand_as(strain), atol=1e-4, rtol=0)


@all_grids
def test_uniform_stretch_is_the_same_in_every_direction(size: tuple[int, ...], spacing: tuple[float, ...]) -> None:
    """A line that is ``1 + e`` times as long has ``e + e^2 / 2``, also after the whole is turned."""
    stretch = 1.2 * rotation(len(size), 0.7)
    fields = torch.cat([affine_motion(m, size, spacing) for m in (torch.eye(len(size)), stretch)])
    label = torch.full((1, 1, *size), MYOCARDIUM)
    label[:, :, 4:7, 3:6] = VENTRICLE
    for measure in (radial_strain, circumferential_strain):
        found = measure(fields, label, MYOCARDIUM, VENTRICLE, spacing)
        torch.testing.assert_close(found, torch.tensor([0, 0.2 + 0.02]), atol=1e-5, rtol=0)


def contraction(
    size: tuple[int, ...], spacing: tuple[float, ...], centres: list[tuple[float, float]]
) -> tuple[Tensor, Tensor, Tensor]:
    """A ring that contracts without changing its area, a point at radius ``R`` going to ``r^2 = R^2 - AREA``.

    Returns:
        ``ddf`` ``(1, D, *S)``, ``label`` ``(1, 1, *S)`` and the radii ``R`` ``(*S)``; in 3-D each slice has a centre.
    """
    sizes = torch.tensor(spacing[:2]).view(2, *(1,) * len(size))
    points = identity_grid(size)[:2] * sizes
    middle = torch.tensor(centres).T.reshape(2, 1, 1, *(size[2:]))
    offset = points - middle
    radius = offset.square().sum(0).sqrt()
    shrunk = (radius.square() - AREA).clamp_min(0).sqrt()
    ddf = torch.zeros(1, len(size), *size)
    ddf[0, :2] = offset * (shrunk / radius.clamp_min(1e-3) - 1) / sizes
    label = torch.where(radius < 15, VENTRICLE, torch.where(radius < 25, MYOCARDIUM, 0))
    return ddf, label[None, None], radius


@pytest.mark.parametrize("dims", [2, 3])
def test_incompressible_contraction_of_a_ring(dims: int) -> None:
    """``E_rr = ((R / r)^2 - 1) / 2``, ``E_cc = ((r / R)^2 - 1) / 2``: it thickens and shortens."""
    size, spacing = ((60, 80), (1.25, 0.9)) if dims == 2 else ((60, 80, 3), (1.25, 0.9, 8.0))
    ddf, label, radius = contraction(size, spacing, [(36.2, 35.1), (33.0, 36.0), (39.0, 33.0)][: 2 * dims - 3])
    wall = radius[label[0, 0] == MYOCARDIUM].square()
    radial = (wall / (wall - AREA) - 1).mean() / 2
    circumferential = ((wall - AREA) / wall - 1).mean() / 2
    assert radial > 0.08 and circumferential < -0.05
    found = [measure(ddf, label, MYOCARDIUM, VENTRICLE, spacing) for measure in (radial_strain, circumferential_strain)]
    torch.testing.assert_close(torch.cat(found), torch.stack([radial, circumferential]), atol=0, rtol=0.02)


def test_what_has_no_centre_is_left_out() -> None:
    """A slice without a ventricle says nothing, whatever happens in it; a heart without one has no strain."""
    spacing = (1.25, 0.9, 8.0)
    ddf, label, _ = contraction((60, 80, 2), spacing, [(36.0, 35.0), (36.0, 35.0)])
    expected = radial_strain(ddf, label, MYOCARDIUM, VENTRICLE, spacing)
    label[..., 1] = torch.where(label[..., 1] == VENTRICLE, 0, label[..., 1])
    ddf[:, :2, ..., 1] = torch.randn(1, 2, 60, 80, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(radial_strain(ddf, label, MYOCARDIUM, VENTRICLE, spacing), expected, atol=1e-3, rtol=0)
    assert radial_strain(ddf, label, MYOCARDIUM, 9, spacing).isnan().all()


def test_spacing_of_another_dimension_is_named() -> None:
    with pytest.raises(ValueError, match="2 axes needs a spacing of 2 numbers"):
        green_lagrange_strain(torch.zeros(1, 2, 8, 8), (1.0, 1.0, 1.0))
