"""Sequences in the layout of ACDC: found, read, and paired with a reference frame."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from scripts.data.hearts import write_hearts
from scripts.data.sequence_pairs import SequenceDataset, one_sequence
from scripts.data.sequences import find_sequences, labelled_frames, slices_of
from scripts.errors import InputError
from scripts.transforms.read_sequence import ReadSequence


@pytest.fixture(scope="module")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stacks of three slices, four frames each."""
    return write_hearts(tmp_path_factory.mktemp("hearts") / "cohort", 2, (32, 32), 4)


def test_found_with_labels_by_frame_from_0(hearts: Path) -> None:
    records = find_sequences(hearts)
    assert [record["subject"] for record in records] == ["heart000", "heart001"]
    assert [sorted(record["labels"]) for record in records] == [[0, 1, 2, 3]] * 2
    assert records[1]["labels"][2].endswith("heart001_frame03_gt.nii.gz")
    assert [record["slice"] for record in slices_of(records, 2)] == [0, 1, 2] * 2
    assert [record["slice"] for record in slices_of(records, 3)] == [None] * 2
    assert len(labelled_frames(records)) == 8


@pytest.mark.parametrize(("folder", "said"), [("none", "is not a folder"), ("", "holds no sequence")])
def test_no_sequences_are_refused(tmp_path: Path, folder: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_sequences(tmp_path / folder)


def test_read_frames_stand_as_channels(hearts: Path) -> None:
    record = slices_of(find_sequences(hearts), 2)[1]
    read = ReadSequence(2)(record)
    assert read["image"].shape == read["label"].shape == (4, 32, 32)
    assert read["image"].dtype == torch.float32 and read["labelled"] == [0, 1, 2, 3]


@pytest.mark.parametrize("number", ["00", "05"])
def test_labels_of_no_frame_are_refused(hearts: Path, tmp_path: Path, number: str) -> None:
    shutil.copy(hearts / "heart000_4d.nii.gz", tmp_path)
    shutil.copy(hearts / "heart000_frame01_gt.nii.gz", tmp_path / f"heart000_frame{number}_gt.nii.gz")
    record = slices_of(find_sequences(tmp_path), 2)[0]
    with pytest.raises(InputError, match=f"labels frame {int(number)}, but .* has frames 1 to 4"):
        ReadSequence(2)(record)


def test_every_frame_is_paired_with_the_reference(hearts: Path) -> None:
    records = find_sequences(hearts)[:1]
    records[0]["labels"] = {t: records[0]["labels"][t] for t in (1, 3)}
    pairs = SequenceDataset(records, 2, ReadSequence(2), labelled_only=True)
    assert len(pairs) == 3
    item = one_sequence([pairs[0]])
    assert item["moving"].shape == item["fixed_label"].shape == (4, 1, 32, 32)
    assert torch.equal(item["fixed"][0], item["moving"][1]) and torch.equal(item["fixed"][0], item["fixed"][3])
    assert item["measured"] == [3]
    assert [bool(label.any()) for label in item["moving_label"]] == [False, False, False, True]
    assert item["fixed_id"] == ["heart000_slice1_frame02"] * 4 and item["spacing"].shape == (4, 2)


def test_draws_depend_on_seed_and_epoch_alone(hearts: Path) -> None:
    first, again = (
        SequenceDataset(find_sequences(hearts), 2, ReadSequence(2), random_reference=True, max_frames=2, seed=1)
        for _ in range(2)
    )
    seen = set()
    for epoch in range(8):
        first.set_epoch(epoch)
        again.set_epoch(epoch)
        one, other = first[0], again[0]
        assert one["moving_id"] == other["moving_id"] and one["fixed_id"] == other["fixed_id"]
        assert len(one["moving"]) == 2
        seen.add((*one["moving_id"], one["fixed_id"][0]))
    assert len(seen) > 2


def test_what_cannot_be_trained_on(hearts: Path) -> None:
    records = [{**record, "labels": {}} for record in find_sequences(hearts)]
    with pytest.raises(InputError, match="no sequence has two labelled frames"):
        SequenceDataset(records, 2, ReadSequence(2), labelled_only=True)
    with pytest.raises(InputError, match="set it to 1"):
        one_sequence([{}, {}])
