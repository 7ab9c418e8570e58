"""The benchmark of masks: what is drawn, what is measured where, and that it registers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import masks
from benchmarks.masks import KINDS, ZONES, Lesion
from benchmarks.slice_pairs import Slice, compared_cells, write
from scripts.registration import configured


def plate() -> Slice:
    image = np.zeros((90, 70), np.float32)
    image[10:80, 10:60] = np.random.default_rng(0).uniform(50, 100, (70, 50))
    return Slice(image, (image > 0).astype(np.int32))


def test_a_lesion_is_in_the_brain_and_its_mask_leaves_it_out() -> None:
    moving, rng = plate(), np.random.default_rng(1)
    lesion = Lesion.drawn(moving, rng)
    assert moving.label[tuple(lesion.centre.astype(int))] == 1
    hidden = lesion.mask(moving).image == 0
    for kind, factor in KINDS.items():
        changed = lesion.put_into(moving, kind).image != moving.image
        assert changed.sum() == pytest.approx(np.pi * lesion.radius**2, rel=0.1)
        assert not (changed & ~hidden).any() and changed.sum() < hidden.sum() < 1.5 * changed.sum()
        assert lesion.put_into(moving, kind).image[changed].mean() == pytest.approx(factor * 99, rel=0.02)


def test_a_known_shift_is_the_distance_in_every_zone(tmp_path: Path) -> None:
    """A result and one whose moving image lies 3 mm further, both with maps that move nothing."""
    image = write(plate(), tmp_path, "image")[0]
    still = configured(affine=False, use_network=False, refinement_steps=0)(image, image)
    lesion = Lesion(np.array([40.0, 30.0]), 8.0)
    assert masks.differences(still, still, lesion) == [0.0, 0.0, 0.0]
    moved = still.deformation.affine.copy()
    moved[0, -1] += 3
    shifted = replace(still, found={"affine": replace(still.deformation, affine=moved)})
    assert masks.differences(shifted, still, lesion) == pytest.approx([3.0, 3.0, 3.0], abs=1e-4)
    far = Lesion(np.array([400.0, 30.0]), 8.0)
    assert masks.differences(shifted, still, far) == pytest.approx([np.nan, np.nan, 3.0], abs=1e-4, nan_ok=True)


def test_cells_are_of_the_pairs_that_have_both() -> None:
    without, masked = np.array([2.0, 3.0, np.nan]), np.array([1.0, 1.0, np.nan])
    assert compared_cells(without, masked)[:3] == ["2.50 ± 0.50", "1.00 ± 0.00", "-1.50"]


def test_command_prints_a_row_a_kind_and_zone(
    cohort_2d: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "KINDS", {"dark": 0.1})
    masks.main(["--dataset_dir", str(cohort_2d), "--num_pairs", "1"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| dark")]
    assert [line.split("|")[2].strip() for line in rows] == list(ZONES)
