"""Finding the subjects of a data set, in the three layouts the bundle reads."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import is_file, is_folder, is_name, is_there, not_a_file
from ..physical import is_image, stem_of

Record = dict[str, Any]

NEURITE_FILES = {2: ("slice_norm.nii.gz", "slice_seg24.nii.gz"), 3: ("aligned_norm.nii.gz", "aligned_seg35.nii.gz")}
NEURITE_TABLES = {2: "seg24_labels.txt", 3: "seg35_labels.txt"}
PARTS = ("training", "validation", "test")


def find_subjects(dataset_dir: str | Path, spatial_dims: int) -> list[Record]:
    """List the subjects of a folder.

    Two layouts are read: neurite-OASIS (a folder a subject, ``slice_norm.nii.gz`` with ``slice_seg24.nii.gz`` in 2-D,
    ``aligned_norm.nii.gz`` with ``aligned_seg35.nii.gz`` in 3-D), and ``images/`` with ``labels/`` of the same names,
    files of any format that is read or folders of a DICOM series. A MONAI data list is read by :func:`read_data_list`.

    Args:
        dataset_dir: the folder.
        spatial_dims: 2 or 3.

    Returns:
        Records of ``subject`` (its name), ``image`` and ``label`` (paths), sorted by name.

    Raises:
        InputError: if the folder is missing, holds no subject, or an image lacks its label.
    """
    root = Path(dataset_dir)
    if not is_folder(root):
        raise InputError(f"dataset_dir {root} is not a folder; give one in a layout that the README names.")
    finder: Callable[[Path, int], list[Record]] = (
        _find_pairs_of_folders if (root / "images").is_dir() else _find_neurite
    )
    records = finder(root, spatial_dims)
    if not records:
        raise InputError(
            f"{root} holds no subject: neither */{NEURITE_FILES[spatial_dims][0]} (neurite-OASIS, {spatial_dims}-D) "
            "nor images/*.nii.gz with labels/."
        )
    for record in records:
        if not is_there(record["label"]):
            raise InputError(f"{record['image']} has no label map; {record['label']} is missing.")
    return records


def _find_neurite(root: Path, spatial_dims: int) -> list[Record]:
    image_name, label_name = NEURITE_FILES[spatial_dims]
    return [
        {"subject": path.parent.name, "image": str(path), "label": str(path.parent / label_name)}
        for path in sorted(root.glob(f"*/{image_name}"))
    ]


def _find_pairs_of_folders(root: Path, spatial_dims: int) -> list[Record]:
    labels: dict[str, Path] = {}
    for path in sorted((root / "labels").glob("*")):
        if is_image(path) and (other := labels.setdefault(stem_of(path), path)) is not path:
            raise InputError(f"{other} and {path} are label maps of one name; keep the one that belongs to the image.")
    return [
        {"subject": name, "image": str(path), "label": str(labels.get(name, root / "labels" / path.name))}
        for path in sorted((root / "images").iterdir())
        if is_image(path)
        for name in [stem_of(path)]
    ]


def read_data_list(path: str | Path) -> dict[str, list[Record]]:
    """Read a MONAI data list: JSON with ``training``, ``validation`` and ``test`` lists of image and label paths.

    Paths are relative to the file's folder; ``testing`` is read as ``test``; labels may be missing in the training
    part. A subject is named by its key ``subject``, else by its image's file.

    Returns:
        Part name to records; a part that the file lacks is absent.

    Raises:
        InputError: if the file is no such list or names a missing file.
    """
    path = Path(path)
    lists = {part: [_resolve(item, path, part) for item in items] for part, items in read_parts(path).items()}
    if "training" not in lists:
        raise InputError(f"{path} is no MONAI data list: the key 'training' is missing.")
    _name_subjects([record for records in lists.values() for record in records], path.parent)
    return lists


def read_parts(path: Path) -> dict[str, list[Any]]:
    """The lists under ``training``, ``validation`` and ``test`` (or ``testing``) of a JSON file, as far as it has them.

    Raises:
        InputError: if the file is no JSON object, or a part is no list.
    """
    if not is_file(path):  # to read a pipe would be to wait
        raise InputError(f"{path} cannot be read as JSON: it {not_a_file(path)}.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}).") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object of lists, not a {type(content).__name__}.")
    if "testing" in content:
        content["test"] = content["testing"]
    for part in PARTS:
        if not isinstance(content.get(part, []), list):
            raise InputError(f"{path} must hold a list under '{part}', not a {type(content[part]).__name__}.")
    return {part: content[part] for part in PARTS if part in content}


def _resolve(item: Any, path: Path, part: str) -> Record:
    """Paths of an entry, and its ``subject`` where it names one."""
    record: Record = {}
    for key in ("image", "label"):
        needed = key == "image" or part != "training" or (isinstance(item, dict) and key in item)
        if needed and not (isinstance(item, dict) and isinstance(item.get(key), str)):
            raise InputError(f"{path}: an entry of '{part}' lacks its '{key}', the path of a file.")
        if needed:
            record[key] = str(path.parent / item[key])
    for file in record.values():
        if not is_there(file):
            raise InputError(f"{path} names {file}, which does not exist.")
    if "subject" in item:
        record["subject"] = name = str(item["subject"])
        if not is_name(name):
            raise InputError(f"{path} names the subject {name!r}; a name is that of files, without folders.")
    return record


def _name_subjects(records: Sequence[Record], folder: Path) -> None:
    """Name those without a name by their image's file, and by its folders too where files share a name."""
    files = Counter(Path(record["image"]).name.split(".")[0] for record in records)
    for record in records:
        name = Path(record["image"]).name.split(".")[0]
        if files[name] > 1:
            below = os.path.relpath(record["image"], folder).split(".nii")[0]
            name = "_".join(part for part in Path(below).parts if part not in ("..", "/"))
        record.setdefault("subject", name)
