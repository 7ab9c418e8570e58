"""Surface distances against SciPy and hand-made cases, in 2-D and 3-D."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt
from torch import Tensor

from scripts.engines import PairMetric
from scripts.metrics import AverageSurfaceDistance, HausdorffDistance95, LostLabels

SIZES = [(24, 30), (14, 16, 18)]
SPACING = (0.5, 2.0, 1.25)


def pair(moving: Tensor, fixed: Tensor, ddf: Tensor | None = None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A registration of label maps ``(*S)``; no field means none was needed."""
    dims = fixed.ndim
    field = torch.zeros(1, dims, *fixed.shape) if ddf is None else ddf
    spacing = torch.tensor(SPACING[:dims])[None]
    return {"ddf": field}, {"moving_label": moving[None, None], "fixed_label": fixed[None, None], "spacing": spacing}


def box(size: tuple[int, ...], start: int, stop: int, shift: tuple[int, ...]) -> Tensor:
    label = torch.zeros(size, dtype=torch.int32)
    label[tuple(slice(start + s, stop + s) for s in shift)] = 1
    return label


def distances_by_scipy(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """From each outermost voxel of ``a`` to the nearest of ``b``, and back, by exact distance maps."""
    edges = [mask & ~binary_erosion(mask) for mask in (a, b)]
    maps = [distance_transform_edt(~edge, sampling=spacing) for edge in edges]
    return maps[1][edges[0]], maps[0][edges[1]]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_shifted_box_is_its_shift_away(size: tuple[int, ...], axis: int) -> None:
    shift = tuple(3 * int(i == axis) for i in range(len(size)))
    registration = pair(box(size, 3, 8, (0,) * len(size)), box(size, 3, 8, shift))
    assert float(HausdorffDistance95([1])(*registration)) == pytest.approx(3 * SPACING[axis])
    assert 0 < float(AverageSurfaceDistance([1])(*registration)) < 3 * SPACING[axis]


@pytest.mark.parametrize("size", SIZES)
def test_equal_labels_are_no_distance_apart_and_the_field_is_applied(size: tuple[int, ...]) -> None:
    still = (0,) * len(size)
    moved = (0, 2, *still[2:])
    ddf = torch.zeros(1, len(size), *size)
    ddf[:, 1] = -2.0
    registration = pair(box(size, 3, 8, still), box(size, 3, 8, moved), ddf)
    assert float(HausdorffDistance95([1])(*registration)) == 0
    assert float(AverageSurfaceDistance([1])(*registration)) == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_shapes_agree_with_scipy(size: tuple[int, ...], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.nn.functional.interpolate(
        torch.rand(2, 1, *(n // 4 for n in size), generator=generator), size=size, mode="nearest"
    )
    moving, fixed = (2 * (blob[0] > 0.5).int() for blob in blobs)
    there, back = distances_by_scipy((moving == 2).numpy(), (fixed == 2).numpy(), SPACING[: len(size)])
    registration = pair(moving, fixed)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    assert float(HausdorffDistance95([2])(*registration)) == pytest.approx(hd95, rel=1e-5)
    asd = np.concatenate([there, back]).mean()
    assert float(AverageSurfaceDistance([2])(*registration)) == pytest.approx(asd, rel=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_labels_have_values_of_their_own_and_absent_ones_none(size: tuple[int, ...]) -> None:
    still = (0,) * len(size)
    moving = box(size, 3, 8, still)
    fixed = box(size, 3, 8, (1, *still[1:]))
    moving[(-1,) * len(size)] = 7  # in the moving map alone
    fixed[(0,) * len(size)] = 9  # in the fixed map alone
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = HausdorffDistance95([9, 1, 7])
        assert values.of_labels(*pair(moving, fixed))[0].tolist() == pytest.approx([np.nan, 0.5, np.nan], nan_ok=True)
        assert float(values(*pair(moving, fixed))) == pytest.approx(0.5)


@pytest.mark.parametrize("size", SIZES)
def test_a_label_lost_by_the_warp_is_counted_and_has_no_distance(size: tuple[int, ...]) -> None:
    still = (0,) * len(size)
    moving = box(size, 3, 8, still)
    moving[still] = 5
    fixed = moving.clone()
    ddf = torch.zeros(1, len(size), *size)
    ddf[:, 0] = 2.0  # every voxel reads from two further on: nobody reads the first one
    registration = pair(moving, fixed, ddf)
    assert float(LostLabels([1, 5])(*registration)) == 1
    assert float(LostLabels([1, 5])(*pair(moving, fixed))) == 0
    assert AverageSurfaceDistance([1, 5]).of_labels(*registration).isnan().tolist() == [[False, True]]


def test_every_measure_is_a_metric_that_training_can_validate_on() -> None:
    size, still = (20, 20), (0, 0)
    pairs = [pair(box(size, 3, 8, still), box(size, 3, 8, (shift, 0))) for shift in (1, 3)]
    absent = pair(torch.zeros(size, dtype=torch.int32), box(size, 3, 8, still))
    metric = PairMetric(HausdorffDistance95([1]))
    for output in [*pairs, absent]:
        metric.update(output)
    assert metric.compute() == pytest.approx(SPACING[0] * (1 + 3) / 2)  # the pair without the label is left out
