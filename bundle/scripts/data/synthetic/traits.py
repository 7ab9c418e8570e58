"""What makes one subject: random numbers drawn once, applied elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .atlas_geometry import CORTEX_THICKNESS, INSULA, PRIMARY, SECONDARY, STRUCTURES, Cleft, Structure
from .labels import MIDDLE_LABELS, UNLABELLED
from .shapes import Ellipsoid
from .volume_geometry import VOLUME_STRUCTURES

INNER = {2: STRUCTURES, 3: VOLUME_STRUCTURES}  # by the number of axes
MIDDLE = {*MIDDLE_LABELS[3], UNLABELLED}  # drawn once for both sides
PRIMARY_VARIATION = (0.04, 0.7)  # standard deviations: of depth, relative, and of place, mm
SECONDARY_VARIATION = (0.22, 1.6)
STRUCTURE_SHIFT = 0.25  # mm
VESSELS = 1.0  # mean number a side
SULCAL_WIDTH, SULCAL_WIDENING = 0.15, 0.35  # mm of half the width: of all, and for one standard deviation of atrophy


@dataclass(frozen=True)
class SideTraits:
    """One hemisphere of one subject: its clefts, inner structures, and the bright vessels below it."""

    clefts: tuple[Cleft, ...]
    structures: tuple[Structure, ...]
    vessels: tuple[Ellipsoid, ...]


@dataclass(frozen=True)
class Traits:
    """One subject.

    Attributes:
        left, right: the hemispheres.
        cortex_thickness: mm.
        sulcal_width: added to half the width of every cleft, mm.
        dims: 2 for what the coronal section shows, with its labels; 3 for the volume.
    """

    left: SideTraits
    right: SideTraits
    cortex_thickness: float
    sulcal_width: float
    dims: int


def draw_traits(rng: np.random.Generator, dims: int) -> Traits:
    """Draw a subject's own anatomy around the shared one, as a slice (``dims`` 2) or a volume (3) shows it."""
    atrophy = float(np.clip(rng.normal(), -1.5, 2.5))
    middle = {part: _vary_structure(part, atrophy, rng) for part in INNER[dims] if part.name in MIDDLE}
    left, right = (_draw_side(INNER[dims], atrophy, middle, rng) for _ in range(2))
    thickness = CORTEX_THICKNESS - 0.1 * atrophy + 0.1 * rng.normal()
    return Traits(left, right, float(thickness), SULCAL_WIDTH + SULCAL_WIDENING * atrophy, dims)


def _draw_side(
    inner: Sequence[Structure], atrophy: float, middle: dict[Structure, Structure], rng: np.random.Generator
) -> SideTraits:
    clefts = tuple(_vary_cleft(cleft, rng) for cleft in (*PRIMARY, *INSULA, *SECONDARY))
    structures = tuple(middle.get(part) or _vary_structure(part, atrophy, rng) for part in inner)
    return SideTraits(clefts, structures, tuple(_draw_vessel(rng) for _ in range(rng.poisson(VESSELS))))


def _draw_vessel(rng: np.random.Generator) -> Ellipsoid:
    centre, radii = rng.uniform((18, 139), (40, 145)), rng.uniform((1.5, 1.2), (4.5, 2.6))
    return Ellipsoid((float(centre[0]), float(centre[1])), (float(radii[0]), float(radii[1])), length=6.0)


def _vary_cleft(cleft: Cleft, rng: np.random.Generator) -> Cleft:
    depth_sd, shift_sd = PRIMARY_VARIATION if cleft.primary else SECONDARY_VARIATION
    depth = np.clip(1 + depth_sd * rng.normal(), 0.5, 1.2)
    mouth = np.array(cleft.path[0])
    # A cleft of the medial wall opens at the midplane: it moves up and down only.
    shift = rng.normal(0, shift_sd, 2) * (1 if mouth[0] > 0 else (0, 1))
    path = mouth + shift + depth * (np.array(cleft.path) - mouth)
    return replace(cleft, path=tuple((float(a), float(b)) for a, b in path))


def _vary_structure(part: Structure, atrophy: float, rng: np.random.Generator) -> Structure:
    growth = np.exp(part.variation * rng.normal() + part.growth * atrophy)
    shift = rng.normal(0, STRUCTURE_SHIFT, 2)
    if part.name in MIDDLE:
        shift[0] = 0  # the deformation moves the midplane, nothing else does
    if part.pose:
        shift[1] += part.pose * rng.normal()
    parts = tuple(one.changed(float(growth), (float(shift[0]), float(shift[1]))) for one in part.parts)
    return replace(part, parts=parts)
