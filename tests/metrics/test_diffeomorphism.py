"""Folding and unevenness of fields with closed forms, in 2-D and 3-D."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from scripts.metrics import (
    FoldedFraction,
    LogJacobianDeviation,
    NonDiffeomorphicVolume,
    log_jacobian_deviation,
    non_diffeomorphic_volume,
)
from scripts.metrics.diffeomorphism import cell_simplices, signed_volume
from scripts.spatial import identity_grid

SIZES = [(9, 11), (6, 7, 8)]


def linear_field(size: tuple[int, ...], matrix: Tensor) -> Tensor:
    """The displacement of ``x -> matrix x``, ``(1, D, *S)``."""
    grid = identity_grid(size, torch.float64)
    return (torch.einsum("ij,j...->i...", matrix.double(), grid) - grid)[None]


def affine_cases(dims: int) -> dict[str, Tensor]:
    eye = torch.eye(dims, dtype=torch.float64)
    shear = eye.clone()
    shear[0, 1] = 1.5
    fold = eye.clone()
    fold[0, 0] = -0.5
    return {"identity": eye, "scaling": 1.3 * eye, "shear": shear, "fold": fold}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["identity", "scaling", "shear", "fold"])
def test_affine_fields_turn_over_all_or_nothing(size: tuple[int, ...], name: str) -> None:
    matrix = affine_cases(len(size))[name]
    determinant = float(matrix.det())
    ddf = linear_field(size, matrix)
    cells = math.prod(n - 1 for n in size)
    assert float(non_diffeomorphic_volume(ddf)) == pytest.approx(max(0.0, -determinant) * cells, abs=1e-9)
    assert float(NonDiffeomorphicVolume()({"ddf": ddf}, {})) == pytest.approx(max(0.0, -determinant), abs=1e-12)
    assert float(FoldedFraction()({"ddf": ddf}, {})) == float(determinant < 0)
    deviation = float(log_jacobian_deviation(ddf))
    assert math.isnan(deviation) if determinant < 0 else deviation == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_a_translation_changes_nothing(size: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(1)
    ddf = torch.randn(1, len(size), *size, generator=generator)
    shift = torch.arange(1.0, len(size) + 1).reshape(1, -1, *(1,) * len(size))
    assert float(non_diffeomorphic_volume(ddf + shift)) == pytest.approx(float(non_diffeomorphic_volume(ddf)), rel=1e-5)
    assert float(log_jacobian_deviation(ddf + shift)) == pytest.approx(float(log_jacobian_deviation(ddf)), rel=1e-4)
    assert float(non_diffeomorphic_volume(torch.zeros_like(ddf) + shift)) == 0


@pytest.mark.parametrize("dims", [2, 3])
def test_both_decompositions_fill_the_cell(dims: int) -> None:
    simplices = cell_simplices(dims)
    assert len(simplices) == {2: 4, 3: 10}[dims]  # four triangles, ten tetrahedra, as the paper counts them
    volumes = [signed_volume(torch.zeros(1, dims, *(2,) * dims), simplex) for simplex in simplices]
    assert all(float(volume) > 0 for volume in volumes)
    assert float(sum(volumes)) == pytest.approx(2)


@pytest.mark.parametrize("size", SIZES)
def test_signed_volumes_sum_to_what_a_moved_inner_voxel_leaves_unchanged(size: tuple[int, ...]) -> None:
    """An inner voxel moves no border, so positive and negative volume together are those of the grid."""
    ddf = torch.zeros(1, len(size), *size, dtype=torch.float64)
    ddf[(0, 0, *(n // 2 for n in size))] = 2.5
    total = sum(float(signed_volume(ddf, simplex).sum()) for simplex in cell_simplices(len(size))) / 2
    assert total == pytest.approx(math.prod(n - 1 for n in size))


@pytest.mark.parametrize("size", SIZES)
def test_sees_the_fold_that_central_differences_are_blind_to(size: tuple[int, ...]) -> None:
    """The checkerboard problem: the central difference at a voxel does not contain the voxel's own displacement."""
    centre = tuple(n // 2 for n in size)
    ddf = torch.zeros(1, len(size), *size)
    ddf[(0, 0, *centre)] = 2.0
    assert float(non_diffeomorphic_volume(ddf)) > 0
    ddf[(0, 0, *centre)] = 0.9
    assert float(non_diffeomorphic_volume(ddf)) == 0


def test_area_of_a_hand_made_fold() -> None:
    """The middle of a 3 x 3 grid is moved by (-1, +1): only the triangle to the left and below is turned over."""
    ddf = torch.zeros(1, 2, 3, 3)
    ddf[0, :, 1, 1] = torch.tensor([-1.0, 1.0])
    areas = _triangle_areas(identity_grid((3, 3)).double().numpy() + ddf[0].double().numpy())
    assert areas.sum() == pytest.approx(2 * 4)
    assert float(non_diffeomorphic_volume(ddf)) == pytest.approx(0.25)  # half of one triangle of area 1/2


def _triangle_areas(points: np.ndarray) -> np.ndarray:
    """Signed area, by the shoelace formula, of the triangle at every pixel towards every pair of its neighbours."""
    _, rows, columns = points.shape
    areas = []
    for i, j, down, right in product(range(rows), range(columns), (-1, 1), (-1, 1)):
        if 0 <= i + down < rows and 0 <= j + right < columns:
            (y0, x0), (y1, x1), (y2, x2) = points[:, i, j], points[:, i + down, j], points[:, i, j + right]
            areas.append(0.5 * down * right * ((y1 - y0) * (x2 - x0) - (x1 - x0) * (y2 - y0)))
    return np.array(areas)


def test_area_of_random_fields_agrees_with_the_shoelace_formula() -> None:
    generator = torch.Generator().manual_seed(3)
    ddf = torch.randn(2, 2, 7, 8, generator=generator).double()
    expected = [-_triangle_areas((identity_grid((7, 8)).double() + u).numpy()).clip(max=0).sum() / 2 for u in ddf]
    assert non_diffeomorphic_volume(ddf).tolist() == pytest.approx(expected)


def test_volume_of_random_fields_agrees_with_numpys_determinants() -> None:
    """The paper's ten finite-difference determinants, voxel by voxel: eight one-sided, two between diagonals."""
    generator = torch.Generator().manual_seed(4)
    ddf = torch.randn(1, 3, 4, 5, 4, generator=generator).double()
    points = (identity_grid((4, 5, 4)).double() + ddf[0]).numpy()
    folded = 0.0
    for voxel, steps in product(np.ndindex(4, 5, 4), product((-1, 1), repeat=3)):
        ends = [tuple(np.add(voxel, np.eye(3, dtype=int)[axis] * steps[axis])) for axis in range(3)]
        folded += _turned_over(points, voxel, ends, np.prod(steps))
    for corner, last in product(np.ndindex(3, 4, 3), (0, 1)):
        apex = np.add(corner, (0, 0, last))
        ends = [tuple(np.add(corner, d)) for d in ((0, 1, 1 - last), (1, 0, 1 - last), (1, 1, last))]
        folded += _turned_over(points, tuple(apex), ends, -1 if last else 1)
    assert float(non_diffeomorphic_volume(ddf)) == pytest.approx(folded / 6 / 2)


def _turned_over(points: np.ndarray, apex: tuple[int, ...], ends: list[tuple[int, ...]], sign: float) -> float:
    if any(not 0 <= c < n for end in ends for c, n in zip(end, points.shape[1:], strict=True)):
        return 0.0
    edges = np.stack([points[(slice(None), *end)] - points[(slice(None), *apex)] for end in ends])
    return max(0.0, -sign * float(np.linalg.det(edges)))


@pytest.mark.parametrize("size", SIZES)
def test_deviation_of_the_log_jacobian_of_an_exponential_stretch(size: tuple[int, ...]) -> None:
    """Along one axis every voxel steps by ``exp(a)`` or ``exp(b)``: inside each part log |J| is that number."""
    n, a, b = 40, 0.3, -0.5
    steps = torch.tensor([a] * (n // 2) + [b] * (n // 2)).double().exp()
    ddf = torch.zeros(1, len(size), n, *size[1:]).double()
    profile = (steps - 1).cumsum(0).reshape(n, *(1,) * (len(size) - 1))
    ddf[0, 0] = profile
    middle = math.log((math.exp(a) + math.exp(b)) / 2)  # the one voxel whose central difference spans both
    logs = np.array([a] * (n // 2 - 1) + [middle] + [b] * (n // 2))
    assert float(LogJacobianDeviation()({"ddf": ddf}, {})) == pytest.approx(logs.std(), rel=1e-4)
