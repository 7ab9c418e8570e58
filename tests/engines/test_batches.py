"""From our words to MONAI's, and back to a pair's halves."""

from __future__ import annotations

import pytest
import torch
from ignite.engine import Engine

from scripts.engines import EpochSetter, prepare_pair

SIZES = [(8, 9), (6, 7, 8)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pair_is_moving_then_fixed_and_targets_keep_their_names(size: tuple[int, ...]) -> None:
    batch = {
        "moving": torch.full((2, 1, *size), 1.0),
        "fixed": torch.full((2, 1, *size), 2.0),
        "moving_label": torch.full((2, 1, *size), 3, dtype=torch.int32),
        "moving_id": ["a", "b"],
    }
    pair, targets = prepare_pair(batch, device=torch.device("cpu"), non_blocking=True)
    assert pair.shape == (2, 2, *size)
    assert (pair[:, 0] == 1).all() and (pair[:, 1] == 2).all()
    assert set(targets) == {"moving", "fixed", "moving_label"}
    assert targets["moving_label"].dtype == torch.int32


def test_tensors_go_where_they_are_sent() -> None:
    pair, targets = prepare_pair({"moving": torch.zeros(1, 1, 4, 4), "fixed": torch.zeros(1, 1, 4, 4)}, device="meta")
    assert pair.device.type == targets["fixed"].device.type == "meta"


def test_items_hear_of_every_epoch_before_its_first_batch() -> None:
    class Item:
        def __init__(self) -> None:
            self.epochs: list[int] = []

        def set_epoch(self, epoch: int) -> None:
            self.epochs.append(epoch)

    items, seen = [Item(), Item()], []
    engine = Engine(lambda engine, batch: seen.append(items[0].epochs[-1]))
    EpochSetter(items).attach(engine)
    engine.run([0, 0], max_epochs=3)
    assert items[0].epochs == items[1].epochs == [1, 2, 3]
    assert seen == [1, 1, 2, 2, 3, 3]
