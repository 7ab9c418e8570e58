"""What a registration gives: the images, the fields, the measures, the picture, and the files of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..engines.stages import AFFINE
from ..physical import BACKGROUND, ORIENTATION, Geometry, Image, Pair, Prepared
from ..physical.itk_images import resample_once
from ..physical.itk_transforms import affine_transform, field_transform, write_transform
from ..physical.writing import write_field, write_like
from ..progress import progress
from ..reports import save_registration_figure
from ..spatial import grid_points, jacobian_determinant, map_points, marked, sample
from .deformation import (
    Deformation,
    Fields,
    composite_transform,
    fields_of,
    forward_fields,
    inverse_error,
    jacobian_of,
)
from .measures import dice, similarity, volume_change
from .output import FILES, REPORT, suffix_like
from .verdict import verdict as judge

MOST_POINTS = 100_000  # at which the inverse is tested


@dataclass(frozen=True, eq=False)
class Result:
    """A registered pair, seen from all sides; each is computed once, when it is first asked for.

    Attributes:
        name: what its files' names begin with.
        pair: what was registered, as read.
        seen: the fixed image on the working grid.
        source: the moving image as prepared.
        found: the deformation after every stage, by its name; the first is none, the last is the result.
        initial_transform: file of the transform that it started from, if any.
        same_contrast: whether the images' intensities can be compared.
        panels: of the picture; ``None``: all.
    """

    name: str
    pair: Pair
    seen: Prepared
    source: Prepared
    found: Mapping[str, Deformation]
    initial_transform: str | None = None
    same_contrast: bool = True
    panels: Sequence[str] | None = None

    @property
    def fixed(self) -> Image:
        """The fixed image as read."""
        return self.pair.fixed

    @property
    def moving(self) -> Image:
        """The moving image as read."""
        return self.pair.moving

    @property
    def deformation(self) -> Deformation:
        """What the last stage found."""
        return list(self.found.values())[-1]

    @cached_property
    def fields(self) -> Fields:
        """The deformation on the files' grids."""
        return fields_of(self.deformation, self.pair.frame, self.fixed.geometry, self.moving.geometry)

    @cached_property
    def transform(self) -> Any:
        """The displacement field as ITK transform: in memory just what is saved."""
        return field_transform(self.fields.whole, self.fields.fixed)

    @cached_property
    def warped(self) -> Image:
        """The moving image on the fixed grid."""
        return self._carried(self.moving, nearest=False)

    @cached_property
    def warped_label(self) -> Image | None:
        """The moving label map on the fixed grid."""
        return self._carried(self.pair.moving_label, nearest=True) if self.pair.moving_label else None

    def _carried(self, image: Image, nearest: bool) -> Image:
        grid = self.fixed.geometry
        return Image(image.path, resample_once(image, grid, self.transform, nearest), grid)

    @cached_property
    def jac_det(self) -> np.ndarray:
        """Determinant of the transform's Jacobian on the fixed grid, ``(*size)``."""
        return jacobian_of(self.fields.whole, self.fields.fixed)[self.fixed.geometry.middle]

    @cached_property
    def moved(self) -> dict[str, Tensor]:
        """The moving image on the working grid after every stage, ``(1, 1, *S)``."""
        return self._seen_after(self.source.values, "zeros")

    def _seen_after(self, values: Tensor, outside: str) -> dict[str, Tensor]:
        points = grid_points(self.seen.grid.size, self.seen.grid.affine[:-1])
        to_index = np.linalg.inv(self.source.grid.affine)[:-1]
        return {
            stage: sample(values, map_points(to_index, deformation.forward(points)), padding_mode=outside).float()
            for stage, deformation in self.found.items()
        }

    @cached_property
    def compared(self) -> dict[str, Tensor]:
        """Where on the working grid both masks allow after every stage, ``(1, 1, *S)``, 1 or 0."""
        fixed = torch.ones_like(self.seen.values) if self.seen.mask is None else self.seen.mask
        if self.source.mask is None:
            return dict.fromkeys(self.found, fixed)
        return {stage: fixed * marked(mask) for stage, mask in self._seen_after(self.source.mask, "border").items()}

    @cached_property
    def ddf(self) -> Tensor:
        """The whole map as a displacement on the working grid, ``(1, D, *S)``, in its voxels."""
        return self.deformation.on(self.seen.grid).in_voxels()

    @cached_property
    def figure(self) -> dict[str, Any]:
        """Arguments of the picture, on the working grid: upright, in cubic voxels."""
        ddf = self.ddf
        first, *_, last = self.moved.values() if len(self.moved) > 1 else [*self.moved.values()] * 2
        images = {"fixed": self.seen.values, "moving": first, "warped": last}
        arrays = {key: image[0, 0].numpy() for key, image in images.items()}
        arrays |= {"ddf": ddf[0].numpy(), "jac_det": jacobian_determinant(ddf)[0, 0].numpy()}
        seen = {**arrays, **self._labels_seen(), "panels": self.panels}
        return {**seen, "orientation": ORIENTATION.get(len(self.fixed.geometry.size), "")}

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

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the JSON file says; what is known of the run besides is put in by those who know it."""
        pair, dims = self.pair, len(self.fixed.geometry.size)
        everywhere = self.seen.mask is None and self.source.mask is None
        masked = "" if everywhere else ", where the masks allow"
        measured = f"intensities scaled to 0..1, on the working grid{masked}"
        return {
            "name": self.name,
            "fixed": _described(self.fixed),
            "moving": _described(self.moving),
            "fixed_label": pair.fixed_label.path if pair.fixed_label else None,
            "moving_label": pair.moving_label.path if pair.moving_label else None,
            "fixed_mask": pair.fixed_mask.path if pair.fixed_mask else None,
            "moving_mask": pair.moving_mask.path if pair.moving_mask else None,
            "initial_transform": self.initial_transform,
            "notes": pair.notes,
            "verdict": self.verdict,
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
                **{s: similarity(self.seen.values, image, self.compared[s]) for s, image in self.moved.items()},
            },
            "dice": self._overlaps(),
            "jacobian": volume_change(self.jac_det),
            "inverse_error_mm": inverse_error(self.fields, self.object_points),
        }

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """Whether the result is to be doubted, and why."""
        stages = list(self.found)
        aligned, last = AFFINE if AFFINE in stages else stages[0], stages[-1]
        return judge(
            self.seen.values,
            self.moved[aligned],
            self.moved[last],
            self.ddf,
            self.deformation.affine,
            self.same_contrast,
            self.compared[aligned] * self.compared[last],
        )

    @cached_property
    def object_points(self) -> np.ndarray:
        """Points of the fixed object, ``(N, E)``, LPS, mm: voxels of the working grid, not more than are needed."""
        index = (self.seen.values[0, 0] > BACKGROUND).nonzero().numpy()
        index = index[:: max(1, len(index) // MOST_POINTS)]
        to_point = self.pair.frame.lift(self.fixed.geometry) @ self.seen.grid.affine
        return index @ to_point[:, :-1].T + to_point[:, -1]

    def _overlaps(self) -> dict[str, Any]:
        fixed, moving, warped = self.pair.fixed_label, self.pair.moving_label, self.warped_label
        if fixed is None or moving is None or warped is None:
            return {}
        *earlier, last = self.found
        maps = {stage: self._label_after(self.found[stage], moving) for stage in earlier}
        return dice({**maps, last: warped.values}, fixed.values, moving.values)

    def _label_after(self, deformation: Deformation, label: Image) -> np.ndarray:
        fixed, moving, frame = self.fixed.geometry, self.moving.geometry, self.pair.frame
        if deformation.ddf.any():
            transform = field_transform(forward_fields(deformation, frame, fixed, moving)[0], fixed.thickened())
        else:
            transform = affine_transform(frame.in_space(deformation.affine, moving))
        return resample_once(label, fixed, transform, True)

    def save(self, folder: Path, files: Sequence[str] = FILES) -> None:
        """Write the report and the files that are wanted into an existing folder.

        Args:
            folder: where to.
            files: of :data:`scripts.options.File`; label maps are written where there are any.

        Raises:
            OSError: if a file cannot be written.
        """
        like = suffix_like(self.fixed.path)
        suffixes = {"warped": like, "warped_label": like, "transform": ".h5", "figure": ".png"}
        writers = {kind: write for kind, write in self._writers().items() if kind in files}
        wanted = {f"_{kind}{suffixes.get(kind, '.nii.gz')}": write for kind, write in writers.items()}
        wanted[REPORT] = lambda path: path.write_text(json.dumps(self.report, indent=2) + "\n", encoding="utf-8")
        for ending, write in progress(wanted.items(), f"writing {self.name}", "file"):
            write(folder / (self.name + ending))

    def _writers(self) -> dict[str, Callable[[Path], Any]]:
        """What writes each file that there can be."""
        fields, images = self.fields, {"warped": self.warped, "warped_label": self.warped_label}
        write = partial(write_like, geometry=self.fixed.stored, like=self.fixed.path)
        return {
            **{kind: partial(write, values=image.values) for kind, image in images.items() if image is not None},
            "jacobian": lambda path: write(path, values=self.jac_det),
            "field": lambda path: write_field(path, fields.whole, fields.fixed),
            "inverse_field": lambda path: write_field(path, fields.inverse, fields.back),
            "transform": lambda path: write_transform(path, composite_transform(fields)),
            "figure": lambda path: save_registration_figure(path, title=self.name, **self.figure),
        }


def _described(image: Image) -> dict[str, Any]:
    geometry: Geometry = image.geometry
    return {
        "path": image.path,
        "size": list(geometry.size),
        "spacing": geometry.spacing.tolist(),
        "origin": geometry.origin.tolist(),
        "direction": geometry.direction.tolist(),
    }
