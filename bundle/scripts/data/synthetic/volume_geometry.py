"""What a volume shows and the coronal section does not: cerebellum, brain stem, and the length of the inner structures.

Sizes and positions follow the labels of public volumes of healthy adults in the same frame. A part whose centre lies
further from the section than it is long gives its own radii, the others those of their section, as ``Ellipsoid`` says.
"""

from __future__ import annotations

from dataclasses import replace

from .atlas_geometry import CEREBELLAR_CORE, CEREBELLUM, STRUCTURES, Structure
from .labels import UNLABELLED
from .shapes import Ellipsoid

GREY, WHITE, FLUID = 0.225, 0.335, 0.06  # the cerebellum's tissues and what surrounds it

# Painted first, so that the rest lies over them: the fluid under the tentorium, the cerebellum, the brain stem.
BELOW = (
    Structure(
        UNLABELLED,
        (Ellipsoid((23, 131), (31, 27), 0, -50, 29), Ellipsoid((0, 131), (11, 22), 0, -47, 23)),
        FLUID,
    ),
    Structure(
        "Cerebellum-Cortex",
        (Ellipsoid((23, 132), (29, 24.5), 10, -50, 26.5), Ellipsoid((0, 132), (9, 19), 0, -48, 20)),
        GREY,
    ),
    Structure(
        "Cerebellum-White-Matter",
        (Ellipsoid((20, 131), (17, 9), 10, -43, 19), Ellipsoid((8, 130), (9, 7), 0, -34, 10)),
        WHITE,
        softness=1.5,
        variation=0.06,
    ),
    Structure(
        "Brain-Stem",
        (
            Ellipsoid((0, 110), (13, 10), 0, -14, 11),  # midbrain
            Ellipsoid((0, 126), (14.5, 13), 0, -16, 13),  # pons
            Ellipsoid((0, 147), (9, 21), 0, -22, 9),  # medulla
        ),
        0.325,
    ),
    Structure("4th-Ventricle", (Ellipsoid((0, 129), (6.5, 13), 0, -31, 5.5),), FLUID, growth=0.1),
)

# In place of the section's structures of the same name: these have their true length.
LONG = {
    "Caudate": (Ellipsoid((14.5, 91), (5.5, 11.5), 10, 24, 14), Ellipsoid((20, 76), (4.8, 2.8), 115, 4, 28)),
    "Hippocampus": (Ellipsoid((27, 115.5), (8.2, 6.6), 15, -9, 21),),
    "Inf-Lat-Ventricle": (Ellipsoid((28.2, 114.6), (8.9, 6.9), 15, -8.5, 22),),
    "Pallidum": (Ellipsoid((25, 99), (5.0, 4.3), 70, 8, 14),),
    "Lateral-Ventricle": (
        Ellipsoid((11.5, 74.5), (10.2, 5.2), -28, 0, 42),  # body
        Ellipsoid((6, 83), (4.5, 9), 20, 30, 13),  # frontal horn
        Ellipsoid((23, 87), (5.5, 9.5), -20, -34, 15),  # atrium
    ),
}
AMYGDALA = Structure("Amygdala", (Ellipsoid((25, 119), (8.4, 8), 0, 10, 7),), 0.23)


# The plexus is thinner than a voxel; of the brain stem and the cerebellum the section knows a stub.
SECTION_ONLY = {part for part in STRUCTURES if part.name in ("Brain-Stem", "Choroid-Plexus")} | {
    part for part in STRUCTURES if part.parts[0] in (CEREBELLUM, CEREBELLAR_CORE)
}
# Later ones are painted over earlier ones.
VOLUME_STRUCTURES = (
    *BELOW,
    AMYGDALA,
    *(replace(part, parts=LONG.get(part.name, part.parts)) for part in STRUCTURES if part not in SECTION_ONLY),
)
