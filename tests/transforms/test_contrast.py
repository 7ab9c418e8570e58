"""Recoloured images: another contrast for each, the same shapes; what is drawn depends on the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms import Compose, CopyItemsd, RandGaussianNoise

from scripts.data.augment import augmented
from scripts.transforms import RandContrastd, RandCutd, RandEachd


def pair() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    label = torch.zeros(1, 20, 24, dtype=torch.int64)
    label[:, 4:16, 4:12], label[:, 4:16, 12:20] = 3, 7
    image = (label > 0) * (0.3 + 0.05 * label + 0.1 * torch.rand(1, 20, 24, generator=generator))
    return {"moving": image, "fixed": image.clone(), "moving_label": label, "fixed_label": label.clone()}


def draw(transform: Any, seed: str = "0") -> dict[str, torch.Tensor]:
    return augmented(transform, pair(), seed)


def by_label(label_prob: float = 1.0, **options: Any) -> RandContrastd:
    return RandContrastd(["moving", "fixed"], ["moving_label", "fixed_label"], label_prob=label_prob, **options)


@pytest.mark.parametrize("label_prob", [0.0, 1.0])
def test_images_get_contrasts_of_their_own_and_keep_background_and_labels(label_prob: float) -> None:
    before, after = pair(), draw(by_label(label_prob))
    for key in ("moving", "fixed"):
        assert after[key].dtype == torch.float32
        assert after[key].shape == before[key].shape
        assert 0 <= float(after[key].min()) <= float(after[key].max()) <= 1
        assert not after[key][before[key] == 0].any()
        assert not torch.allclose(after[key], before[key], atol=0.05)
    assert not torch.allclose(after["moving"], after["fixed"], atol=0.05)
    assert all(torch.equal(after[key], before[key]) for key in ("moving_label", "fixed_label"))


def test_the_curve_maps_equal_intensities_to_equal_ones() -> None:
    rounded = {
        key: (100 * value).round() / 100 if value.is_floating_point() else value for key, value in pair().items()
    }
    after = augmented(by_label(0.0), rounded, "0")["moving"]
    for value in rounded["moving"].unique():
        assert len(after[rounded["moving"] == value].unique()) == 1
    assert len(after.unique()) > 5


def test_a_label_keeps_the_texture_of_the_image() -> None:
    """Inside a label the new intensity is a straight function of the old one, where it is not cut at 0 or 1."""
    before, after = pair(), draw(by_label())
    for each in (3, 7):
        inside = (before["moving_label"] == each) & (after["moving"] > 0) & (after["moving"] < 1)
        if int(inside.sum()) > 10:
            assert abs(np.corrcoef(before["moving"][inside], after["moving"][inside])[0, 1]) > 0.999


def test_without_labels_and_with_probability_zero() -> None:
    unlabelled = {key: value for key, value in pair().items() if "label" not in key}
    assert set(augmented(by_label(), unlabelled, "0")) == {"moving", "fixed"}
    assert torch.equal(draw(by_label(prob=0.0))["moving"], pair()["moving"])


def test_a_draw_is_repeated_by_its_seed() -> None:
    transform = Compose(
        [
            by_label(),
            RandEachd(["moving", "fixed"], Compose([RandGaussianNoise(prob=1.0)])),
            RandCutd("fixed", prob=0.5),
        ]
    )
    first, again, other = draw(transform, "a"), draw(transform, "a"), draw(transform, "b")
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["moving"], other["moving"])


def test_each_image_has_noise_of_its_own() -> None:
    noisy = draw(RandEachd(["moving", "fixed"], RandGaussianNoise(prob=1.0)))
    noise = [noisy[key] - pair()[key] for key in ("moving", "fixed")]
    assert float(noise[0].std()) > 0
    assert not torch.allclose(noise[0], noise[1], atol=1e-3)


def test_a_cut_leaves_the_rest_and_the_original() -> None:
    transform = Compose([CopyItemsd(["moving"], names=["moving_anatomy"]), RandCutd(["moving"], prob=1.0, most=0.9)])
    for seed in range(5):
        cut = draw(transform, str(seed))
        gone = (cut["moving"] == 0) & (cut["moving_anatomy"] > 0)
        assert torch.equal(cut["moving"][~gone], cut["moving_anatomy"][~gone])
        lines = [gone[0].any(1 - axis) & ~((cut["moving"][0] > 0).any(1 - axis)) for axis in range(2)]
        assert bool(gone.sum() == 0) or any(bool(each.any()) for each in lines)


def test_as_many_label_keys_as_keys() -> None:
    with pytest.raises(ValueError, match="as many label_keys"):
        RandContrastd(["moving", "fixed"], ["moving_label"])
