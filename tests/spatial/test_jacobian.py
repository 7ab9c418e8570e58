"""Jacobian determinants of fields whose determinant is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from scripts.spatial import folded_fraction, identity_grid, jacobian_determinant
from scripts.spatial.jacobian import determinant

SIZES = [(9, 12), (6, 7, 8)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def affine_field(matrix: Tensor, size: tuple[int, ...]) -> Tensor:
    """``ddf`` of ``x -> matrix x``, ``(1, D, *S)``."""
    grid = identity_grid(size)
    return (torch.einsum("ij,j...->i...", matrix, grid) - grid)[None]


@all_sizes
def test_identity_and_translation_keep_volume(size: tuple[int, ...]) -> None:
    field = torch.zeros(2, len(size), *size)
    field[1] += torch.tensor([3.5, -20.0, 0.25])[: len(size)].view(-1, *(1,) * len(size))
    assert torch.equal(jacobian_determinant(field), torch.ones(2, 1, *size))
    assert folded_fraction(field).tolist() == [0, 0]


@all_sizes
@pytest.mark.parametrize("seed", range(4))
def test_affine_map_has_the_determinant_of_its_matrix(size: tuple[int, ...], seed: int) -> None:
    """Everywhere, the edge included; scaling, shear and rotation mixed."""
    dims = len(size)
    matrix = torch.randn(dims, dims, generator=torch.Generator().manual_seed(seed))
    jac_det = jacobian_determinant(affine_field(matrix, size))
    assert jac_det.shape == (1, 1, *size)
    torch.testing.assert_close(jac_det, torch.linalg.det(matrix).expand_as(jac_det), atol=1e-4, rtol=0)


@all_sizes
def test_scaling_shear_and_reflection(size: tuple[int, ...]) -> None:
    dims = len(size)
    scaling, shear, reflection = torch.eye(dims), torch.eye(dims), torch.eye(dims)
    scaling[0, 0], scaling[1, 1], shear[0, 1], reflection[1, 1] = 2.0, 0.25, 0.75, -1.0
    for matrix, expected in [(scaling, 0.5), (shear, 1.0), (reflection, -1.0)]:
        jac_det = jacobian_determinant(affine_field(matrix, size))
        torch.testing.assert_close(jac_det, torch.full_like(jac_det, expected), atol=1e-5, rtol=0)
    assert folded_fraction(affine_field(reflection, size)).item() == 1


@all_sizes
def test_channels_are_array_axes(size: tuple[int, ...]) -> None:
    """A quadratic displacement along one axis: |J| = 1 + du/dx, which changes along that axis alone."""
    for axis in range(len(size)):
        field = torch.zeros(1, len(size), *size)
        index = identity_grid(size)[axis]
        field[:, axis] = 0.05 * index**2
        expected = (1 + 0.1 * index).movedim(axis, 0)
        found = jacobian_determinant(field)[0, 0].movedim(axis, 0)
        torch.testing.assert_close(found[1:-1], expected[1:-1], atol=1e-5, rtol=0)
        torch.testing.assert_close(found[0], expected[0] + 0.05, atol=1e-5, rtol=0)  # one-sided at the edge
        torch.testing.assert_close(found[-1], expected[-1] - 0.05, atol=1e-5, rtol=0)


@all_sizes
def test_smooth_field_against_its_derivative(size: tuple[int, ...]) -> None:
    """``u_0 = a sin(w x_0)``: a central difference is ``a cos(w x) sin(w)`` exactly."""
    frequency, amplitude, x = 0.7, 0.9, identity_grid(size)[0]
    field = torch.zeros(1, len(size), *size)
    field[:, 0] = amplitude * (frequency * x).sin()
    expected = 1 + amplitude * math.sin(frequency) * (frequency * x).cos()
    torch.testing.assert_close(jacobian_determinant(field)[0, 0, 1:-1], expected[1:-1], atol=1e-5, rtol=0)


@all_sizes
def test_fold_is_negative_and_counted(size: tuple[int, ...]) -> None:
    """A step of -2 voxels between two rows: both rows see the slope -1 and have |J| = 0, which counts as folded."""
    field = torch.zeros(2, len(size), *size)
    field[0, 0, 4:], field[1, 0, 4:] = -2.0, -3.0
    found = jacobian_determinant(field)[:, 0].flatten(2).mean(2)
    expected = torch.ones(2, size[0])
    expected[0, 3:5], expected[1, 3:5] = 0.0, -0.5
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert folded_fraction(field).tolist() == pytest.approx([2 / size[0]] * 2)
    field[0, 0, 4:] = -1.9
    assert folded_fraction(field).tolist() == pytest.approx([0, 2 / size[0]])


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_determinant_by_expansion_is_torch_s(dims: int) -> None:
    matrices = torch.randn(50, dims, dims, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = [list(row) for row in matrices.permute(1, 2, 0)]
    torch.testing.assert_close(determinant(rows), torch.linalg.det(matrices))


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (1, 2, 8, 8, 8), (1, 1, 8, 8)], ids=str)
def test_wrong_number_of_channels_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"needs {len(shape) - 2} channels, got shape \({shape[0]}, {shape[1]}"):
        jacobian_determinant(torch.zeros(shape))
