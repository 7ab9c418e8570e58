"""What a registered sequence gives: aligned frames, motion, carried labels, volumes and strains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..metrics import (
    carried_volume,
    circumferential_strain,
    correlation,
    ejection_fraction,
    label_dice,
    radial_strain,
    temporal_roughness,
)
from ..physical import ImageSequence
from ..reports import SequenceCourse
from ..spatial import folded_fraction, invert_field, warp
from .motion import Motion

RIGHT_VENTRICLE, MYOCARDIUM, LEFT_VENTRICLE = HEART = (1, 2, 3)  # ids of ACDC
NAMES = {RIGHT_VENTRICLE: "right ventricle", MYOCARDIUM: "myocardium", LEFT_VENTRICLE: "left ventricle"}
MM3_PER_ML = 1000


@dataclass(frozen=True, eq=False)
class SequenceResult:
    """A registered sequence, seen from all sides; each is computed once, when it is first asked for.

    Attributes:
        name: what its files' names begin with.
        sequence: what was registered, as read.
        motion: what was found.
        labels: label maps of frames, ``(X, Y, Z)`` by frame; the reference's is carried to all frames, the others say
            how well it arrives.
        about: plain values for the report: where it comes from, how long it took.
        periodic: whether the first frame follows the last.
    """

    name: str
    sequence: ImageSequence
    motion: Motion
    labels: Mapping[int, np.ndarray] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    periodic: bool = True

    @property
    def label(self) -> np.ndarray | None:
        """The reference's label map, ``(X, Y, Z)``."""
        return self.labels.get(self.motion.reference)

    @cached_property
    def ids(self) -> list[int]:
        """Of the reference's labels, without the background."""
        return [] if self.label is None else [int(i) for i in np.unique(self.label) if i != 0]

    @property
    def is_heart(self) -> bool:
        """Whether the labels are those of a heart in ACDC's convention."""
        return {MYOCARDIUM, LEFT_VENTRICLE} <= set(self.ids) <= set(HEART)

    def _stacked(self, parts: list[Tensor]) -> np.ndarray:
        """Series ``(T, *S)`` of what was registered by itself as ``(X, Y, Z, T)``."""
        joined = torch.stack(parts, dim=-1) if self.motion.by_slice else parts[0]
        return np.ascontiguousarray(joined.movedim(0, -1).numpy())

    def _label_of(self, label: np.ndarray, index: int) -> Tensor:
        """The part of a label map ``(X, Y, Z)`` that belongs to part ``index``, ``(1, 1, *S)``."""
        plane = label[..., index] if self.motion.by_slice else label
        return torch.from_numpy(np.ascontiguousarray(plane).astype(np.int64))[None, None]

    @cached_property
    def aligned(self) -> np.ndarray:
        """Every frame on the reference's grid, ``(X, Y, Z, T)`` float32, intensities as stored."""
        frames = torch.from_numpy(np.moveaxis(self.sequence.values, -1, 0).copy())
        stored = frames.unbind(-1) if self.motion.by_slice else [frames]
        pairs = zip(stored, self.motion.parts, strict=True)
        return self._stacked([warp(images[:, None], ddf)[:, 0] for images, (_, ddf) in pairs])

    @cached_property
    def carried(self) -> np.ndarray | None:
        """The reference's labels in every frame, ``(X, Y, Z, T)``, of the label map's type."""
        if self.label is None:
            return None
        parts = []
        for k, (_, ddf) in enumerate(self.motion.parts):
            label = self._label_of(self.label, k).expand(len(ddf), *[-1] * (ddf.ndim - 1))
            parts.append(warp(label.float(), invert_field(ddf), "nearest")[:, 0])
        return self._stacked(parts).astype(self.label.dtype)

    @cached_property
    def vectors(self) -> np.ndarray:
        """Displacement from the reference to every frame, ``(T, 3, X, Y, Z)``, LPS, mm."""
        ddf = self.motion.ddf
        if self.motion.by_slice:
            ddf = ddf.movedim(0, -1)
        axes = self.sequence.geometry.matrix[:, : ddf.shape[1]]
        return np.einsum("ed,td...->te...", axes, ddf.numpy()).astype(np.float32)

    @cached_property
    def volumes(self) -> dict[int, np.ndarray]:
        """Volume of every label in every frame, ``(T,)``, in :attr:`volume_unit`."""
        if self.label is None:
            return {}
        parts = [
            carried_volume(self._label_of(self.label, k), self.ids, d) for k, (_, d) in enumerate(self.motion.parts)
        ]
        total = torch.stack(parts).sum(0).numpy() * self._voxel
        return {i: total[:, k] for k, i in enumerate(self.ids)}

    @cached_property
    def _voxel(self) -> float:
        """Volume of a voxel, ml."""
        return float(np.prod(self.sequence.geometry.spacing)) / MM3_PER_ML

    @cached_property
    def strains(self) -> dict[str, np.ndarray]:
        """Mean strain of the myocardium in every frame, ``(T,)``, over all slices, weighted by its voxels."""
        if not self.is_heart or self.label is None:
            return {}
        spacing = self.sequence.geometry.spacing.tolist()
        found: dict[str, np.ndarray] = {}
        for name, measure in (("radial strain", radial_strain), ("circumferential strain", circumferential_strain)):
            values, weights = [], []
            for k, (_, ddf) in enumerate(self.motion.parts):
                label = self._label_of(self.label, k)
                if (label == LEFT_VENTRICLE).any() and (label == MYOCARDIUM).any():
                    values.append(measure(ddf, label, MYOCARDIUM, LEFT_VENTRICLE, spacing[: ddf.shape[1]]).numpy())
                    weights.append(float((label == MYOCARDIUM).sum()))
            if values:
                found[name] = np.average(np.stack(values), axis=0, weights=weights)
        return found

    @cached_property
    def course(self) -> SequenceCourse | None:
        """Volumes and strains over time; ``None`` without labels."""
        if self.label is None or not self.ids:
            return None
        measured = {
            self._called(i): {t: float((label == i).sum()) * self._voxel for t, label in self.labels.items()}
            for i in self.ids
        }
        ventricle = self.volumes.get(LEFT_VENTRICLE) if self.is_heart else None
        return SequenceCourse(
            times=self.sequence.times,
            time_unit="s" if self.sequence.unit == "s" else "",
            volumes={self._called(i): volume for i, volume in self.volumes.items()},
            volume_unit="ml",
            strains=self.strains,
            reference=self.motion.reference,
            measured=measured,
            ejection={self._called(i): value for i, value in self.ejection.items()},
            end_systole=int(ventricle.argmin()) if ventricle is not None else None,
        )

    @cached_property
    def ejection(self) -> dict[int, float]:
        """Ejection fraction of the ventricles of a heart, 0 to 1."""
        wanted = [i for i in (RIGHT_VENTRICLE, LEFT_VENTRICLE) if i in self.ids] if self.is_heart else []
        return {i: ejection_fraction(torch.from_numpy(self.volumes[i])) for i in wanted}

    def _called(self, label: int) -> str:
        return NAMES[label] if self.is_heart else f"label {label}"

    @cached_property
    def dice(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Of the carried labels in the other labelled frames: frame, then stage, then label."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        if self.label is None or self.carried is None:
            return found
        start = torch.from_numpy(self.label.astype(np.int64))[None, None]
        for t in sorted(set(self.labels) - {self.motion.reference}):
            drawn = torch.from_numpy(self.labels[t].astype(np.int64))[None, None]
            carried = torch.from_numpy(self.carried[..., t].astype(np.int64))[None, None]
            stages = {"unregistered": start, "registered": carried}
            scores = {stage: label_dice(maps, drawn, self.ids, start)[0].tolist() for stage, maps in stages.items()}
            found[str(t)] = {
                stage: {self._called(i): _number(v) for i, v in zip(self.ids, values, strict=True)}
                for stage, values in scores.items()
            }
        return found

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the JSON file says."""
        geometry, parts = self.sequence.geometry, self.motion.parts
        before, after = self._likeness()
        return {
            "name": self.name,
            "sequence": self.sequence.path,
            "size": list(geometry.size),
            "spacing": geometry.spacing.tolist(),
            "frames": len(self.sequence.times),
            "times": self.sequence.times.tolist(),
            "time_unit": self.sequence.unit,
            "reference": self.motion.reference,
            "registered": "slice by slice" if self.motion.by_slice else "as volumes",
            "periodic": self.periodic,
            "notes": [self.sequence.note] if self.sequence.note else [],
            "motion": {
                "space": "LPS, mm: a point of the reference frame plus its vector is the point in each frame",
                "largest_mm": float(np.sqrt((self.vectors**2).sum(1)).max()),
                "folded_fraction": float(np.mean([folded_fraction(ddf).mean() for _, ddf in parts])),
                "temporal_roughness": self._roughness(),
            },
            "correlation_with_reference": {"unregistered": before, "registered": after},
            "ejection_fraction": {self._called(i): value for i, value in self.ejection.items()},
            "dice": self.dice,
            **self.about,
        }

    def _likeness(self) -> tuple[list[float], list[float]]:
        """Correlation of every frame with the reference, over the whole stack, before and after."""
        scaled = self._stacked([frames for frames, _ in self.motion.parts])
        moved = self._stacked([warp(frames[:, None], ddf)[:, 0] for frames, ddf in self.motion.parts])
        fixed = torch.from_numpy(scaled[..., self.motion.reference]).flatten()
        rows = (torch.from_numpy(np.moveaxis(each, -1, 0).copy()).flatten(1) for each in (scaled, moved))
        first, second = (correlation(row, fixed.expand_as(row)).tolist() for row in rows)
        return first, second

    def _roughness(self) -> float | None:
        parts = self.motion.parts
        if len(parts[0][1]) < 3:
            return None
        return float(np.mean([temporal_roughness(ddf, self.periodic) for _, ddf in parts]))


def _number(value: float) -> float | None:
    return None if value != value else value
