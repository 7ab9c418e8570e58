"""Which pairs of a batch are measured."""

from __future__ import annotations

import torch

from scripts.engines.batches import measured_pairs


def test_pairs_with_labels_alone_are_measured() -> None:
    batch = {"moving_id": ["a", "b", "c", "d"], "measured": [1, 3], "moving": torch.arange(4)}
    names, (target,) = measured_pairs(batch, {"moving": torch.arange(4)})
    assert names["moving_id"] == ["b", "d"]
    assert target["moving"].tolist() == [1, 3]


def test_all_pairs_are_measured_where_nothing_is_said() -> None:
    batch = {"moving_id": ["a", "b"]}
    names, (target,) = measured_pairs(batch, {"moving": torch.arange(2)})
    assert names["moving_id"] == ["a", "b"] and target["moving"].tolist() == [0, 1]
