"""From points to tissue: the label of every point and its intensity before any scanner.

The pial surface is a hull minus its clefts, the white matter what lies deeper than the cortex is thick: gyri,
their white cores and the cortical ribbon all follow from one signed distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .atlas_geometry import (
    BASE,
    CALLOSUM,
    CLEFT_REACH,
    CORE,
    DOME,
    DOME_FLOOR,
    FISSURE_WIDTH,
    HEAD,
    HULL_CENTRE,
    SINUS,
    TEMPORAL_LOBE,
    TRANSVERSE,
    TRANSVERSE_DEPTH,
    TRANSVERSE_WIDTH,
    TRANSVERSE_WINDING,
    Cleft,
)
from .labels import structure_ids
from .shapes import sheet_distance, smooth_difference, smooth_union
from .traits import SideTraits, Traits

FLUID, CORTEX, WHITE_MATTER, VESSEL = 0.06, 0.235, 0.39, 0.8  # intensities
MENINGES = 2.8  # mm of fluid that skull-stripping leaves around the hull
FLOOR_ROUNDING = 12.0  # mm
CROWN = 7.0  # mm over which a gyrus is rounded where a cleft opens
MEANDER, MEANDER_LENGTH = 0.2, 44.0  # radians, mm: how clefts wind from the back to the front
OPENING = 4.0  # lengths of its first piece by which a cleft is extended outwards
DEEPENING, DEEPENING_LENGTH = 0.15, 50.0  # mm: beyond the nuclei the clefts reach further in
SMALLEST_SECTION = 0.35  # of the central section: where the clefts stop converging


@dataclass(frozen=True)
class Tissue:
    """What is at every point, ``(N,)`` each.

    Attributes:
        label: ids, 0 outside every structure.
        intensity: mean intensity, borders blended over a voxel.
        inside: 1 within the skull-stripped brain, 0 outside, blended likewise.
    """

    label: Tensor
    intensity: Tensor
    inside: Tensor


def build_tissue(points: Tensor, traits: Traits, blend: float) -> Tissue:
    """Label and colour points.

    Args:
        points: ``(3, N)`` mm: left of the midplane, inferior from the top of the field of view, anterior.
        traits: of the subject.
        blend: width of a border between tissues, mm; about half a voxel.
    """
    label = torch.zeros(points.shape[1], dtype=torch.uint8)
    intensity, inside = torch.zeros_like(points[0]), torch.zeros_like(points[0])
    head = HEAD.distance(points) < 0
    for side, own in enumerate((traits.left, traits.right)):
        chosen = head & (points[0] >= 0 if side == 0 else points[0] < 0)
        mirrored = points[:, chosen]
        mirrored[0] = mirrored[0].abs()
        found = _Hemisphere(mirrored, own, traits).paint(side, blend)
        label[chosen], intensity[chosen], inside[chosen] = found.label, found.intensity, found.inside
    return Tissue(label, intensity, inside)


class _Hemisphere:
    """The signed distances of one side; ``points`` ``(3, N)`` have a lateral coordinate of 0 or more."""

    def __init__(self, points: Tensor, own: SideTraits, traits: Traits) -> None:
        self.points, self.own, self.dims = points, own, traits.dims
        self.thickness = traits.cortex_thickness
        self.core = CORE.distance(points)
        self.hull = self._hull()
        self.pial = smooth_difference(self.hull, self._clefts(traits.sulcal_width), CROWN)

    def _hull(self) -> Tensor:
        floor = self.points[1] - DOME_FLOOR
        dome = smooth_difference(DOME.distance(self.points), -floor, FLOOR_ROUNDING)
        cerebrum = smooth_union(dome, TEMPORAL_LOBE.distance(self.points), 6.0)
        return smooth_union(cerebrum, self.core, 3.0)

    def _clefts(self, widening: float) -> Tensor:
        """Signed distance to the clefts, which spare the core."""
        fissure = self.points[0] - max(0.3, FISSURE_WIDTH + widening)
        closest = torch.maximum(fissure, -CALLOSUM.distance(self.points))
        section, scale = _central_section(self.points)
        for cleft in self.own.clefts:
            closest = torch.minimum(closest, scale * _cleft_distance(section, cleft, widening))
        return torch.maximum(torch.minimum(closest, self._transverse(widening)), -self.core)

    def _transverse(self, widening: float) -> Tensor:
        """Signed distance to the sulci that run from the midplane to the side; none crosses the central section."""
        lateral, inferior, anterior = self.points
        winding = TRANSVERSE_WINDING * torch.sin(4 * torch.atan2(lateral, HULL_CENTRE[1] - inferior) + anterior / 20)
        away = torch.stack([(anterior + winding - place).abs() for place in TRANSVERSE]).amin(0)
        return torch.maximum(away - max(0.3, TRANSVERSE_WIDTH + widening), -self.hull - TRANSVERSE_DEPTH)

    def paint(self, side: int, blend: float) -> Tissue:
        """Put the tissues over one another, the inner ones last."""
        white = torch.minimum(self.pial + self.thickness, torch.maximum(self.core, self.hull))
        layers = [("Cerebral-Cortex", self.pial, CORTEX, 1.0), ("Cerebral-White-Matter", white, WHITE_MATTER, 1.0)]
        label = torch.zeros_like(self.core, dtype=torch.uint8)
        vessels = self._vessels()
        intensity = FLUID + (VESSEL - FLUID) * torch.sigmoid(-vessels / blend)
        envelope = self._envelope()
        for structure in self.own.structures:
            distance = torch.stack([part.distance(self.points) for part in structure.parts]).amin(0)
            layers.append((structure.name, distance, structure.intensity, structure.softness))
        for name, distance, value, softness in layers:
            label[distance < 0] = structure_ids(name, self.dims)[side]
            intensity += (value - intensity) * torch.sigmoid(-distance / (softness * blend))
            envelope = torch.minimum(envelope, distance)
        return Tissue(label, intensity, torch.sigmoid(-torch.minimum(envelope - MENINGES, vessels) / blend))

    def _envelope(self) -> Tensor:
        """Signed distance to the brain without its folds."""
        with_base = smooth_union(self.hull, BASE.distance(self.points), 8.0)
        return smooth_union(with_base, SINUS.distance(self.points), 4.0)

    def _vessels(self) -> Tensor:
        far = torch.full_like(self.core, torch.inf)
        return torch.stack([far, *(vessel.distance(self.points) for vessel in self.own.vessels)]).amin(0)


def _central_section(points: Tensor) -> tuple[Tensor, Tensor]:
    """Where the clefts of the central section meet each point, ``(2, N)`` mm, and how much narrower it is there."""
    lateral, inferior, anterior = points
    scale = (1 - (anterior / CLEFT_REACH) ** 2).clamp_min(SMALLEST_SECTION**2).sqrt()
    scale = scale * (1 - DEEPENING * (anterior / DEEPENING_LENGTH).square().clamp_max(1))
    x, y = (lateral - HULL_CENTRE[0]) / scale, (inferior - HULL_CENTRE[1]) / scale
    angle = MEANDER * torch.sin(2 * math.pi * anterior / MEANDER_LENGTH) * (x / 30).clamp_max(1)
    turned = torch.stack([torch.cos(angle) * x - torch.sin(angle) * y, torch.sin(angle) * x + torch.cos(angle) * y])
    return turned + torch.tensor(HULL_CENTRE).unsqueeze(1), scale


def _cleft_distance(section: Tensor, cleft: Cleft, widening: float) -> Tensor:
    mouth, fundus = (max(0.1, width + widening) for width in cleft.width)
    return sheet_distance(section, cleft.path, (mouth, fundus), outward=0 if cleft.inner else OPENING)
