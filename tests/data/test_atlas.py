"""The default atlas is complete and typical."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scripts.data.atlas import choose_atlas
from scripts.errors import InputError


def record(folder: Path, name: str, sizes: dict[int, int]) -> dict[str, str]:
    label = np.zeros((20, 20, 1), np.uint8)
    flat = label.reshape(-1)
    start = 0
    for value, size in sizes.items():
        flat[start : start + size] = value
        start += size
    path = folder / f"{name}.nii.gz"
    nib.save(nib.Nifti1Image(label, np.eye(4)), path)
    return {"subject": name, "image": str(path), "label": str(path)}


def test_most_structures_first_then_typical_sizes(tmp_path: Path) -> None:
    records = [
        record(tmp_path, "incomplete", {1: 100}),
        record(tmp_path, "odd", {1: 20, 2: 200}),
        record(tmp_path, "typical", {1: 100, 2: 50}),
        record(tmp_path, "large", {1: 120, 2: 55}),
        record(tmp_path, "small", {1: 80, 2: 40}),
    ]
    assert choose_atlas(records)["subject"] == "typical"
    assert choose_atlas(records[:2])["subject"] == "odd"
    assert choose_atlas(records, num_candidates=1)["subject"] == "incomplete"


def test_without_labels_the_first(tmp_path: Path) -> None:
    assert choose_atlas([{"subject": "a", "image": "a"}, {"subject": "b", "image": "b"}])["subject"] == "a"


def test_a_broken_label_map_is_named(tmp_path: Path) -> None:
    records = [record(tmp_path, "whole", {1: 100}), record(tmp_path, "broken", {1: 90})]
    Path(records[1]["label"]).write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"broken\.nii\.gz cannot be read"):
        choose_atlas(records)
