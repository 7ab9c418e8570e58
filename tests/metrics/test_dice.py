"""Dice: known overlaps, the rule on absent labels, and two other implementations."""

from __future__ import annotations

import math

import pytest
import torch
from monai.metrics import DiceHelper
from monai.networks import one_hot
from torch import Tensor

from scripts.metrics import LabelDice, label_dice

SIZES = [(20, 24), (10, 12, 14)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def boxes(size: tuple[int, ...], start: int, stop: int, label: int, kind: torch.dtype = torch.int32) -> Tensor:
    """A map ``(1, 1, *S)`` with one label between two rows."""
    image = torch.zeros(1, 1, *size, dtype=kind)
    image[:, :, start:stop] = label
    return image


def noise(size: tuple[int, ...], ids: list[int], seed: int, batch: int = 3) -> Tensor:
    chosen = torch.randint(len(ids), (batch, 1, *size), generator=torch.Generator().manual_seed(seed))
    return torch.tensor(ids, dtype=torch.int32)[chosen]


@all_sizes
@pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_perfect_half_and_no_overlap(size: tuple[int, ...], kind: torch.dtype) -> None:
    fixed = boxes(size, 2, 6, 7, kind)
    for (start, stop), expected in [((2, 6), 1.0), ((4, 8), 0.5), ((5, 9), 0.25), ((6, 10), 0.0), ((2, 4), 2 / 3)]:
        warped = boxes(size, start, stop, 7, kind)
        assert label_dice(warped, fixed, [7], warped).tolist() == [[pytest.approx(expected)]]


@all_sizes
def test_absent_on_either_side_has_no_value(size: tuple[int, ...]) -> None:
    """Absence is decided on the fixed and the *original* moving map; what only the warp lost counts 0."""
    some, none = boxes(size, 2, 6, 5), boxes(size, 0, 0, 5)
    cases = {
        # (moving, warped, fixed): Dice
        (True, True, True): 1.0,
        (True, False, True): 0.0,
        (True, True, False): math.nan,
        (True, False, False): math.nan,
        (False, False, True): math.nan,
        (False, True, True): math.nan,  # cannot happen by a warp
        (False, False, False): math.nan,
    }
    for present, expected in cases.items():
        moving, warped, fixed = (some if there else none for there in present)
        found = float(label_dice(warped, fixed, [5], moving))
        assert found == pytest.approx(expected, nan_ok=True), present


@all_sizes
def test_agrees_with_counting_by_hand(size: tuple[int, ...]) -> None:
    ids = [2, 1002, 3, 2035]  # in no order; the background and one id of the maps are not asked for
    warped, fixed = noise(size, [0, *ids, 9], 0), noise(size, [0, *ids, 9], 1)
    found = label_dice(warped, fixed, ids, warped)
    assert found.shape == (3, 4)
    for b in range(3):
        for k, label in enumerate(ids):
            a, c = warped[b] == label, fixed[b] == label
            assert float(found[b, k]) == pytest.approx(float(2 * (a & c).sum() / (a.sum() + c.sum())))


@all_sizes
def test_agrees_with_monai(size: tuple[int, ...]) -> None:
    ids = [1, 2, 3, 4]
    warped, fixed = noise(size, [0, *ids], 2), noise(size, [0, *ids], 3)
    helper = DiceHelper(include_background=False, softmax=False, activate=False, get_not_nans=False, reduction="none")
    expected = helper(one_hot(warped, 5), one_hot(fixed, 5))
    torch.testing.assert_close(label_dice(warped, fixed, ids, warped), expected)


@all_sizes
def test_order_of_ids_is_the_order_of_values(size: tuple[int, ...]) -> None:
    warped, fixed = noise(size, [0, 1, 2, 3], 4), noise(size, [0, 1, 2, 3], 5)
    ascending, mixed = (label_dice(warped, fixed, ids, warped) for ids in ([1, 2, 3], [3, 1, 2]))
    assert torch.equal(ascending[:, [2, 0, 1]], mixed)


@all_sizes
def test_pairs_do_not_mix(size: tuple[int, ...]) -> None:
    warped, fixed = noise(size, [0, 1, 2], 6), noise(size, [0, 1, 2], 7)
    together = label_dice(warped, fixed, [1, 2], warped)
    one_by_one = [label_dice(warped[i : i + 1], fixed[i : i + 1], [1, 2], warped[i : i + 1]) for i in range(3)]
    assert torch.equal(together, torch.cat(one_by_one))


@all_sizes
def test_label_dice_of_a_pair_warps_the_moving_labels(size: tuple[int, ...]) -> None:
    """A shift of two rows takes the moving box onto the fixed one; the mean leaves out what a side lacks."""
    moving, fixed = boxes(size, 2, 6, 7), boxes(size, 4, 8, 7)
    moving[:, :, 8:9], fixed[:, :, 0:1] = 3, 9  # each lacks a label of the other
    ddf = torch.zeros(2, len(size), *size)
    ddf[1, 0] = -2.0
    target = {"moving_label": moving.repeat(2, *(1,) * (len(size) + 1)), "fixed_label": fixed.expand(2, -1, *size)}
    assert LabelDice([3, 7, 9])({"ddf": ddf}, target).tolist() == pytest.approx([0.5, 1.0])


@all_sizes
def test_pair_without_a_common_label_has_no_mean(size: tuple[int, ...]) -> None:
    target = {"moving_label": boxes(size, 2, 6, 7), "fixed_label": boxes(size, 2, 6, 8)}
    assert LabelDice([7, 8])({"ddf": torch.zeros(1, len(size), *size)}, target).isnan().all()
