"""Pairs: who meets whom, read how often, and the same again from the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from monai.transforms import RandFlipd, RandGaussianNoised, Transform
from torch import Tensor
from torch.utils.data import DataLoader

from scripts.data import PairDataset
from scripts.errors import InputError
from support import both_dims

SIZES = {2: (10, 12), 3: (8, 9, 10)}
ATLAS = {"subject": "atlas", "image": "100", "label": "100"}


def subjects(count: int) -> list[dict[str, str]]:
    return [{"subject": f"s{n}", "image": f"{n}", "label": f"{n}"} for n in range(count)]


class Reader(Transform):
    """An image of the number that a record holds; counts what it reads. MONAI caches what Transforms make, no less."""

    def __init__(self, dims: int = 2, sizes: dict[str, tuple[int, ...]] | None = None) -> None:
        self.dims, self.sizes, self.reads = dims, sizes or {}, Counter[str]()

    def __call__(self, record: dict[str, str]) -> dict[str, Any]:
        self.reads[record["subject"]] += 1
        size = self.sizes.get(record["subject"], SIZES[self.dims])
        read: dict[str, Any] = dict(record)
        for key in record.keys() - {"subject"}:
            number = float(record[key])
            values = number + torch.rand(1, *size, generator=torch.Generator().manual_seed(int(number)))
            read[key] = values.int() if "label" in key else values
        return read


def pairs_of(dataset: PairDataset) -> list[tuple[str, str]]:
    return [(pair["moving_id"], pair["fixed_id"]) for pair in map(dataset.__getitem__, range(len(dataset)))]


@both_dims
def test_atlas_pairs_move_every_subject_once(dims: int) -> None:
    dataset = PairDataset(subjects(4), Reader(dims), ATLAS)
    assert pairs_of(dataset) == [(f"s{n}", "atlas") for n in range(4)]
    assert dataset.moving_subjects == [f"s{n}" for n in range(4)]
    pair = dataset[2]
    assert type(pair["moving"]) is Tensor and pair["moving"].shape == (1, *SIZES[dims])
    assert int(pair["moving"].min()) == 2 and int(pair["fixed"].min()) == 100
    assert set(pair["moving_label"].unique().tolist()) == {2} and set(pair["fixed_label"].unique().tolist()) == {100}
    dataset.set_epoch(7)
    assert pairs_of(dataset) == [(f"s{n}", "atlas") for n in range(4)]


def test_consecutive_pairs_go_forth_and_then_back() -> None:
    forth = [("s0", "s1"), ("s1", "s2"), ("s2", "s3")]
    back = [("s1", "s0"), ("s2", "s1"), ("s3", "s2")]
    assert pairs_of(PairDataset(subjects(4), Reader(), ATLAS, "consecutive")) == [*forth, *back]
    assert pairs_of(PairDataset(subjects(4), Reader(), ATLAS, "consecutive", num_pairs=4)) == [*forth, *back[:1]]
    with pytest.raises(InputError, match="two subjects"):
        PairDataset(subjects(1), Reader(), ATLAS, "consecutive")


def test_atlas_pairs_beyond_the_subjects_do_not_exist() -> None:
    assert len(PairDataset(subjects(4), Reader(), ATLAS, num_pairs=9)) == 4
    assert len(PairDataset(subjects(4), Reader(), ATLAS, num_pairs=2)) == 2


@pytest.mark.parametrize("count", [2, 3, 7])
def test_nobody_is_paired_with_himself_nor_with_the_atlas(count: int) -> None:
    dataset = PairDataset(subjects(count), Reader(), ATLAS, pairing="random", num_pairs=40)
    seen = pairs_of(dataset)
    assert len(seen) == 40 and len(PairDataset(subjects(count), Reader(), ATLAS, pairing="random")) == count
    assert all(moving != fixed for moving, fixed in seen)
    assert {name for pair in seen for name in pair} == {f"s{n}" for n in range(count)}


def test_single_subject_is_paired_with_the_atlas_in_both_directions() -> None:
    dataset = PairDataset(subjects(1), Reader(), ATLAS, pairing="random", num_pairs=30)
    assert set(pairs_of(dataset)) == {("s0", "atlas"), ("atlas", "s0")}


def test_pairs_depend_on_seed_epoch_and_index_alone() -> None:
    first, again = (PairDataset(subjects(9), Reader(), ATLAS, "random", seed=5, num_pairs=12) for _ in range(2))
    other = PairDataset(subjects(9), Reader(), ATLAS, "random", seed=6, num_pairs=12)
    epochs = []
    for epoch in (0, 1, 2):
        first.set_epoch(epoch)
        epochs.append(pairs_of(first))
    assert epochs[0] != epochs[1] != epochs[2] and len({tuple(pairs) for pairs in epochs}) == 3
    again.set_epoch(2)  # straight to it, backwards: a training that resumes sees the same pairs
    assert [again[i]["moving_id"] for i in reversed(range(12))] == [moving for moving, _ in epochs[2]][::-1]
    assert pairs_of(other) != epochs[0]


@pytest.mark.parametrize("pairing", ["atlas", "random"])
def test_every_subject_is_read_once(pairing: str) -> None:
    reader = Reader()
    dataset = PairDataset(subjects(5), reader, ATLAS, pairing=pairing, num_pairs=5)
    for epoch in range(3):
        dataset.set_epoch(epoch)
        pairs_of(dataset)
    assert reader.reads == dict.fromkeys(["s0", "s1", "s2", "s3", "s4", "atlas"], 1)


def test_without_cache_the_pairs_are_the_same() -> None:
    datasets = [PairDataset(subjects(5), Reader(), ATLAS, "random", cache_rate=rate) for rate in (1.0, 0.5, 0.0)]
    for i in range(5):
        first, *others = (dataset[i] for dataset in datasets)
        for other in others:
            assert first["moving_id"] == other["moving_id"]
            assert torch.equal(first["moving"], other["moving"]) and torch.equal(first["fixed"], other["fixed"])


@both_dims
def test_what_was_before_the_affine_stage_comes_along(dims: int) -> None:
    more = [{**record, "unaligned_image": "50", "unaligned_label": "60"} for record in subjects(2)]
    pair = PairDataset(more, Reader(dims), ATLAS)[0]
    assert int(pair["unaligned_image"].min()) == 50 and set(pair["unaligned_label"].unique().tolist()) == {60}
    assert "unaligned_image" not in PairDataset(subjects(2), Reader(dims), ATLAS)[0]


def without_label(records: list[dict[str, str]], *indices: int) -> list[dict[str, str]]:
    return [{k: v for k, v in r.items() if k != "label" or n not in indices} for n, r in enumerate(records)]


@pytest.mark.parametrize("pairing", ["atlas", "random"])
@pytest.mark.parametrize("missing", [(), (0,), (3,), (0, 1, 2, 3)])
def test_labels_are_in_every_pair_or_in_none(pairing: str, missing: tuple[int, ...]) -> None:
    """Labels may be missing in a training part; a batch of pairs with and without could not be stacked."""
    dataset = PairDataset(without_label(subjects(4), *missing), Reader(), ATLAS, pairing=pairing)
    (batch,) = DataLoader(dataset, batch_size=4)
    assert batch["moving"].shape == (4, 1, *SIZES[2])
    assert ("moving_label" in batch) == ("fixed_label" in batch) == (not missing)


def test_atlas_without_labels() -> None:
    """Refused where the subjects would be measured against it, of no account where pairs are random."""
    (bare,) = without_label([ATLAS], 0)
    with pytest.raises(InputError, match="the atlas atlas has no label map"):
        PairDataset(subjects(3), Reader(), bare)
    assert "fixed_label" in PairDataset(subjects(3), Reader(), bare, "random")[0]
    assert "fixed_label" not in PairDataset(without_label(subjects(3), 0, 1, 2), Reader(), bare)[0]
    assert "fixed_label" not in PairDataset(subjects(1), Reader(), bare, "random")[0]


@both_dims
def test_other_size_is_named_with_both_sizes(dims: int) -> None:
    other = tuple(n + 1 for n in SIZES[dims])
    shown = [str(size).replace("(", r"\(").replace(")", r"\)") for size in (other, SIZES[dims])]
    with pytest.raises(InputError, match=rf"s1 measures {shown[0]} voxels but the atlas atlas {shown[1]}; set spatial"):
        PairDataset(subjects(3), Reader(dims, {"s1": other}), ATLAS)


@pytest.mark.parametrize("pairing", ["", "all", "Atlas"])
def test_unknown_pairing_is_named(pairing: str) -> None:
    with pytest.raises(ValueError, match=rf"one of \('atlas', 'random', 'consecutive'\), got '{pairing}'"):
        PairDataset(subjects(2), Reader(), ATLAS, pairing=pairing)


@both_dims
def test_augmentation_depends_on_seed_epoch_and_index_alone(dims: int) -> None:
    def build() -> PairDataset:
        noise = RandGaussianNoised(["moving", "fixed"], prob=1.0, std=0.5)
        return PairDataset(subjects(3), Reader(dims), ATLAS, augment=noise, seed=1)

    first, again = build(), build()
    first.set_epoch(4)
    again.set_epoch(4)
    there = [first[i] for i in (0, 1, 2)]
    back = [again[i] for i in (2, 1, 0)][::-1]
    for a, b in zip(there, back, strict=True):
        assert torch.equal(a["moving"], b["moving"]) and type(a["moving"]) is Tensor
    first.set_epoch(5)
    assert not torch.equal(first[0]["moving"], there[0]["moving"])
    plain = PairDataset(subjects(3), Reader(dims), ATLAS)[0]
    assert torch.equal(there[0]["moving_label"], plain["moving_label"])
    assert not torch.equal(there[0]["moving"], plain["moving"])


def test_flip_turns_both_images_of_a_pair_together_and_not_the_cache() -> None:
    keys = ["moving", "fixed", "moving_label", "fixed_label"]
    flip = RandFlipd(keys, prob=0.5, spatial_axis=0)
    dataset, plain = (PairDataset(subjects(2), Reader(), ATLAS, augment=a) for a in (flip, None))
    flipped = 0
    for epoch in range(20):
        dataset.set_epoch(epoch)
        pair, expected = dataset[0], plain[0]
        turned = not torch.equal(pair["moving"], expected["moving"])
        flipped += turned
        for key in keys:
            assert torch.equal(pair[key], expected[key].flip(1) if turned else expected[key])
    assert 4 < flipped < 16
