"""The shared anatomy in numbers: one hemisphere in its coronal section, millimetres.

The first number of a point is lateral, the distance from the midplane; the second is inferior, the distance from
the top of a 192 mm field of view. Both hemispheres take the same numbers. Sizes follow the mean pixel counts and
positions of the labels in public coronal slices of healthy adults.
"""

from __future__ import annotations

from dataclasses import dataclass

from .shapes import Ellipsoid

Point = tuple[float, float]

FIELD_OF_VIEW = (160.0, 192.0, 224.0)  # mm, left-right, superior-inferior, posterior-anterior
CORTEX_THICKNESS = 3.3

# ------------------------------------------------------------------------------------------------ the hull
DOME = Ellipsoid((0, 85), (72, 66), anterior=-4, length=88)
DOME_FLOOR = 106.0  # below it the hull is the temporal lobe alone
TEMPORAL_LOBE = Ellipsoid((43, 116), (30, 24), 115, 4, 50)
CORE = Ellipsoid((10, 96), (22, 22), anterior=-2, length=30)  # nuclei and peduncles: no cortex grows here
HULL_CENTRE = (0.0, 90.0)  # clefts converge on this axis towards the poles
CLEFT_REACH = 92.0  # half the length of the brain along that axis


# ------------------------------------------------------------------------------------------------ the clefts
@dataclass(frozen=True)
class Cleft:
    """A sulcus: its path from mouth to fundus, and half its width at both ends, mm.

    A ``primary`` one is in every subject; the others vary in place and depth.
    """

    path: tuple[Point, ...]
    width: Point = (0.7, 0.4)
    primary: bool = True


INTERHEMISPHERIC = Cleft(((0, 5), (0, 58)), (1.2, 0.6))
INSULA = (
    Cleft(((78, 94), (64, 90), (54, 93), (43, 90)), (1.4, 0.9)),
    Cleft(((45, 76), (41.5, 84), (41, 92), (44, 103)), (0.8, 0.8)),
)
PRIMARY = (
    Cleft(((22, 12), (22, 26), (18, 36), (22, 46)), (1.0, 0.4)),  # superior frontal
    Cleft(((44, 18), (38, 32), (40, 41), (32, 52)), (1.0, 0.4)),  # central
    Cleft(((64, 36), (53, 45), (50, 53), (41, 59)), (1.0, 0.4)),  # postcentral
    Cleft(((76, 66), (63, 66), (57, 71), (50, 68)), (0.9, 0.4)),  # subcentral
    Cleft(((0, 37), (8, 37), (13, 42), (17, 41)), (0.5, 0.3)),  # cingulate
    Cleft(((0, 56), (6, 56), (12, 59)), (0.5, 0.4)),  # callosal
    Cleft(((76, 109), (64, 104), (57, 109), (50, 106)), (1.0, 0.5)),  # superior temporal
    Cleft(((70, 126), (60, 120), (53, 121)), (0.8, 0.4)),  # middle temporal
    Cleft(((54, 150), (50, 137), (46, 127)), (0.8, 0.4)),  # inferior temporal
    Cleft(((32, 150), (35, 138), (31, 131), (35, 125)), (0.7, 0.4)),  # collateral
    Cleft(((13, 124), (20, 126), (26, 127.5)), (0.6, 0.3)),  # hippocampal
)
SECONDARY = (
    Cleft(((33, 15), (31, 25), (32, 31)), primary=False),
    Cleft(((55, 27), (49, 35), (48, 40)), primary=False),
    Cleft(((71, 50), (62, 54), (58, 59)), primary=False),
    Cleft(((0, 26), (6, 27), (10, 25)), (0.4, 0.3), primary=False),
    Cleft(((79, 80), (68, 79), (61, 82)), primary=False),
    Cleft(((68, 140), (60, 131)), primary=False),
)


# ------------------------------------------------------------------------------------------------ the inner structures
@dataclass(frozen=True)
class Structure:
    """A labelled inner structure: the union of its parts, its mean intensity, and how much it grows with atrophy.

    ``growth`` is that of the radii, relative, for one standard deviation of atrophy.
    """

    name: str
    parts: tuple[Ellipsoid, ...]
    intensity: float
    growth: float = 0.0


# Later ones are painted over earlier ones.
STRUCTURES = (
    Structure("Caudate", (Ellipsoid((20.0, 74.0), (5.6, 2.6), 115, 24, 46),), 0.26),
    Structure("Inf-Lat-Ventricle", (Ellipsoid((26.9, 116.3), (10.0, 7.2), 15, -2, 26),), 0.09, growth=0.025),
    Structure("Hippocampus", (Ellipsoid((25.5, 117.6), (9.8, 7.2), 15, -4, 24),), 0.225),
    Structure("Putamen", (Ellipsoid((31, 97.4), (10.6, 3.5), 80, 14, 24),), 0.32),
    Structure("Pallidum", (Ellipsoid((25.6, 99), (4.3, 3.3), 70, 7, 14),), 0.38),
    Structure("Brain-Stem", (Ellipsoid((0, 124.5), (10.5, 6.9), 0, -8, 15), Ellipsoid((0, 126), (3, 5.5), 0, -16, 16.5)), 0.335),
    Structure("Ventral-DC", (Ellipsoid((10.8, 108.6), (12, 6.7), -28, -2, 16),), 0.368),
    Structure("Thalamus", (Ellipsoid((10, 90), (8.4, 12.2), 25, -4, 17),), 0.312),
    Structure("Lateral-Ventricle", (Ellipsoid((11.5, 74), (10.6, 4.0), -28, 4, 46),), 0.05, growth=0.2),
    Structure(
        "Choroid-Plexus", (Ellipsoid((14.5, 78), (2.3, 1.2), -20, -4, 20), Ellipsoid((28, 111.5), (1.6, 0.9), 20, -4, 14)), 0.19
    ),
    Structure("3rd-Ventricle", (Ellipsoid((0, 99), (1.9, 7.6), 0, 2, 16),), 0.06, growth=0.2),
)
