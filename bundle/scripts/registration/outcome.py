"""From a found deformation to everything a user gets: the images, the fields, the measures, the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..spatial import grid_points, jacobian_determinant, map_points, sample
from .apply import middle, resample_once
from .deformation import Deformation, Fields, fields_of, jacobian_of
from .geometry import ORIENTATION, Geometry
from .images import Image
from .itk_files import affine_transform, field_transform
from .measures import dice, inverse_error, similarity, volume_change
from .pair import Pair
from .prepare import BACKGROUND, Prepared
from .results import Result


@dataclass(frozen=True, eq=False)
class Outcome:
    """A registered pair, seen from all sides.

    Attributes:
        pair: what was registered.
        seen: the fixed image on the working grid.
        source: the moving image as prepared.
        deformation: what was found.
    """

    pair: Pair
    seen: Prepared
    source: Prepared
    deformation: Deformation

    def result(self, name: str) -> Result:
        """All that is written of it; see :class:`Result`."""
        fixed, moving = self.pair.fixed, self.pair.moving
        whole = self.fields.fixed
        jac_det = jacobian_of(self.fields.whole, whole)[middle(fixed.geometry)]
        warped_label = self._carried(self.pair.moving_label)
        return Result(
            name=name,
            fixed=fixed,
            moving=moving,
            warped=Image(moving.path, resample_once(moving, fixed, self.transform, False), fixed.geometry),
            warped_label=warped_label,
            fields=self.fields,
            jac_det=jac_det,
            figure=self.figure(),
            report=self.report(name, jac_det, warped_label),
        )

    @cached_property
    def fields(self) -> Fields:
        """The deformation on the files' grids."""
        return fields_of(self.deformation, self.pair.frame, self.pair.fixed.geometry, self.pair.moving.geometry)

    @cached_property
    def transform(self) -> Any:
        """The displacement field as ITK transform: in memory just what is saved."""
        return field_transform(self.fields.whole, self.fields.fixed)

    def _carried(self, label: Image | None) -> Image | None:
        if label is None:
            return None
        return Image(label.path, resample_once(label, self.pair.fixed, self.transform, True), self.pair.fixed.geometry)

    @cached_property
    def stages(self) -> dict[str, Deformation]:
        """As the headers place the images, after the affine stage, and after all."""
        grid, ddf = self.deformation.grid, torch.zeros_like(self.deformation.ddf)
        still = np.eye(len(grid.affine))
        return {
            "before": Deformation(grid, ddf, still),
            "affine": Deformation(grid, ddf, self.deformation.affine),
            "after": self.deformation,
        }

    @cached_property
    def moved(self) -> dict[str, Tensor]:
        """The moving image on the working grid at every stage, ``(1, 1, *S)``."""
        points = grid_points(self.seen.grid.size, self.seen.grid.affine[:-1])
        to_index = np.linalg.inv(self.source.grid.affine)[:-1]
        return {
            stage: sample(self.source.values, map_points(to_index, deformation.forward(points))).float()
            for stage, deformation in self.stages.items()
        }

    def figure(self) -> dict[str, Any]:
        """Arguments of the picture, on the working grid: upright, in cubic voxels."""
        ddf = self.deformation.in_voxels()
        images = {"fixed": self.seen.values, "moving": self.moved["before"], "warped": self.moved["after"]}
        arrays = {key: image[0, 0].numpy() for key, image in images.items()}
        arrays |= {"ddf": ddf[0].numpy(), "jac_det": jacobian_determinant(ddf)[0, 0].numpy()}
        return {**arrays, **self._labels_seen(), "orientation": ORIENTATION.get(len(self.pair.fixed.geometry.size), "")}

    def _labels_seen(self) -> dict[str, np.ndarray]:
        points = grid_points(self.seen.grid.size, self.seen.grid.affine[:-1])
        wanted = {
            "fixed_label": (self.pair.fixed_label, points),
            "moving_label": (self.pair.moving_label, points),
            "warped_label": (self.pair.moving_label, self.deformation.forward(points)),
        }
        return {key: self._nearest(label, where) for key, (label, where) in wanted.items() if label is not None}

    def _nearest(self, label: Image, points: Tensor) -> np.ndarray:
        index = map_points(np.linalg.inv(self.pair.frame.coordinates(label.geometry))[:-1], points)
        ids = torch.from_numpy(label.array.astype(np.float64))[None, None]
        return sample(ids, index, "nearest")[0, 0].numpy().astype(np.int64)

    def report(self, name: str, jac_det: np.ndarray, warped_label: Image | None) -> dict[str, Any]:
        """What the JSON file says, but for options, times and versions."""
        pair, dims = self.pair, len(self.pair.fixed.geometry.size)
        measured = "intensities scaled to 0..1, on the working grid"
        return {
            "name": name,
            "fixed": _described(pair.fixed),
            "moving": _described(pair.moving),
            "fixed_label": pair.fixed_label.path if pair.fixed_label else None,
            "moving_label": pair.moving_label.path if pair.moving_label else None,
            "notes": pair.notes,
            "transform": {
                "dimensions": dims,
                "space": "ITK physical points, LPS, mm: fixed to moving",
                "affine": self.fields.affine.tolist(),
                "slice_in_space": dims > pair.fixed.array.ndim,
            },
            "working_grid": {"size": self.seen.grid.size, "spacing": float(self.seen.grid.spacing[0])},
            "similarity": {
                "measured_on": measured,
                **{stage: similarity(self.seen.values, image) for stage, image in self.moved.items()},
            },
            "dice": self._overlaps(warped_label),
            "jacobian": volume_change(jac_det),
            "inverse_error_voxels": inverse_error(self.deformation, self.seen.values[0, 0] > BACKGROUND),
        }

    def _overlaps(self, warped_label: Image | None) -> dict[str, Any]:
        pair = self.pair
        if pair.fixed_label is None or pair.moving_label is None or warped_label is None:
            return {}
        maps = {}
        for stage in ("before", "affine"):
            affine = pair.frame.in_space(self.stages[stage].affine, pair.moving.geometry)
            maps[stage] = resample_once(pair.moving_label, pair.fixed, affine_transform(affine), True)
        return dice({**maps, "after": warped_label.values}, pair.fixed_label.values, pair.moving_label.values)


def _described(image: Image) -> dict[str, Any]:
    geometry: Geometry = image.geometry
    return {
        "path": image.path,
        "size": list(geometry.size),
        "spacing": geometry.spacing.tolist(),
        "origin": geometry.origin.tolist(),
        "direction": geometry.direction.tolist(),
    }
