"""Carrying landmarks through a saved transform, and how far they are from where they should arrive."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..options import typed
from ..physical.itk_transforms import read_transform, transform_points
from ..physical.points import LARGEST, PointFile, read_points
from ..physical.steps import carry, steps_of
from ..reports.numbers import MILLIMETRES, number
from .output import staged

logger = logging.getLogger(__name__)


@typed
def carry_points(transform: str, landmarks: str, output_dir: str, target_landmarks: str | None = None) -> list[Path]:
    """Carry points through a saved transform; of one that ``register`` wrote, from the fixed image to the moving one.

    Args:
        transform: displacement field (vector NIfTI) or ITK transform file (``.h5``, ``.tfm``). The inverse field
            carries points of the moving image to the fixed one.
        landmarks: points, see :func:`read_points`.
        output_dir: folder of the result, ``<landmarks>_points`` in the format of ``landmarks``.
        target_landmarks: where the points should arrive, in the same order; their distances before and after go to
            ``<landmarks>_points_error.json``.

    Returns:
        The files written.

    Raises:
        InputError: if a file cannot be read or written, or dimensions or numbers of points do not agree.
    """
    source = read_points(landmarks)
    target = read_points(target_landmarks) if target_landmarks else None
    if target is not None and len(target.positions) != len(source.positions):
        raise InputError(
            f"{target.path} and {source.path} differ in their number of points ({len(target.positions)} and "
            f"{len(source.positions)}); give the same points in the same order."
        )
    found = read_transform(transform)
    dims = int(found.GetInputSpaceDimension())
    start = source.of_dimension(dims, transform)
    aim = target.of_dimension(dims, transform) if target is not None else None
    end = transform_points(found, start)
    if not (np.abs(end) <= LARGEST).all():
        raise InputError(
            f"{transform} takes points beyond {LARGEST:.0g} mm; give a transform of images in millimetres."
        )
    _, outside = carry(steps_of(found), start)
    _warn_of_outside(int(outside.sum()), source, transform)
    texts = {source.suffix: source.text(np.column_stack([end, source.positions[:, dims:]]))}
    if target is not None and aim is not None:
        error = {"before": distances(start, aim), "after": distances(end, aim)}
        _log_error(error)
        files = {"transform": transform, "landmarks": source.path, "target_landmarks": target.path}
        report = {**files, "points": len(end), "target_registration_error_mm": error}
        texts["_error.json"] = json.dumps(report, indent=2) + "\n"
    files = {f"{source.name}_points{ending}": text for ending, text in texts.items()}
    return _write(output_dir, files, [transform, landmarks, target_landmarks])


def distances(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation (of the population) and largest of the distances of points ``(N, E)``, mm."""
    apart = np.linalg.norm(first - second, axis=1)
    return {"mean": float(apart.mean()), "sd": float(apart.std()), "max": float(apart.max())}


def _warn_of_outside(count: int, source: PointFile, transform: str) -> None:
    if count:
        logger.warning(
            "%d of %d points of %s lie outside the displacement field of %s, which does not move them",
            count, len(source.positions), source.path, transform,
        )  # fmt: skip


def _log_error(error: dict[str, dict[str, float]]) -> None:
    for stage, values in error.items():
        texts = (number(values[key], MILLIMETRES) for key in ("mean", "sd", "max"))
        logger.info("target registration error %s: mean %s mm, sd %s, max %s", stage, *texts)


def _write(output_dir: str, texts: dict[str, str], inputs: Sequence[str | None]) -> list[Path]:
    """Write files by their names, all or none."""
    with staged(output_dir, inputs) as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    written = [Path(output_dir) / name for name in texts]
    for path in written:
        logger.info("written: %s", path)
    return written
