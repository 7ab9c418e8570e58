"""Which labels are evaluated, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..physical import read_label
from .subjects import NEURITE_TABLES, Record

BACKGROUND = 0
COLUMNS = "{:<5} {:<29} {:<3} {:<3} {:<3} {}"


def read_label_table(path: str | Path) -> dict[int, str]:
    """Read a FreeSurfer-style colour table: id, name, and colours that are not used.

    Returns:
        Id to name, without the background.

    Raises:
        InputError: if a line is neither a comment nor an id and a name.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        return {int(row[0]): row[1] for row in rows if int(row[0]) != BACKGROUND}
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} is no table of labels ({error}); a line needs an id and a name.") from error


def format_label_table(labels: Mapping[int, tuple[str, tuple[int, int, int]]]) -> str:
    """A FreeSurfer colour table of id to name and red, green, blue: what :func:`read_label_table` reads."""
    rows = [COLUMNS.format("#ID", "Label Name", "R", "G", "B", "A"), ""]
    rows += [COLUMNS.format(label, name, *colour, 0) for label, (name, colour) in labels.items()]
    return "\n".join(rows) + "\n"


def find_label_table(dataset_dir: str | Path, spatial_dims: int) -> dict[int, str]:
    """Names of the labels by the data set's own table; empty where it has none."""
    path = Path(dataset_dir) / NEURITE_TABLES[spatial_dims]
    return read_label_table(path) if path.is_file() else {}


def choose_labels(rule: str | Sequence[int], records: Sequence[Record], table: dict[int, str]) -> list[int]:
    """Ids that are evaluated, never the background.

    Args:
        rule: the ids themselves, or ``"table"`` (every id of the data set's label table), ``"common"`` (present in
            every one of ``records``), ``"any"`` (present in at least one), or ``"auto"``: the table where there is
            one, else the common ones.
        records: the subjects whose label maps decide; those without one are passed over.
        table: id to name.

    Returns:
        Sorted ids.

    Raises:
        InputError: if the rule is unknown, leaves no label or names one that no subject has, or a label map cannot
            be read.
    """
    if not isinstance(rule, str):
        ids = sorted({int(label) for label in rule} - {BACKGROUND})
        known = _ids_in_files(records, every=False)
        unknown = sorted(set(ids) - set(known))
        if unknown and known:
            raise InputError(
                f"the labels {unknown} are in no subject that is measured; give ids that label maps hold, "
                f"such as {known[0]}."
            )
    elif rule == "table" or (rule == "auto" and table):
        ids = sorted(table)
    elif rule in ("auto", "common", "any"):
        ids = _ids_in_files(records, every=rule != "any")
    else:
        raise InputError(f"labels is {rule!r}; give a list of ids, or auto, table, common or any.")
    if not ids:
        raise InputError(f"the label rule {rule!r} leaves no label to evaluate; give the ids as a list.")
    return ids


def _ids_in_files(records: Sequence[Record], every: bool) -> list[int]:
    found = [set(label_sizes(record["label"])) for record in records if "label" in record]
    ids = set.intersection(*found) if every and found else set().union(*found)
    return sorted(ids - {BACKGROUND})


def label_sizes(path: str) -> dict[int, int]:
    """Voxels of every label of a map, the background's too.

    Raises:
        InputError: if the file cannot be read as a label map.
    """
    ids, counts = np.unique(read_label(path).values, return_counts=True)
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))
