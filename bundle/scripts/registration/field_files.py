"""One displacement field made of saved transforms: the grid it takes, its points, its files."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..physical import Geometry
from ..physical.headers import read_geometry
from ..physical.itk_transforms import affine_transform, field_transform, write_transform
from ..physical.steps import FieldStep, Step
from ..physical.writing import write_field
from .output import REPORT

logger = logging.getLogger(__name__)

CHUNK = 2**20  # points at a time, for memory
FARTHEST = 1e9  # mm; the sums of a few such in 32 bits are finite and mean nothing


def grid_for(image: str | None, steps: Sequence[Step]) -> Geometry | None:
    """The grid of an image file; without one, that of the first field of the steps; ``None`` where there is none.

    A slice is one voxel thick, that of a field too. As for ``warp``, an image file of two axes is a slice at the origin
    for a transform between slices.

    Raises:
        InputError: if the image cannot be read or is not of the steps' dimensions.
    """
    if not image:
        return next((step.own_grid for step in steps if isinstance(step, FieldStep)), None)
    grid, dims = read_geometry(image), steps[0].dims
    of_slices = any(isinstance(step, FieldStep) and step.own_grid.flat_axes for step in steps)
    if len(grid.size) > dims or (len(grid.size) < dims and not of_slices):
        raise InputError(
            f"the transform is {dims}-D but {image} is stored in {len(grid.size)} dimensions; give an image that it "
            "was found for."
        )
    return grid.in_space(dims)


def points_of(grid: Geometry, most: int | None = None) -> np.ndarray:
    """Where the voxels of a grid lie, ``(N, E)``, LPS, mm; not many more than ``most``, evenly chosen."""
    total = int(np.prod(grid.size))
    chosen = np.arange(0, total, max(1, total // most) if most else 1)
    return np.asarray(np.column_stack(np.unravel_index(chosen, grid.size)) @ grid.matrix.T + grid.origin)


def at_points(act: Callable[[np.ndarray], tuple[np.ndarray, ...]], points: np.ndarray) -> tuple[np.ndarray, ...]:
    """What ``act`` gives at points ``(N, E)``, some at a time."""
    parts = [act(points[first : first + CHUNK]) for first in range(0, len(points), CHUNK)]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def as_field(vectors: np.ndarray, grid: Geometry) -> np.ndarray:
    """Vectors ``(N, E)`` of all voxels as a field ``(E, *S)``, float32.

    Raises:
        InputError: if there are larger ones than such numbers hold.
    """
    if not np.abs(vectors).max() < FARTHEST:  # NaN is not less either
        raise InputError(f"points are moved by {FARTHEST:.0g} mm and more; give transforms of images in millimetres.")
    return np.ascontiguousarray(vectors.T.reshape(-1, *grid.size), dtype=np.float32)


def write_files(
    folder: Path, name: str, vectors: np.ndarray | None, grid: Geometry | None, matrix: np.ndarray | None
) -> None:
    """Write a field ``(E, *S)`` on its grid, where there is one, and the ITK transform: ``matrix`` or else the field.

    The field has 32 bits there, as in what a registration writes; the few numbers of a matrix keep their 64.

    Raises:
        OSError: if a file cannot be written.
    """
    import itk  # takes seconds

    if vectors is not None and grid is not None:
        write_field(folder / f"{name}_field.nii.gz", vectors, grid)
        transform = field_transform(vectors, grid, itk.F)
    write_transform(folder / f"{name}_transform.h5", transform if matrix is None else affine_transform(matrix))


def write_report(folder: Path, name: str, report: dict[str, Any]) -> None:
    """Write a report.

    Raises:
        OSError: if it cannot be written.
    """
    (folder / f"{name}{REPORT}").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def described(grid: Geometry | None) -> dict[str, Any] | None:
    """A grid for a report."""
    if grid is None:
        return None
    arrays = {"spacing": grid.spacing, "origin": grid.origin, "direction": grid.direction}
    return {"size": list(grid.size), **{key: values.tolist() for key, values in arrays.items()}}


def written(output_dir: str, name: str, has_field: bool) -> list[Path]:
    """The files that lie in ``output_dir`` now, each told in a line."""
    endings = [*["_field.nii.gz"] * has_field, "_transform.h5", REPORT]
    paths = [Path(output_dir) / f"{name}{ending}" for ending in endings]
    for path in paths:
        logger.info("written: %s", path)
    return paths
