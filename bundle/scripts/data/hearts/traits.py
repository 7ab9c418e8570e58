"""What makes one heart: random numbers drawn once, applied elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Range of the left cavity's radius and of the wall's thickness at the base, mm, and of the ejection fraction.
KINDS = {
    "normal": ((21.0, 25.0), (8.0, 10.0), (0.50, 0.66)),
    "dilated": ((27.0, 32.0), (7.0, 9.0), (0.25, 0.45)),
    "hypertrophic": ((17.5, 21.0), (12.5, 16.5), (0.58, 0.70)),
}
FREQUENCIES = (0.5, 0.25, 0.25)  # of these kinds
HARMONICS = {2: 0.035, 3: 0.02, 4: 0.01}  # standard deviation of the outline's Fourier coefficients, relative
SEPTUM = math.pi * 0.92  # direction of the right ventricle seen from the left, radians: towards the first voxels
SHORTENING = 0.28  # relative shortening of the long axis, for an ejection fraction of 1
BREATHING = 3.0  # mm: the largest drift


@dataclass(frozen=True)
class Traits:
    """One heart. Lengths are mm, angles radians from the first axis towards the second.

    Attributes:
        kind: a key of ``KINDS``.
        centre: of the left ventricle in the plane, from the middle of the field of view.
        tilt: by how much the centre moves in the plane for each mm towards the apex.
        length: of the left ventricle, from the base's plane to the outer apex.
        cavity: mean radius of the left cavity at the base.
        harmonics: order to cosine and sine coefficient of its outline, relative.
        wall: thickness of the left ventricle's wall at the base.
        asymmetry: by how much the wall is thicker at the septum, relative.
        septum: direction of the right ventricle's middle.
        right_angle: half of the angle that the right ventricle takes.
        right_width: of its cavity, in the middle.
        right_skew: moves its widest place to one end, relative.
        ejection, right_ejection: fractions of the cavities' volumes that leave them, in a stack of their areas.
        shortening: of the long axis at end-systole, relative.
        twist: rotation at the base and at the apex at end-systole.
        systole: share of the cycle until end-systole.
        period: of the cycle, seconds.
        drift: of the breathing, three components, at its largest.
        drift_rate: how many quarters of a breath the cycle takes.
    """

    kind: str
    centre: tuple[float, float]
    tilt: tuple[float, float]
    length: float
    cavity: float
    harmonics: dict[int, tuple[float, float]]
    wall: float
    asymmetry: float
    septum: float
    right_angle: float
    right_width: float
    right_skew: float
    ejection: float
    right_ejection: float
    shortening: float
    twist: tuple[float, float]
    systole: float
    period: float
    drift: tuple[float, float, float]
    drift_rate: float


def draw_traits(rng: np.random.Generator, breathing: float = BREATHING) -> Traits:
    """Draw a heart; ``breathing`` is the largest drift, mm."""
    kind = str(rng.choice(list(KINDS), p=FREQUENCIES))
    radius, wall, fraction = KINDS[kind]
    cavity, ejection = rng.uniform(*radius), rng.uniform(*fraction)
    turn = rng.uniform(-0.3, 0.3)
    direction = rng.normal(0, (1.0, 1.0, 0.7))
    return Traits(
        kind=kind,
        centre=(float(8 + 0.2 * (cavity - 22) + rng.uniform(-4, 4)), float(rng.uniform(-8, 2))),
        tilt=tuple(rng.uniform(-0.1, 0.1, 2)),
        length=float(rng.uniform(66, 76) + 0.5 * (cavity - 22)),
        cavity=float(cavity),
        harmonics={order: tuple(rng.normal(0, spread, 2)) for order, spread in HARMONICS.items()},
        wall=float(rng.uniform(*wall)),
        asymmetry=float(rng.uniform(-0.05, 0.1) + (rng.uniform(0, 0.25) if kind == "hypertrophic" else 0)),
        septum=SEPTUM + float(turn),
        right_angle=float(rng.uniform(1.2, 1.45)),
        right_width=float(rng.uniform(26, 36)),
        right_skew=float(rng.uniform(-0.35, 0.1)),
        ejection=float(ejection),
        right_ejection=float(rng.uniform(0.35, 0.55)),
        shortening=float(SHORTENING * ejection * rng.uniform(0.85, 1.15)),
        twist=(-math.radians(rng.uniform(3, 8)), math.radians(rng.uniform(4, 8))),
        systole=float(rng.uniform(0.28, 0.45)),
        period=float(rng.uniform(0.75, 1.1)),
        drift=tuple(breathing * rng.uniform(0.2, 1) * direction / np.linalg.norm(direction)),
        drift_rate=float(rng.uniform(0.5, 1.4)),
    )
