"""A training's log: a line an epoch with the losses and the last validation, then the table and the files, once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from ignite.engine import Engine, Events

from scripts.engines import TrainingLog
from scripts.engines.checkpoint import BEST, LAST


def train(
    folder: Path, caplog: pytest.LogCaptureFixture, epochs: int, dice: dict[int, float], start: int = 0
) -> list[str]:
    """Run a trainer that validates after the epochs of ``dice``; what it says."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    trainer, evaluator = Engine(lambda engine, batch: None), Engine(lambda engine, batch: None)
    evaluator.state.key_metric_name = "dice"  # type: ignore[attr-defined]

    @trainer.on(Events.STARTED)
    def resume() -> None:
        trainer.state.epoch = trainer.state.iteration = start

    @trainer.on(Events.EPOCH_COMPLETED)
    def measure() -> None:
        trainer.state.metrics = {"loss": 1 / trainer.state.epoch, "lncc": 0.5 / trainer.state.epoch}
        if trainer.state.epoch in dice:
            evaluator.run([0])

    @evaluator.on(Events.EPOCH_COMPLETED)
    def score() -> None:
        evaluator.state.metrics = {"dice": dice[trainer.state.epoch]}

    @trainer.on(Events.COMPLETED)
    def save() -> None:
        for name in (BEST, LAST):
            (folder / name).touch()

    TrainingLog(str(folder), evaluator).attach(trainer)
    trainer.run([0], max_epochs=epochs)
    return [record.getMessage() for record in caplog.records if record.name == "scripts.engines.training_log"]


def test_a_line_an_epoch_then_table_and_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    *lines, end = train(tmp_path, caplog, 4, {2: 0.75, 3: 0.5})
    assert [line.split("  ")[:-1] for line in lines] == [
        ["epoch 1/4", "loss 1 (lncc 0.5)"],
        ["epoch 2/4", "loss 0.5 (lncc 0.25)", "dice 0.7500"],
        ["epoch 3/4", "loss 0.3333 (lncc 0.1667)", "dice 0.5000"],
        ["epoch 4/4", "loss 0.25 (lncc 0.125)", "dice 0.5000 (epoch 3)"],
    ]
    assert "| best dice |     2 |" in end and end.startswith("training ends after epoch 4")
    assert end.endswith(f"Weights are in {tmp_path}: {BEST} (the best), {LAST} (the last).")


def test_a_resumed_training_goes_on_counting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    *lines, end = train(tmp_path, caplog, 4, {}, start=2)
    assert [line.split("  ")[0] for line in lines] == ["epoch 3/4", "epoch 4/4"]
    assert "| first |     3 |" in end and "best" not in end.split("Weights")[0]


def test_a_training_that_is_done_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (end,) = train(tmp_path, caplog, 4, {}, start=4)
    assert "it was done before" in end and "Weights are in" in end
