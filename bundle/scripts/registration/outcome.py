"""From what the stages found to everything a user gets: the images, the fields, the measures, the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..physical import BACKGROUND, ORIENTATION, Geometry, Image, Pair, Prepared
from ..physical.itk_images import resample_once
from ..physical.itk_transforms import affine_transform, field_transform
from ..spatial import grid_points, jacobian_determinant, map_points, sample
from .deformation import Deformation, Fields, fields_of, forward_fields, jacobian_of
from .measures import dice, inverse_error, similarity, volume_change
from .results import Result


@dataclass(frozen=True, eq=False)
class Outcome:
    """A registered pair, seen from all sides.

    Attributes:
        pair: what was registered.
        seen: the fixed image on the working grid.
        source: the moving image as prepared.
        found: the deformation after every stage, by its name; the first is none, the last is the result.
    """

    pair: Pair
    seen: Prepared
    source: Prepared
    found: Mapping[str, Deformation]

    @property
    def deformation(self) -> Deformation:
        """What the last stage found."""
        return list(self.found.values())[-1]

    def result(self, name: str) -> Result:
        """All that is written of it; see :class:`Result`."""
        fixed, moving = self.pair.fixed, self.pair.moving
        jac_det = jacobian_of(self.fields.whole, self.fields.fixed)[fixed.geometry.middle]
        warped_label = self._carried(self.pair.moving_label)
        return Result(
            name=name,
            fixed=fixed,
            moving=moving,
            warped=Image(moving.path, resample_once(moving, fixed.geometry, self.transform, False), fixed.geometry),
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
        grid = self.pair.fixed.geometry
        return Image(label.path, resample_once(label, grid, self.transform, True), grid)

    @cached_property
    def moved(self) -> dict[str, Tensor]:
        """The moving image on the working grid after every stage, ``(1, 1, *S)``."""
        points = grid_points(self.seen.grid.size, self.seen.grid.affine[:-1])
        to_index = np.linalg.inv(self.source.grid.affine)[:-1]
        return {
            stage: sample(self.source.values, map_points(to_index, deformation.forward(points))).float()
            for stage, deformation in self.found.items()
        }

    def figure(self) -> dict[str, Any]:
        """Arguments of the picture, on the working grid: upright, in cubic voxels."""
        ddf = self.deformation.in_voxels()
        first, *_, last = self.moved.values() if len(self.moved) > 1 else [*self.moved.values()] * 2
        images = {"fixed": self.seen.values, "moving": first, "warped": last}
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
        """What the JSON file says, but for identity, times and versions."""
        pair, dims = self.pair, len(self.pair.fixed.geometry.size)
        measured = "intensities scaled to 0..1, on the working grid"
        return {
            "name": name,
            "fixed": _described(pair.fixed),
            "moving": _described(pair.moving),
            "fixed_label": pair.fixed_label.path if pair.fixed_label else None,
            "moving_label": pair.moving_label.path if pair.moving_label else None,
            "notes": pair.notes,
            "stages": list(self.found),
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
        *earlier, last = self.found
        maps = {stage: self._label_after(self.found[stage], pair.moving_label) for stage in earlier}
        return dice({**maps, last: warped_label.values}, pair.fixed_label.values, pair.moving_label.values)

    def _label_after(self, deformation: Deformation, label: Image) -> np.ndarray:
        fixed, moving, frame = self.pair.fixed.geometry, self.pair.moving.geometry, self.pair.frame
        if deformation.ddf.any():
            transform = field_transform(forward_fields(deformation, frame, fixed, moving)[0], fixed.thickened())
        else:
            transform = affine_transform(frame.in_space(deformation.affine, moving))
        return resample_once(label, fixed, transform, True)


def _described(image: Image) -> dict[str, Any]:
    geometry: Geometry = image.geometry
    return {
        "path": image.path,
        "size": list(geometry.size),
        "spacing": geometry.spacing.tolist(),
        "origin": geometry.origin.tolist(),
        "direction": geometry.direction.tolist(),
    }
