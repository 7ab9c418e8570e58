"""The auxiliary loss of label maps: what it is worth, what the field feels, and what it says where there are none."""

from __future__ import annotations

import pytest
import torch
from monai.losses import DiceLoss
from torch import Tensor, nn

from scripts.errors import InputError
from scripts.losses import RegistrationLoss, SoftDice
from scripts.spatial import warp

IDS = [3, 7]
SIZES = [(20, 24), (14, 14, 16)]
all_sizes = pytest.mark.parametrize("size", SIZES, ids=str)


def box(size: tuple[int, ...], shift: int = 0, first: int = 3) -> Tensor:
    """A box of label ``first``, halved along the last axis by label ``first + 4``; moved along the first axis."""
    label = torch.zeros(1, 1, *size, dtype=torch.int32)
    inside = (slice(None), slice(None), slice(4 + shift, 9 + shift), *[slice(3, n - 3) for n in size[1:]])
    label[inside] = first
    label[inside][..., 4:] = first + 4
    return label


def shifted(size: tuple[int, ...], voxels: float) -> Tensor:
    ddf = torch.zeros(1, len(size), *size)
    ddf[:, 0] = voxels
    return ddf


@all_sizes
def test_equals_monai_dice_of_the_labels(size: tuple[int, ...]) -> None:
    moving, fixed, ddf = box(size), box(size, 2), shifted(size, 0.4)
    ids = torch.tensor([3, 7]).view(1, 2, *[1] * len(size))
    warped = warp((moving == ids).float(), ddf)
    expected = DiceLoss(smooth_nr=0, smooth_dr=0)(warped, (fixed == ids).float())
    assert float(SoftDice(IDS)(ddf, moving, fixed)) == pytest.approx(float(expected), abs=1e-6)


@all_sizes
def test_falls_to_nothing_as_labels_come_to_lie_on_each_other(size: tuple[int, ...]) -> None:
    moving, fixed = box(size, 3), box(size)
    values = [float(SoftDice(IDS)(shifted(size, voxels), moving, fixed)) for voxels in (0, 1, 2, 3)]
    assert values == sorted(values, reverse=True) and values[-1] == pytest.approx(0, abs=1e-6) and values[0] > 0.5


@all_sizes
def test_field_feels_where_the_labels_lie(size: tuple[int, ...]) -> None:
    ddf = shifted(size, 0.25).requires_grad_()
    SoftDice(IDS)(ddf, box(size, 2), box(size)).backward()
    assert float(ddf.grad[:, 0].sum()) < 0 and float(ddf.grad[:, 1:].abs().sum()) < float(ddf.grad[:, 0].abs().sum())


def test_labels_of_one_image_alone_and_others_do_not_count() -> None:
    size = SIZES[0]
    moving, fixed = box(size), box(size)
    alone = moving.clone()
    alone[..., 0, 0], alone[..., -1, -1] = 99, 98
    assert float(SoftDice([*IDS, 99])(shifted(size, 0), alone, fixed)) == 0
    ddf = shifted(size, 0).requires_grad_()
    nothing = SoftDice(IDS)(ddf, moving, torch.zeros_like(fixed))
    nothing.backward()
    assert float(nothing.detach()) == 0 and not ddf.grad.any()


def test_a_batch_is_the_mean_of_its_pairs() -> None:
    size = SIZES[0]
    pairs = [
        (shifted(size, 0), box(size, 1), box(size)),
        (shifted(size, 0.5), box(size, 3), box(size)),
    ]
    alone = [float(SoftDice(IDS)(*pair)) for pair in pairs]
    together = SoftDice(IDS)(*(torch.cat(each) for each in zip(*pairs, strict=True)))
    assert float(together) == pytest.approx(sum(alone) / 2, abs=1e-6) and alone[0] != alone[1]


def test_some_of_many_labels_are_drawn_anew() -> None:
    size, generator = SIZES[0], torch.Generator().manual_seed(0)
    moving = torch.randint(0, 12, (1, 1, *size), generator=generator)
    fixed = torch.where(torch.rand(moving.shape, generator=generator) < moving / 12, moving, 0)
    ddf = shifted(size, 0)
    few = [float(SoftDice(range(1, 12), most=3)(ddf, moving, fixed)) for _ in range(40)]
    assert len(set(few)) > 20
    assert sum(few) / 40 == pytest.approx(float(SoftDice(range(1, 12))(ddf, moving, fixed)), abs=0.05)
    with pytest.raises(ValueError, match="number of labels"):
        SoftDice(IDS, most=-1)


def test_a_loss_of_labels_without_labels_says_so_unless_nothing_is_asked_of_it() -> None:
    size = SIZES[0]
    pred = {"ddf": shifted(size, 0.1).requires_grad_(), "warped": torch.rand(1, 1, *size)}
    target = {"fixed": torch.rand(1, 1, *size)}

    def loss(weight: float) -> RegistrationLoss:
        return RegistrationLoss(
            mse={"weight": 1, "loss": nn.MSELoss()}, labels={"weight": weight, "of": "labels", "loss": SoftDice(IDS)}
        )

    with pytest.raises(InputError, match=r"not all subjects have one.*--loss#labels#weight 0"):
        loss(2)(pred, target)
    assert float(loss(0)(pred, target)) == pytest.approx(float(nn.MSELoss()(pred["warped"], target["fixed"])))
    labelled = {**target, "moving_label": box(size), "fixed_label": box(size, 2)}
    whole = loss(2)
    assert float(whole(pred, labelled)) > float(loss(0)(pred, labelled))
    assert set(whole.values) == {"mse", "labels"}
