"""An engine's progress: as many steps as batches, over when the epoch is over, however it ends."""

from __future__ import annotations

import logging

import pytest
from ignite.engine import Engine

from scripts.engines import EngineProgress
from scripts.engines import progress as module
from scripts.progress import Progress


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Progress]:
    """Every progress that is begun."""
    begun: list[Progress] = []

    class Noted(Progress):
        def __enter__(self) -> Progress:
            begun.append(self)
            return super().__enter__()

    monkeypatch.setattr(module, "Progress", Noted)
    return begun


def test_one_progress_an_epoch_counts_its_batches(made: list[Progress]) -> None:
    engine = Engine(lambda engine, batch: None)
    EngineProgress("training", every=60).attach(engine)
    engine.run([0, 1, 2], max_epochs=2)
    assert [(p.what, p.done, p.total, p.every) for p in made] == [
        ("training, epoch 1", 3, 3, 60),
        ("training, epoch 2", 3, 3, 60),
    ]
    assert all(each._over.is_set() for each in made)
    single = Engine(lambda engine, batch: None)
    EngineProgress("evaluation").attach(single)
    single.run([0])
    assert made[-1].what == "evaluation"


def test_the_end_says_where_the_files_are_if_asked_to(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="scripts")
    for folder in (None, "some/where"):
        engine = Engine(lambda engine, batch: None)
        EngineProgress("inference", folder=folder).attach(engine)
        engine.run([0, 1])
    assert caplog.messages == ["inference is done; the files are in some/where."]


def test_an_error_passes_through_and_ends_it(made: list[Progress]) -> None:
    def fail(engine: Engine, batch: int) -> None:
        raise KeyError("broken")

    engine = Engine(fail)
    EngineProgress("evaluation").attach(engine)
    with pytest.raises(KeyError, match="broken"):
        engine.run([0])
    assert made[0]._over.is_set()


def test_a_run_that_is_terminated_ends_it(made: list[Progress]) -> None:
    engine = Engine(lambda engine, batch: engine.terminate())
    EngineProgress("evaluation").attach(engine)
    engine.run([0, 1, 2])
    assert made[0]._over.is_set()
