"""``--tracking mlflow`` writes losses and scores to a local store; without it TensorBoard alone is written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from ignite.engine import Engine

from scripts.engines import ListedOutput
from support import BUNDLE, bundle_command, run_command


def test_mlflow_gets_losses_and_scores(cohort_2d: Path, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="install requirements-tracking.txt")
    out = tmp_path / "out"
    options = {"channels": "[4,4,4]", "spatial_size": -1, "batch_size": 4, "max_epochs": 2, "val_interval": 1}
    options |= {"device": "cpu"}
    options |= {"dataset_dir": cohort_2d, "output_dir": out, "cache_dir": out, "tracking": "mlflow"}
    said = run_command(bundle_command(("train.yaml",), "training", **options), BUNDLE)
    assert said.returncode == 0, said.stderr[-3000:]
    with sqlite3.connect(out / "mlruns.db") as store:
        metrics = store.execute("select key, step, value from metrics").fetchall()
    steps = {key: [step for name, step, _ in metrics if name == key] for key, _, _ in metrics}
    assert sorted(steps["dice"]) == sorted(steps["loss"]) == [1, 2]
    assert len(steps["train_loss"]) >= 2
    assert all(0 <= value <= 1 for key, _, value in metrics if key == "dice")
    assert list(out.glob("tensorboard/events*"))


def test_the_loss_is_found_as_in_a_decollated_list() -> None:
    from monai.handlers import from_engine

    engine = Engine(lambda engine, batch: {"loss": batch})
    ListedOutput().attach(engine)
    engine.run([3.0])
    assert from_engine(["loss"], first=True)(engine.state.output) == 3.0
