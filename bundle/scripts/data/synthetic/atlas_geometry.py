"""The shared anatomy in numbers: one hemisphere in its coronal section, millimetres.

The first number of a point is lateral, the distance from the midplane; the second is inferior, the distance from
the top of a slice's 192 mm field of view. Both hemispheres take the same numbers. Sizes follow the mean pixel counts
and positions of the labels in public coronal slices of healthy adults.
"""

from __future__ import annotations

from dataclasses import dataclass

from .labels import UNLABELLED
from .shapes import Ellipsoid

Point = tuple[float, float]

# By the number of axes, mm: left-right, superior-inferior, posterior-anterior. A volume leaves out what is empty.
FIELD_OF_VIEW = {2: (160.0, 192.0), 3: (160.0, 160.0, 200.0)}
# From that field's edge to the midplane, the top of a slice's field (its first voxel's centre) and the section.
ORIGIN = {2: (80.0, 0.5), 3: (80.0, -8.0, 104.0)}
CORTEX_THICKNESS = 3.1

# ------------------------------------------------------------------------------------------------ the hull
DOME = Ellipsoid((0, 85), (70.5, 64), anterior=-4, length=88)
DOME_FLOOR = 106.0  # below it the hull is the temporal lobe alone
TEMPORAL_LOBE = Ellipsoid((42.5, 115.5), (29, 23.5), 112, 4, 50)
HEAD = Ellipsoid((0, 92), (82, 88), length=102)  # nothing is outside
CORE = Ellipsoid((10, 96), (22, 22), anterior=-2, length=30)  # nuclei and peduncles: no cortex grows here
BASE = Ellipsoid((0, 122), (26, 17), anterior=-6, length=30)  # cisterns and vessels between the temporal lobes
SINUS = Ellipsoid((0, 19.5), (5, 3), length=24)  # the sagittal sinus and its dura
HULL_CENTRE = (0.0, 90.0)  # clefts converge on this axis towards the poles
CLEFT_REACH = 92.0  # half the length of the brain along that axis
TRANSVERSE = (-70, -44, 28, 58)  # anterior positions of sulci that run across the hemisphere
TRANSVERSE_DEPTH, TRANSVERSE_WIDTH, TRANSVERSE_WINDING = 13.0, 0.6, 7.0
CEREBELLUM = Ellipsoid((24, 132), (30, 21), 10, -58, 30)
CEREBELLAR_CORE = Ellipsoid((20, 131), (20, 10), 10, -56, 18)


# ------------------------------------------------------------------------------------------------ the clefts
@dataclass(frozen=True)
class Cleft:
    """A sulcus: its path from mouth to fundus, and half its width at both ends, mm.

    A ``primary`` one varies little from subject to subject, the others in place and depth. An ``inner`` one starts
    within the brain, the others at its surface.
    """

    path: tuple[Point, ...]
    width: Point = (0.7, 0.4)
    primary: bool = True
    inner: bool = False


FISSURE_WIDTH = 0.8  # half of the interhemispheric fissure's, mm
CALLOSUM = Ellipsoid((0, 86), (24, 28), anterior=-4, length=40)  # what bridges that fissure
INSULA = (
    Cleft(((78, 97), (66, 92), (55, 95), (43, 91)), (1.4, 0.9)),
    Cleft(((46.5, 78), (42, 83), (43, 89), (40, 95), (44, 102)), (0.8, 0.8), inner=True),
)
PRIMARY = (
    Cleft(((22, 12), (24, 24), (18, 35), (24, 47)), (1.0, 0.4)),  # superior frontal
    Cleft(((46, 18), (37, 33), (41, 44), (33, 55)), (1.1, 0.4)),  # central
    Cleft(((67, 38), (54, 45), (53, 54), (42, 59)), (1.0, 0.4)),  # postcentral
    Cleft(((53, 53), (59, 58)), (0.4, 0.4), inner=True),  # its branch
    Cleft(((76, 67), (63, 66), (58, 71), (54, 68)), (0.9, 0.4)),  # subcentral
    Cleft(((0, 37), (8, 37), (13, 42), (17, 40)), (0.5, 0.3)),  # cingulate
    Cleft(((0, 56), (6, 56), (12, 59)), (0.5, 0.4)),  # callosal
    Cleft(((76, 111), (64, 104), (58, 109), (52, 107.5)), (1.0, 0.5)),  # superior temporal
    Cleft(((71, 126), (61, 119), (53, 121)), (0.8, 0.4)),  # middle temporal
    Cleft(((54, 150), (51, 137), (45, 127)), (0.8, 0.4)),  # inferior temporal
    Cleft(((32, 150), (35, 138), (31, 131), (35, 125)), (0.7, 0.4)),  # collateral
    Cleft(((10, 123), (20, 126), (26, 127.5)), (0.6, 0.3), inner=True),  # hippocampal
)
SECONDARY = (
    Cleft(((36, 14), (31, 24), (33, 30)), primary=False),
    Cleft(((57, 26), (49, 35), (49, 40)), primary=False),
    Cleft(((74, 52), (64, 53), (60, 56)), primary=False),
    Cleft(((0, 25), (6, 27), (10, 25)), (0.4, 0.3), primary=False),
    Cleft(((79, 80), (69, 79), (63, 83)), primary=False),
    Cleft(((68, 140), (60, 131)), primary=False),
)


