"""A chain of saved transforms as one displacement field, so that an image is resampled once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..options import typed
from ..physical import Geometry
from ..physical.steps import Step, carry, joined, read_steps
from ..reports.numbers import shown
from .deformation import jacobian_of
from .field_files import as_field, at_points, described, grid_for, points_of, write_files, write_report, written
from .measures import volume_change
from .output import check_name, staged

logger = logging.getLogger(__name__)

BESIDE = 0.01  # voxels from a slice at which its surroundings are seen: within the thinnest of fields


@typed
def compose(transforms: list[str], output_dir: str, fixed: str | None = None, name: str = "composed") -> list[Path]:
    """Make one displacement field of a chain of saved transforms.

    They are given in the order in which registrations follow from the final fixed image outwards: points of the fixed
    image go through the first, then through the second. With B registered to A as ``T1`` (fixed A, moving B), and C to
    B as ``T2`` (fixed B, moving C), ``compose([T1, T2], ...)`` takes points of A to C and so resamples C onto A.

    Args:
        transforms: files: displacement fields (vector NIfTI) and ITK transforms (``.h5``, ``.tfm``, ``.mat``).
        output_dir: folder of the results.
        fixed: image whose grid the field takes; without one, the grid of the first field in the chain.
        name: of the results: ``<name>_field.nii.gz``, ``<name>_transform.h5`` (the same field; of affine maps alone,
            their product) and ``<name>_report.json``.

    Returns:
        The files written.

    Raises:
        InputError: if a file cannot be read or written, dimensions differ, or there is no grid.
    """
    check_name(name, "--name is")
    steps = _read_chain(transforms)
    grid = grid_for(fixed, steps)
    if grid is None:
        raise InputError(f"{transforms[0]} holds no displacement field; name an image whose grid to use with --fixed.")
    vectors, outside = _sampled(steps, grid)
    thick, share = grid.thickened(), float(outside.mean())
    report = {
        "name": name,
        "transforms": transforms,
        "order": "points of the fixed image go through the first, then the second",
        "space": "ITK physical points, LPS, mm: fixed to moving",
        "fixed": fixed,
        "grid": described(grid),
        "outside_fraction": share,
        "jacobian": volume_change(jacobian_of(vectors, thick)[grid.middle]),
    }
    with staged(output_dir, [*transforms, fixed]) as folder:
        write_files(folder, name, vectors, thick, joined(steps))
        write_report(folder, name, report)
    if share > 0:
        logger.warning(
            "%s %% of the grid's points leave a displacement field of the chain, which does not move them there",
            shown("folding", share),
        )
    return written(output_dir, name, has_field=True)


def _read_chain(transforms: Sequence[str]) -> list[Step]:
    """The steps of all files, in their order."""
    if not transforms:
        raise InputError(
            "there is nothing to compose; name one transform or more, that of the final fixed image first."
        )
    chains = [read_steps(path) for path in transforms]
    first = chains[0][0].dims
    for path, steps in zip(transforms, chains, strict=True):
        if steps[0].dims != first:
            raise InputError(
                f"{path} is a {steps[0].dims}-D transform but {transforms[0]} a {first}-D one; give transforms of one "
                "number of dimensions."
            )
    return [step for steps in chains for step in steps]


def _sampled(steps: Sequence[Step], grid: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """The field ``(E, *S)`` on the thickened grid, and which points ``(N,)`` of the grid left a field on the way.

    What is beside a slice moves as the slice and its nearest surroundings do: a voxel away it would leave the field of
    a thinner slice.
    """

    def moved(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        there, outside = carry(steps, points)
        return there - points, outside

    points = points_of(grid)
    vectors, outside = at_points(moved, points)
    field = as_field(vectors, grid)
    for axis in grid.flat_axes:
        aside = BESIDE * grid.matrix[:, axis]
        before, after = (at_points(moved, points + sign * aside)[0] for sign in (-1, 1))
        slope = as_field((after - before) / (2 * BESIDE), grid)
        field = np.concatenate([field - slope, field, field + slope], axis=axis + 1)
    return field, outside
