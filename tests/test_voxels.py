"""What voxels may hold; the readers' own tests show the same through files."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.errors import InputError
from scripts.voxels import check_intensities, check_label_ids, smallest_type


@pytest.mark.parametrize(
    "value, wrong",
    [
        (np.nan, "NaN or infinite"),
        (np.inf, "NaN or infinite"),
        (1.0, "constant"),
        (-1e300, r"the intensity -1e\+300"),
        (1 + 1e-12, "constant"),
    ],
)
def test_intensities_that_are_refused(value: float, wrong: str) -> None:
    values = np.ones((4, 4))
    values[1, 2] = value
    with pytest.raises(InputError, match=rf"^image\.nii.*{wrong}"):
        check_intensities(values, "image.nii")


@pytest.mark.parametrize("value", [0.5, np.nan, -np.inf])
def test_a_label_map_holds_whole_numbers(value: float) -> None:
    values = np.arange(16.0).reshape(4, 4)
    check_label_ids(values, "label.nii")
    values[1, 2] = value
    with pytest.raises(InputError, match=r"^label\.nii is no label map"):
        check_label_ids(values, "label.nii")


RANGES = [
    (0, 255, np.uint8),
    (0, 256, np.int16),
    (-1, 3, np.int16),
    (0, 40000, np.uint16),
    (-1, 40000, np.int32),
    (0, 2**31, np.int64),
]


@pytest.mark.parametrize("low, high, kind", RANGES)
def test_smallest_type_holds_every_id(low: int, high: int, kind: type) -> None:
    assert smallest_type(np.array([low, high])) == kind
