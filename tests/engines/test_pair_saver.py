"""Chosen pairs are kept as they were registered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Engine

from scripts.engines import PairSaver
from scripts.errors import InputError
from support import assert_one_sentence


@pytest.mark.parametrize("size", [(10, 12), (8, 9, 10)])
def test_only_chosen_pairs_are_kept(size: tuple[int, ...], tmp_path: Path) -> None:
    dims = len(size)
    label = torch.arange(size[0]).reshape(1, 1, size[0], *(1,) * (dims - 1)).expand(2, 1, *size).int()
    image = torch.rand(2, 1, *size)
    ddf = torch.zeros(2, dims, *size)
    ddf[:, 0] = 1.0
    target = {"moving": image, "fixed": image + 1, "moving_label": label, "fixed_label": label}
    output = {"label": target, "pred": {"ddf": ddf, "warped": image * 2}}
    engine = Engine(lambda engine, batch: output)
    PairSaver(str(tmp_path), ["b"], ["a", "b"]).attach(engine)
    engine.run([{"moving_id": ["a", "b"], "fixed_id": ["f", "f"]}])
    assert [path.name for path in tmp_path.iterdir()] == ["pair_b_to_f.npz"]
    saved = np.load(tmp_path / "pair_b_to_f.npz")
    assert np.array_equal(saved["moving"], image[1, 0])
    assert np.array_equal(saved["warped"], 2 * image[1, 0])
    assert saved["ddf"].shape == (dims, *size)
    assert saved["warped_label"].reshape(size[0], -1)[:, 0].tolist() == [*range(1, size[0]), size[0] - 1]


def test_a_subject_that_moves_in_no_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        PairSaver(str(tmp_path), ["b", "nobody"], ["a", "b"])
    assert_one_sentence(str(error.value), "saved_pairs")
    assert "nobody" in str(error.value)
