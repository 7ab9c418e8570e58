"""Registering one pair of images: from two files to a transform."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ..engines.stages import AFFINE, UNREGISTERED
from ..errors import InputError
from ..physical import BACKGROUND, Grid, Pair, Prepared, prepare, read_pair
from .deformation import Deformation
from .method import Method, MethodOf
from .output import name_of
from .results import Result
from .stages import STAGES, NetworkStage, Stage, build_stages, placed
from .start import INITIAL, initial_deformation
from .working_grid import working_grid


class Registration:
    """Registers pairs of images.

    The images are turned into one orientation, scaled and brought onto a working grid; the stages find a deformation,
    one from what the other left. It becomes one transform, by which the moving image is resampled once, onto the fixed
    image's own grid.

    Args:
        method_of: the method for images of so many dimensions; it is asked once for each.
        stages: names, of those in :mod:`scripts.registration.stages`, or stages themselves, in order.
        identity: plain values that tell one configuration's results from another's: they stand in the report, and a
            batch does again what was done with others.
        device: of network and refinement.
    """

    def __init__(
        self,
        method_of: MethodOf,
        stages: Sequence[str | Stage] = tuple(STAGES),
        identity: Mapping[str, Any] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.method_of, self.stages, self.device = method_of, list(stages), torch.device(device)
        self.identity = json.loads(json.dumps(dict(identity or {}), default=str))  # as it stands in a report
        self._ready: dict[int, tuple[Method, list[Stage]]] = {}

    def __call__(
        self,
        fixed: str,
        moving: str,
        moving_label: str | None = None,
        fixed_label: str | None = None,
        name: str | None = None,
        initial_transform: str | None = None,
        fixed_mask: str | None = None,
        moving_mask: str | None = None,
    ) -> Result:
        """Register ``moving`` to ``fixed``.

        Args:
            fixed, moving: image files, or folders of a DICOM series each.
            moving_label: label map of ``moving``, carried along.
            fixed_label: label map of ``fixed``: with both, the report says how well labels overlap.
            name: of the result; ``None``: the moving image's.
            initial_transform: file of the transform to start from; ``None``: the images as their headers place them.
            fixed_mask, moving_mask: label maps, not 0 where the images are compared.

        Raises:
            InputError: if a file cannot be read or its image not registered.
        """
        watch = Stopwatch()
        files = fixed, moving, fixed_label, moving_label, fixed_mask, moving_mask
        pair = read_pair(*files, as_placed=initial_transform is None)
        method, stages = self._stages(pair)
        target = prepare(pair.fixed, pair.frame, method.intensity, pair.fixed_mask)
        source = prepare(pair.moving, pair.frame, method.intensity, pair.moving_mask)
        grid = working_grid(target, method.spacing, method.spatial_size)
        seen = _seen(target, grid, pair.fixed.path)
        watch.lap("read")
        found = {UNREGISTERED: Deformation.none(grid)}
        if initial_transform is not None:
            found[INITIAL] = initial_deformation(initial_transform, pair, grid)
            watch.lap(INITIAL)
        for stage in stages:
            before = list(found.values())[-1]
            if stage.name == AFFINE and before.ddf.any():
                continue  # a deformable start has an affine part, and the field goes with it
            found[stage.name] = _finite(stage(target, source, before))
            watch.lap(stage.name)
        result = Result(
            name or name_of(moving),
            pair,
            seen,
            source,
            found,
            initial_transform,
            same_contrast=method.same_contrast,
            panels=method.panels,
        )
        report = result.report
        watch.lap("results")
        report.update(identity=self.identity, seconds=watch.laps, versions=versions())
        return result

    def _stages(self, pair: Pair) -> tuple[Method, list[Stage]]:
        """Method and stages for a pair, built once for a number of dimensions."""
        dims = pair.fixed.array.ndim
        if dims not in self._ready:
            method = self.method_of(dims)
            if method.network is None and NetworkStage.name in self.stages:
                raise InputError(
                    f"the images are {dims}-D and the method has no {dims}-D network; give one and its weights with "
                    f"--spatial_dims {dims} and --ckpt_path, or --use_network false to register by refinement alone."
                )
            self._ready[dims] = method, build_stages(self.stages, method, self.device)
        return self._ready[dims]


def _seen(fixed: Prepared, grid: Grid, path: str) -> Prepared:
    """The fixed image on the working grid."""
    step, widest = float(grid.spacing.max()), float((fixed.grid.spacing * fixed.grid.size).max())
    seen = placed(fixed, grid) if step <= widest else None  # how far it is smoothed grows with the step
    if seen is None or not (seen.values > BACKGROUND).any():
        raise InputError(
            f"{path} shows nothing on the working grid, whose voxels of {step:g} mm are too large for its object; "
            "give a smaller --spacing."
        )
    if seen.mask is not None and not (seen.mask * seen.values > BACKGROUND).any():
        raise InputError(
            f"the mask of {path} marks nothing of its object that is as large as a voxel of the working grid, {step:g} "
            "mm; give a larger one or a smaller --spacing."
        )
    return seen


def _finite(deformation: Deformation) -> Deformation:
    if not torch.isfinite(deformation.ddf).all():
        raise InputError("the registration did not converge to finite displacements; try --affine true.")
    return deformation


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the stage ``name``."""
        now = time.perf_counter()
        self.laps[name], self._last = round(now - self._last, 3), now


def versions() -> dict[str, str]:
    """Of what computed a result."""
    metadata = json.loads((Path(__file__).parents[2] / "configs" / "metadata.json").read_text(encoding="utf-8"))
    packages = {name: version(name) for name in ("torch", "monai", "itk", "nibabel", "numpy")}
    return {"bundle": metadata["version"], "python": platform.python_version(), **packages}
