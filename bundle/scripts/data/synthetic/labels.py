"""The 24 labels of the embedded cohort, numbered, named and coloured as neurite-OASIS has them in its slices."""

from __future__ import annotations

UNLABELLED = "Unknown"
MIDDLE_LABELS = {"3rd-Ventricle": 9, "Brain-Stem": 10}
SIDE_LABELS = {  # name to the ids on the left and on the right
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
}
# The colours that FreeSurfer gives these structures.
COLOURS = {
    UNLABELLED: (0, 0, 0),
    "Cerebral-White-Matter": (245, 245, 245),
    "Cerebral-Cortex": (205, 62, 78),
    "Lateral-Ventricle": (120, 18, 134),
    "Inf-Lat-Ventricle": (196, 58, 250),
    "Thalamus": (0, 118, 14),
    "Caudate": (122, 186, 220),
    "Putamen": (236, 13, 176),
    "Pallidum": (12, 48, 255),
    "3rd-Ventricle": (204, 182, 142),
    "Brain-Stem": (119, 159, 176),
    "Hippocampus": (220, 216, 20),
    "Ventral-DC": (165, 42, 42),
    "Choroid-Plexus": (0, 200, 200),
}
COLUMNS = "{:<5} {:<29} {:<3} {:<3} {:<3} {}"


def structure_ids(structure: str) -> tuple[int, int]:
    """Ids of a structure on the left and on the right; the same one where it lies in the middle."""
    if structure in SIDE_LABELS:
        return SIDE_LABELS[structure]
    middle = 0 if structure == UNLABELLED else MIDDLE_LABELS[structure]
    return middle, middle


def label_names() -> dict[int, str]:
    """Id to name as the table gives it, such as ``Left-Caudate``, sorted by id."""
    names = {label: structure for structure, label in MIDDLE_LABELS.items()}
    for structure, (left, right) in SIDE_LABELS.items():
        names |= {left: f"Left-{structure}", right: f"Right-{structure}"}
    return dict(sorted(names.items()))


def label_table_text() -> str:
    """The table as a FreeSurfer colour file: id, name, red, green, blue, transparency."""
    rows = [COLUMNS.format("#ID", "Label Name", "R", "G", "B", "A"), ""]
    for label, name in ({0: UNLABELLED} | label_names()).items():
        colour = COLOURS[name.removeprefix("Left-").removeprefix("Right-")]
        rows.append(COLUMNS.format(label, name, *colour, 0))
    return "\n".join(rows) + "\n"
