"""The study of images that show a part: what is cut off, and where the error is read."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from benchmarks.cut_images import SHARES, WAYS, ZONES, Cut, table_of
from benchmarks.slice_pairs import Slice, write


def test_both_files_show_the_same_part_in_the_same_place(tmp_path: Path) -> None:
    image = np.random.default_rng(0).random((20, 24)).astype(np.float32) + 0.5
    moving = Slice(image, (image > 0.6).astype(np.int16))
    whole, cut = write(moving, tmp_path, "moving")[0], Cut(1, 7)
    filled, shown = (nib.load(path) for path in cut.write(whole, tmp_path).values())
    assert list(cut.write(whole, tmp_path)) == list(WAYS)
    stored = np.asarray(nib.load(whole).dataobj)
    np.testing.assert_array_equal(np.asarray(shown.dataobj), stored[:, 7:])
    np.testing.assert_array_equal(np.asarray(filled.dataobj)[:, 7:], stored[:, 7:])
    assert not np.asarray(filled.dataobj)[:, :7].any()
    np.testing.assert_allclose(shown.affine @ [0, 0, 0, 1], filled.affine @ [0, 7, 0, 1])


def test_a_cut_takes_a_share_of_the_brain() -> None:
    label = np.zeros((40, 40), np.int16)
    label[10:31, 5:36] = 1
    rng = np.random.default_rng(0)
    for cut in (Cut.drawn(Slice(label.astype(np.float32), label), rng) for _ in range(50)):
        first, length = ((10, 20), (5, 30))[cut.axis]
        assert first + SHARES[0] * length - 1 <= cut.count <= first + SHARES[1] * length


def test_the_table_has_the_difference_of_the_ways() -> None:
    values = np.ones((6, 2, 3)) * np.array([[[5.0, 4.0, 3.0], [1.0, 1.0, 2.0]]])
    rows = table_of(values).splitlines()[2:]
    assert len(rows) == len(ZONES)
    assert "5.00 ± 0.00" in rows[0] and "1.00 ± 0.00" in rows[0] and "-4.00" in rows[0]
    assert "-1.00" in rows[2]
