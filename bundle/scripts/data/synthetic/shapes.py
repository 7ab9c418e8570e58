"""Implicit shapes: signed distances in millimetres, negative inside.

Points are ``(3, N)``: lateral (away from the midplane), inferior, anterior. A slice holds the points whose
third coordinate is 0, so every formula serves a slice and a volume alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid given by its coronal section, the ellipse it cuts from the plane ``anterior = 0``.

    Attributes:
        centre: of the section, lateral and inferior, mm.
        radii: of the section, mm; its own largest ones where the plane misses the ellipsoid.
        tilt: turns the section, degrees, from lateral towards inferior.
        anterior: third coordinate of the ellipsoid's own centre, mm.
        length: its third semi-axis, mm.
    """

    centre: tuple[float, float]
    radii: tuple[float, float]
    tilt: float = 0.0
    anterior: float = 0.0
    length: float = 10.0

    def changed(self, growth: float = 1.0, shift: Sequence[float] = (0.0, 0.0)) -> Ellipsoid:
        """A copy, ``growth`` times as large in section and moved by ``shift``, mm."""
        lateral, inferior = (value + step for value, step in zip(self.centre, shift, strict=True))
        a, b = (radius * growth for radius in self.radii)
        return replace(self, centre=(lateral, inferior), radii=(a, b))

    def distance(self, points: Tensor) -> Tensor:
        """First-order signed distance ``(N,)`` of ``points`` ``(3, N)``: ``k0 (k0 - 1) / k1`` (Quilez, 2008)."""
        squared = 1 - (self.anterior / self.length) ** 2
        widest = math.sqrt(squared) if squared > 0 else 1.0
        radii = torch.tensor([*(radius / widest for radius in self.radii), self.length]).unsqueeze(1)
        scaled = self._own_frame(points) / radii
        k0 = _length(scaled)
        k1 = _length(scaled / radii).clamp_min(1e-6)
        return k0 * (k0 - 1) / k1

    def _own_frame(self, points: Tensor) -> Tensor:
        lateral, inferior = points[0] - self.centre[0], points[1] - self.centre[1]
        cosine, sine = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        along, across = cosine * lateral + sine * inferior, cosine * inferior - sine * lateral
        return torch.stack([along, across, points[2] - self.anterior])


def _length(vectors: Tensor) -> Tensor:
    """Euclidean norm over the first axis; ``torch.norm`` is ten times slower across such long rows."""
    return vectors.square().sum(0).sqrt()


def smooth_union(first: Tensor, second: Tensor, width: float) -> Tensor:
    """Signed distance of the union, its crease filled over ``width`` mm (polynomial minimum)."""
    overlap = (width - (first - second).abs()).clamp_min(0) / width
    return torch.minimum(first, second) - overlap**2 * width / 4


def smooth_difference(shape: Tensor, cutter: Tensor, width: float) -> Tensor:
    """Signed distance of ``shape`` without ``cutter``, the rim rounded over ``width`` mm."""
    return -smooth_union(-shape, cutter, width)


def sheet_distance(
    section: Tensor, path: Sequence[tuple[float, float]], width: tuple[float, float], outward: float
) -> Tensor:
    """Signed distance to a cleft along a path in the section plane.

    Args:
        section: lateral and inferior coordinates, ``(2, N)``, mm.
        path: corners of the path, mm, from its mouth to its fundus.
        width: half the cleft's width at its mouth and at its fundus, mm.
        outward: by how many times its own length the first piece goes on before the mouth.

    Returns:
        ``(N,)``, mm.
    """
    closest = torch.full_like(section[0], math.inf)
    pieces = len(path) - 1
    for k in range(pieces):
        (x0, y0), (x1, y1) = path[k], path[k + 1]
        dx, dy = x1 - x0, y1 - y0
        x, y = section[0] - x0, section[1] - y0
        along = ((x * dx + y * dy) / (dx * dx + dy * dy)).clamp(-outward if k == 0 else 0, 1)
        half_width = width[0] + (width[1] - width[0]) * (k + along.clamp_min(0)) / pieces
        closest = torch.minimum(closest, torch.hypot(x - along * dx, y - along * dy) - half_width)
    return closest
