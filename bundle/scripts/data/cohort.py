"""A data set made ready: split, aligned to its atlas, its labels chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from ..physical import Intensity, PercentileScaling
from .atlas import choose_atlas
from .labels import choose_labels, find_label_table
from .sequences import find_sequences, labelled_frames
from .split import check_parts, split_by_file, split_subjects
from .subjects import PARTS, Record, find_subjects, read_data_list

SYNTHETIC = "synthetic"
SPLIT_FILE = "split.json"
LABELS_OF_HEARTS = {1: "Right-Ventricle", 2: "Myocardium", 3: "Left-Ventricle"}  # ACDC's


@dataclass
class Cohort:
    """Subjects by part, without the atlas, and the labels that are evaluated.

    Attributes:
        name: of the data set, for folders and titles.
        training, validation, test: records of ``subject``, ``image``, ``label`` and, after the affine stage,
            ``unaligned_image`` and ``unaligned_label``.
        atlas: the record that atlas-based pairs are registered to; empty of sequences, which have their own reference.
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
        return choose_labels(self.label_rule, labelled_frames([*self.test, self.atlas]), self.label_table)

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
    intensity: Intensity = PercentileScaling(),  # noqa: B008 - it cannot be changed
    synthetic_subjects: int | None = None,
    synthetic_size: Sequence[int] | None = None,
    sequences: bool = False,
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
        intensity: scaling of the images that are then compared, see :class:`scripts.physical.PercentileScaling`.
        synthetic_subjects, synthetic_size: of the embedded cohort; ``None`` for what suits the number of axes, see
            :mod:`scripts.data.synthetic.write` and :mod:`scripts.data.hearts.write`.
        sequences: the subjects are image sequences, see :func:`scripts.data.sequences.find_sequences`.

    Raises:
        InputError: if the data cannot be used; the sentence says what would be right.
    """
    if sequences:
        _refuse_of_sequences(atlas, affine)
    if dataset_dir == SYNTHETIC:
        embedded = _embedded_hearts if sequences else _embedded
        dataset_dir = str(embedded(spatial_dims, Path(cache_dir), synthetic_subjects, synthetic_size, seed))
    name = Path(dataset_dir).resolve().name.removesuffix(".json")
    if sequences:
        parts = _split(find_sequences(dataset_dir), Path(dataset_dir), split_file, seed)
        check_parts(parts, dataset_dir, {"training": 1})
        table = find_label_table(dataset_dir, spatial_dims) or LABELS_OF_HEARTS
        return Cohort(name, **parts, atlas={}, label_table=table, label_rule=labels)
    parts, table = _read_parts(Path(dataset_dir), spatial_dims, split_file, seed)
    check_parts(parts, dataset_dir)
    reference = _find_atlas(parts, atlas, dataset_dir)
    if affine:
        parts, reference = _aligned(parts, reference, Path(cache_dir) / "affine", spatial_dims, intensity)
    others = {part: [r for r in parts[part] if r["subject"] != reference["subject"]] for part in PARTS}
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


def _embedded_hearts(dims: int, cache_dir: Path, count: int | None, size: Sequence[int] | None, seed: int) -> Path:
    """The embedded cohort of beating hearts, written where it is missing."""
    from .hearts import NUM_FRAMES, NUM_SUBJECTS, SIZES, write_hearts

    count = NUM_SUBJECTS if count is None else count
    size = SIZES[dims] if size is None else tuple(size)
    if len(size) != dims:
        raise InputError(
            f"synthetic_size is {size}, but spatial_dims is {dims}; give {dims} numbers, or null for the default."
        )
    folder = "_".join(["hearts", "x".join(map(str, size)), f"{count}", f"seed{seed}"])
    return write_hearts(cache_dir / folder, count, size, NUM_FRAMES, seed)


def _refuse_of_sequences(atlas: str | None, affine: bool) -> None:
    for option, given in (("atlas", atlas is not None), ("affine", affine)):
        if given:
            raise InputError(f"{option} is for pairs of subjects; the frames of a sequence need none, leave it out.")


def _read_parts(
    source: Path, spatial_dims: int, split_file: str | None, seed: int
) -> tuple[dict[str, list[Record]], dict[int, str]]:
    if source.suffix == ".json":
        parts = read_data_list(source)
        if "validation" not in parts:
            parts = {**parts, **_hold_out(parts["training"], seed)}
        return parts, find_label_table(source.parent, spatial_dims)
    records = find_subjects(source, spatial_dims)
    return _split(records, source, split_file, seed), find_label_table(source, spatial_dims)


def _split(records: list[Record], source: Path, split_file: str | None, seed: int) -> dict[str, list[Record]]:
    """By the file that is given, else by the folder's own, else seeded."""
    own_split = source / SPLIT_FILE
    path = split_file or (own_split if own_split.is_file() else None)
    return split_by_file(records, path) if path else split_subjects(records, seed)


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
    parts: dict[str, list[Record]], atlas: Record, cache_dir: Path, spatial_dims: int, intensity: Intensity
) -> tuple[dict[str, list[Record]], Record]:
    from .affine import affine_normalise  # ITK takes seconds to import: only where it is used

    everyone = [record for part in PARTS for record in parts[part]]
    aligned = affine_normalise(everyone, atlas, cache_dir, spatial_dims, intensity)
    by_name = {record["subject"]: record for record in aligned}
    return {part: [by_name[r["subject"]] for r in parts[part]] for part in PARTS}, by_name[atlas["subject"]]
