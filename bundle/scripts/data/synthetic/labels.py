"""The labels of the embedded cohort, numbered, named and coloured as neurite-OASIS has them."""

from __future__ import annotations

from ..labels import format_label_table

UNLABELLED = "Unknown"
# By the number of axes: a slice has the 24 of seg24; a volume those of seg35 that a voxel of some mm can show.
MIDDLE_LABELS = {
    2: {"3rd-Ventricle": 9, "Brain-Stem": 10},
    3: {"3rd-Ventricle": 11, "4th-Ventricle": 12, "Brain-Stem": 13},
}
SIDE_LABELS = {  # name to the ids on the left and on the right
    2: {
        "Cerebral-White-Matter": (1, 14),
        "Cerebral-Cortex": (2, 15),
        "Lateral-Ventricle": (3, 16),
        "Inf-Lat-Ventricle": (4, 17),
        "Thalamus": (5, 18),
        "Caudate": (6, 19),
        "Putamen": (7, 20),
        "Pallidum": (8, 21),
        "Hippocampus": (11, 22),
        "Ventral-DC": (12, 23),
        "Choroid-Plexus": (13, 24),
    },
    3: {
        "Cerebral-White-Matter": (1, 20),
        "Cerebral-Cortex": (2, 21),
        "Lateral-Ventricle": (3, 22),
        "Inf-Lat-Ventricle": (4, 23),
        "Cerebellum-White-Matter": (5, 24),
        "Cerebellum-Cortex": (6, 25),
        "Thalamus": (7, 26),
        "Caudate": (8, 27),
        "Putamen": (9, 28),
        "Pallidum": (10, 29),
        "Hippocampus": (14, 30),
        "Amygdala": (15, 31),
        "Ventral-DC": (17, 33),
    },
}
# The colours that FreeSurfer gives these structures.
COLOURS = {
    UNLABELLED: (0, 0, 0),
    "Cerebral-White-Matter": (245, 245, 245),
    "Cerebral-Cortex": (205, 62, 78),
    "Lateral-Ventricle": (120, 18, 134),
    "Inf-Lat-Ventricle": (196, 58, 250),
    "Cerebellum-White-Matter": (220, 248, 164),
    "Cerebellum-Cortex": (230, 148, 34),
    "Thalamus": (0, 118, 14),
    "Caudate": (122, 186, 220),
    "Putamen": (236, 13, 176),
    "Pallidum": (12, 48, 255),
    "3rd-Ventricle": (204, 182, 142),
    "4th-Ventricle": (42, 204, 164),
    "Brain-Stem": (119, 159, 176),
    "Hippocampus": (220, 216, 20),
    "Amygdala": (103, 255, 255),
    "Ventral-DC": (165, 42, 42),
    "Choroid-Plexus": (0, 200, 200),
}


def structure_ids(structure: str, dims: int) -> tuple[int, int]:
    """Ids of a structure on the left and on the right; the same one where it lies in the middle."""
    if structure in SIDE_LABELS[dims]:
        return SIDE_LABELS[dims][structure]
    middle = 0 if structure == UNLABELLED else MIDDLE_LABELS[dims][structure]
    return middle, middle


def label_names(dims: int) -> dict[int, str]:
    """Id to name as the table gives it, such as ``Left-Caudate``, sorted by id; of slices or of volumes."""
    names = {label: structure for structure, label in MIDDLE_LABELS[dims].items()}
    for structure, (left, right) in SIDE_LABELS[dims].items():
        names |= {left: f"Left-{structure}", right: f"Right-{structure}"}
    return dict(sorted(names.items()))


def label_table_text(dims: int) -> str:
    """The table of slices or volumes as a FreeSurfer colour file."""
    names = {0: UNLABELLED} | label_names(dims)
    return format_label_table(
        {label: (name, COLOURS[name.removeprefix("Left-").removeprefix("Right-")]) for label, name in names.items()}
    )
