"""The inverse of a saved transform, as a displacement field that is tested as it was written."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..options import typed
from ..physical import Geometry
from ..physical.steps import FieldStep, LinearStep, OtherStep, Step, carry, index_of, is_singular, joined, read_steps
from ..reports.numbers import MILLIMETRES, number, shown
from .deformation import error_back
from .field_files import as_field, at_points, described, grid_for, points_of, write_files, write_report, written
from .output import name_of, staged

logger = logging.getLogger(__name__)

MOST_POINTS = 100_000  # at which the inverse is tested
UNSOLVED = 0.05  # voxels of the coarsest grid that a point of the inverse may miss its aim by


@typed
def invert(transform: str, output_dir: str, moving: str | None = None) -> list[Path]:
    """Invert a saved transform; affine maps in closed form, fields by Newton's method.

    Args:
        transform: displacement field (vector NIfTI) or ITK transform file (``.h5``, ``.tfm``, ``.mat``).
        output_dir: folder of the results: ``<transform>_inverse_field.nii.gz``, ``<transform>_inverse_transform.h5``
            (the same field; of affine maps alone, the matrix) and ``<transform>_inverse_report.json``.
        moving: image whose grid the field takes; without one, the grid of the transform's own first field. An affine
            map without it has no field.

    Returns:
        The files written.

    Raises:
        InputError: if a file cannot be read or written, dimensions differ, or the transform has no inverse.
    """
    steps = read_steps(transform)
    _check_invertible(steps, transform)
    grid, matrix = grid_for(moving, steps), joined(steps)
    name = f"{name_of(transform)}_inverse"
    report: dict[str, Any] = {
        "name": name,
        "transform": transform,
        "space": "ITK physical points, LPS, mm: moving to fixed",
        "moving": moving,
        "grid": described(grid),
    }
    vectors: np.ndarray | None = None
    if grid is not None:
        vectors, shares = _solved(steps, grid)
        report |= shares
    with staged(output_dir, [transform, moving]) as folder:
        thick = grid and grid.thickened()
        write_files(folder, name, vectors, thick, None if matrix is None else np.linalg.inv(matrix))
        if grid is not None:
            report["inverse_error_mm"] = _error(steps, grid, folder / f"{name}_field.nii.gz")
        write_report(folder, name, report)
    _tell(report, transform)
    return written(output_dir, name, has_field=grid is not None)


def _check_invertible(steps: Sequence[Step], transform: str) -> None:
    for step in steps:
        if isinstance(step, OtherStep):
            raise InputError(
                f"{transform} holds a {step.transform.GetNameOfClass()}, which is not inverted here; make a "
                "displacement field of it with compose first."
            )
        if isinstance(step, LinearStep) and is_singular(step.matrix):
            raise InputError(f"{transform} has no inverse: its matrix is singular; give one that keeps space whole.")


def _back(steps: Sequence[Step], points: np.ndarray) -> np.ndarray:
    """Where points ``(N, E)`` come from."""
    for step in reversed(steps):
        if not isinstance(step, OtherStep):
            points = step.carry_back(points)
    return points


def _solved(steps: Sequence[Step], grid: Geometry) -> tuple[np.ndarray, dict[str, float]]:
    """The inverse field ``(E, *S)`` on the thickened grid, and shares of the grid's points.

    ``without_inverse_fraction``: those that folded voxels are taken to (more than one point goes there) or that no
    point was found for; ``outside_fraction``: those that come from beyond a field, where its edge was continued.
    """
    thick = grid.thickened()
    tolerance = UNSOLVED * max(each.spacing.max() for each in (grid, *_grids(steps)))

    def solved(points: np.ndarray) -> tuple[np.ndarray, ...]:
        origin = _back(steps, points)
        there, outside = carry(steps, origin)
        missed = np.linalg.norm(there - points, axis=1) > tolerance
        return origin - points, outside, missed & ~outside

    vectors, outside, missed = at_points(solved, points_of(thick))
    without = missed.reshape(thick.size)[grid.middle] | _folded(steps, grid)
    shares = {"without_inverse": without, "outside": outside.reshape(thick.size)[grid.middle]}
    return as_field(vectors, thick), {f"{key}_fraction": float(mask.mean()) for key, mask in shares.items()}


def _grids(steps: Sequence[Step]) -> list[Geometry]:
    return [step.grid for step in steps if isinstance(step, FieldStep)]


def _folded(steps: Sequence[Step], grid: Geometry) -> np.ndarray:
    """Which voxels ``(*S)`` of the grid the folded voxels of the fields are taken to."""
    mask = np.zeros(grid.size, dtype=bool)
    for k, step in enumerate(steps):
        if isinstance(step, FieldStep):
            index = np.round(index_of(grid, carry(steps[k:], step.folded)[0])).astype(int)
            mask[tuple(index[((index >= 0) & (index < grid.size)).all(axis=1)].T)] = True
    return mask


def _error(steps: Sequence[Step], grid: Geometry, path: Path) -> dict[str, float]:
    """How far points of the first field's grid are from themselves, once they went forth and back by the file, mm."""
    fields = [(k, step.own_grid) for k, step in enumerate(steps) if isinstance(step, FieldStep)]
    if fields:
        before, own = fields[0]
        start = _back(steps[:before], points_of(own, MOST_POINTS))
    else:
        start = _back(steps, points_of(grid, MOST_POINTS))
    (written,) = read_steps(str(path))
    assert isinstance(written, FieldStep)
    return error_back(start, carry(steps, start)[0], written.vectors, written.grid)


def _tell(report: dict[str, Any], transform: str) -> None:
    error, share = report.get("inverse_error_mm"), report.get("without_inverse_fraction", 0)
    if error:
        texts = (number(error[key], MILLIMETRES) for key in ("mean", "p99", "max"))
        logger.info("inverse error: mean %s mm, 99th percentile %s, max %s", *texts)
    if share > 0:
        logger.warning("%s folds: %s %% of the grid's points have no inverse", transform, shown("folding", share))
    if error == {}:
        logger.warning("%s takes no point of its grid onto that of the inverse; name the moving image", transform)
