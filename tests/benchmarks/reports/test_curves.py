"""Curves of trainings, read from TensorBoard's files."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from benchmarks.reports.curves import read_curves, save_curves
from scripts.errors import InputError


def write(folder: Path, epochs: range, offset: float) -> None:
    with SummaryWriter(str(folder)) as writer:
        for epoch in epochs:
            writer.add_scalar("loss", offset + 1 / epoch, epoch)
            if epoch % 2 == 0:
                writer.add_scalar("dice", offset + 0.01 * epoch, epoch)


def test_every_scalar_is_read(tmp_path: Path) -> None:
    write(tmp_path, range(1, 7), 0.0)
    curves = read_curves(tmp_path)
    assert curves["loss"][0].tolist() == [1, 2, 3, 4, 5, 6]
    assert curves["loss"][1].tolist() == pytest.approx([1 / n for n in range(1, 7)])
    assert curves["dice"][0].tolist() == [2, 4, 6]


def test_a_resumed_training_is_one_curve(tmp_path: Path) -> None:
    write(tmp_path, range(1, 5), 0.0)
    first = next(tmp_path.iterdir())
    first.rename(first.with_name("events.out.tfevents.1.before"))
    write(tmp_path, range(4, 7), 1.0)  # the interrupted epoch 4 is run again
    epochs, values = read_curves(tmp_path)["loss"]
    assert epochs.tolist() == [1, 2, 3, 4, 5, 6]
    assert values[3] == pytest.approx(1.25)


def test_a_folder_without_curves_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no curve"):
        read_curves(tmp_path)


def test_curves_are_drawn_without_scalars_that_nobody_has(tmp_path: Path) -> None:
    write(tmp_path / "a", range(1, 7), 0.0)
    write(tmp_path / "b", range(1, 5), 0.5)
    trainings = {
        "one": [read_curves(tmp_path / "a"), read_curves(tmp_path / "b")],
        "other": [read_curves(tmp_path / "b")],
    }
    save_curves(tmp_path / "two.png", trainings, {"loss": "loss", "dice": "Dice", "folding": "folding"})
    save_curves(tmp_path / "one.png", trainings, {"loss": "loss"})
    widths = [int.from_bytes((tmp_path / name).read_bytes()[16:20], "big") for name in ("two.png", "one.png")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=1)