# ------------------------------------------------------------------------------------------------ the inner structures
@dataclass(frozen=True)
class Structure:
    """What lies within or below the hull: the union of its parts, and how it looks and varies.

    Attributes:
        name: in the label table, without its side.
        parts: one hemisphere's.
        intensity: mean.
        growth: of the radii, relative, for one standard deviation of atrophy.
        softness: how many times wider than others its border is in the image.
        variation: standard deviation of the radii that atrophy does not explain, relative.
        pose: standard deviation of a vertical shift, mm: how much of it the section catches depends on the head's pose.
    """

    name: str
    parts: tuple[Ellipsoid, ...]
    intensity: float
    growth: float = 0.0
    softness: float = 1.0
    variation: float = 0.04
    pose: float = 0.0


# Later ones are painted over earlier ones.
STRUCTURES = (
    Structure(UNLABELLED, (CEREBELLUM,), 0.26),
    Structure(UNLABELLED, (CEREBELLAR_CORE,), 0.36, softness=3),
    Structure("Caudate", (Ellipsoid((20.0, 74.0), (5.6, 2.6), 115, 24, 46),), 0.26),
    Structure(
        "Inf-Lat-Ventricle", (Ellipsoid((26.8, 116.4), (10.0, 7.2), 15, -2, 26),), 0.09, growth=0.02, variation=0.015
    ),
    Structure("Hippocampus", (Ellipsoid((25.5, 117.6), (9.8, 7.2), 15, -4, 24),), 0.225, variation=0.02),
    Structure("Putamen", (Ellipsoid((31, 97.4), (10.6, 3.5), 80, 14, 24),), 0.32, softness=1.7),
    Structure("Pallidum", (Ellipsoid((25.6, 99), (4.3, 3.3), 70, 7, 14),), 0.38, softness=1.5, variation=0.1),
    Structure(
        "Brain-Stem",
        (Ellipsoid((0, 124.5), (10.5, 6.9), 0, -8, 15), Ellipsoid((0, 126), (3, 5.5), 0, -16, 16.5)),
        0.335,
        variation=0.25,
        pose=2.5,
    ),
    Structure("Ventral-DC", (Ellipsoid((11.2, 108.8), (12, 6.9), -28, -2, 16),), 0.368, softness=2),
    Structure("Thalamus", (Ellipsoid((10, 90), (8.4, 12.2), 25, -4, 17),), 0.303, softness=1.8),
    Structure("Lateral-Ventricle", (Ellipsoid((11.5, 74), (10.2, 3.8), -28, 4, 46),), 0.05, growth=0.27),
    Structure(
        "Choroid-Plexus",
        (Ellipsoid((14.5, 78), (2.3, 1.2), -20, -4, 20), Ellipsoid((28, 111.5), (1.6, 0.9), 20, -4, 14)),
        0.19,
        variation=0.12,
    ),
    Structure(
        UNLABELLED,  # the interpeduncular cistern, and the fissure above the thalami
        (Ellipsoid((0, 118), (4.5, 5.5), 0, 4, 12), Ellipsoid((0, 82.5), (4.5, 1.5), 0, -4, 20)),
        0.06,
        growth=0.1,
    ),
    Structure("3rd-Ventricle", (Ellipsoid((0, 99), (1.9, 7.6), 0, 2, 16),), 0.06, growth=0.2),
)
