"""A data set made ready: split, aligned to its atlas, its labels chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from .atlas import choose_atlas
from .labels import choose_labels, find_label_table
from .split import check_parts, split_by_file, split_subjects
from .subjects import PARTS, Record, find_subjects, read_data_list

SYNTHETIC = "synthetic"
SPLIT_FILE = "split.json"


@dataclass
class Cohort:
    """Subjects by part, without the atlas, and the labels that are evaluated.

    Attributes:
        name: of the data set, for folders and titles.
        training, validation, test: records of ``subject``, ``image``, ``label`` and, after the affine stage,
            ``unaligned_image`` and ``unaligned_label``.
        atlas: the record that atlas-based pairs are registered to.
        label_table: id to name, as far as the data set tells.
        label_rule: see :func:`scripts.data.labels.choose_labels`.
    """

    name: str
    training: list[Record]
    validation: list[Record]
    test: list[Record]
    atlas: Record
    label_table: dict[int, str] = field(default_factory=dict)
    label_rule: str | Sequence[int] = "auto"

    @cached_property
    def labels(self) -> list[int]:
        """Ids of the evaluated labels, sorted."""
        return choose_labels(self.label_rule, [*self.test, self.atlas], self.label_table)

    @property
    def label_names(self) -> dict[int, str]:
        """Id to name of the evaluated labels."""
        return {label: self.label_table.get(label, f"label {label}") for label in self.labels}


def open_cohort(
    dataset_dir: str,
    spatial_dims: int,
    cache_dir: str,
    split_file: str | None = None,
    seed: int = 0,
    atlas: str | None = None,
    labels: str | Sequence[int] = "auto",
    affine: bool = False,
    synthetic_subjects: int | None = None,
    synthetic_size: Sequence[int] | None = None,
) -> Cohort:
    """Find, split and, if asked, align the subjects of a data set.

    Args:
        dataset_dir: ``"synthetic"`` for the embedded cohort, a folder (see :func:`find_subjects`), or a MONAI data
            list (``.json``).
        spatial_dims: 2 or 3.
        cache_dir: where the embedded cohort and the affine stage keep their files.
        split_file: JSON of subject names by part; ``None`` takes ``split.json`` of the folder where there is one,
            else a seeded 4:1 split.
        seed: of the split and of the embedded cohort.
        atlas: name of the atlas subject; ``None`` for a complete and typical one of the training part, see
            :func:`scripts.data.atlas.choose_atlas`.
        labels: rule or ids, see :func:`scripts.data.labels.choose_labels`.
        affine: register every subject to the atlas with ITK first, once.
        synthetic_subjects, synthetic_size: of the embedded cohort; ``None`` for what suits the number of axes, see
            :mod:`scripts.data.synthetic.write`.

    Raises:
        InputError: if the data cannot be used; the sentence says what would be right.
    """
    if dataset_dir == SYNTHETIC:
        dataset_dir = str(_embedded(spatial_dims, Path(cache_dir), synthetic_subjects, synthetic_size, seed))
    parts, table = _read_parts(Path(dataset_dir), spatial_dims, split_file, seed)
    check_parts(parts, dataset_dir)
    reference = _find_atlas(parts, atlas, dataset_dir)
    if affine:
        parts, reference = _aligned(parts, reference, Path(cache_dir) / "affine", spatial_dims)
    others = {part: [r for r in parts[part] if r["subject"] != reference["subject"]] for part in PARTS}
    name = Path(dataset_dir).resolve().name.removesuffix(".json")
    return Cohort(name, **others, atlas=reference, label_table=table, label_rule=labels)


def _embedded(dims: int, cache_dir: Path, count: int | None, size: Sequence[int] | None, seed: int) -> Path:
    """The embedded cohort of slices or volumes, written where it is missing."""
    from .synthetic import NUM_SUBJECTS, SIZES, write_cohort

    count = NUM_SUBJECTS[dims] if count is None else count
    size = SIZES[dims] if size is None else tuple(size)
    if len(size) != dims:
        raise InputError(
            f"synthetic_size is {size}, but spatial_dims is {dims}; give {dims} numbers, or null for the default."
        )
    folder = "_".join([SYNTHETIC, "x".join(map(str, size)), f"{count}", f"seed{seed}"])
    return write_cohort(cache_dir / folder, count, size, seed)


def _read_parts(
    source: Path, spatial_dims: int, split_file: str | None, seed: int
) -> tuple[dict[str, list[Record]], dict[int, str]]:
    if source.suffix == ".json":
        parts = read_data_list(source)
        if "validation" not in parts:
            parts = {**parts, **_hold_out(parts["training"], seed)}
        return parts, find_label_table(source.parent, spatial_dims)
    records = find_subjects(source, spatial_dims)
    table = find_label_table(source, spatial_dims)
    own_split = source / SPLIT_FILE
    path = split_file or (own_split if own_split.is_file() else None)
    return (split_by_file(records, path) if path else split_subjects(records, seed)), table


def _hold_out(training: list[Record], seed: int) -> dict[str, list[Record]]:
    """Training and validation of a data list that names no validation: labels are what validation needs."""
    validation = split_subjects([record for record in training if "label" in record], seed)["validation"]
    return {"training": [record for record in training if record not in validation], "validation": validation}


def _find_atlas(parts: dict[str, list[Record]], atlas: str | None, source: str) -> Record:
    if atlas is None:
        return choose_atlas(parts["training"])
    for record in (record for part in PARTS for record in parts[part]):
        if record["subject"] == atlas:
            return record
    raise InputError(f"the atlas {atlas!r} is no subject of {source}; name one of its subjects.")


def _aligned(
    parts: dict[str, list[Record]], atlas: Record, cache_dir: Path, spatial_dims: int
) -> tuple[dict[str, list[Record]], Record]:
    from .affine import affine_normalise  # ITK takes seconds to import: only where it is used

    everyone = [record for part in PARTS for record in parts[part]]
    aligned = affine_normalise(everyone, atlas, cache_dir, spatial_dims)
    by_name = {record["subject"]: record for record in aligned}
    return {part: [by_name[r["subject"]] for r in parts[part]] for part in PARTS}, by_name[atlas["subject"]]
