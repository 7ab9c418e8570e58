"""A training that was killed goes on as if it had not been."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.handlers import LrScheduleHandler, ValidationHandler
from monai.transforms import RandGaussianNoised, Transform
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler

from scripts.data import PairDataset
from scripts.engines import Checkpointer, EpochSetter, PairMetric, RegistrationInferer, prepare_pair
from scripts.engines.checkpoint import save_atomic, weights_after
from scripts.engines.random_state import RandomState
from scripts.errors import InputError
from scripts.losses import ForwardDiffusion, RegistrationLoss
from scripts.metrics import MeanSquaredError
from scripts.networks import DenseUNet
from support import Harm

EPOCHS = 4


class Noise(Transform):
    """The image of a subject."""

    def __call__(self, record: dict[str, str]) -> dict[str, Any]:
        random = torch.Generator().manual_seed(int(record["image"]))
        return {**record, "image": torch.rand(1, 8, 8, generator=random)}


class Dropout(nn.Module):
    """A network that draws from all three global generators."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.backbone, self.drop = DenseUNet(2, channels=channels), nn.Dropout(0.5)

    def forward(self, pair: Tensor) -> Tensor:
        scale = random.random() + np.random.rand() if self.training else 1.0  # noqa: NPY002
        return scale * self.backbone(self.drop(pair))


class Training:
    """The wiring of ``train.yaml`` at its smallest: random pairs, noise, a falling rate, validation, checkpoints."""

    def __init__(
        self, folder: Path, seed: int = 0, channels: tuple[int, ...] = (4, 4), schedule: bool = True, **choices: Any
    ) -> None:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        subjects = [{"subject": f"s{n}", "image": str(n)} for n in range(6)]
        noise = RandGaussianNoised(["moving"], prob=0.5)
        data = PairDataset(subjects[1:], Noise(), subjects[0], "random", seed=1, augment=noise)
        sampler = DistributedSampler(data, num_replicas=1, rank=0, seed=1)
        self.network = Dropout(channels)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS) if schedule else None
        common = {"device": torch.device("cpu"), "prepare_batch": prepare_pair, "inferer": RegistrationInferer()}
        validation = PairDataset(subjects[1:3], Noise(), subjects[0])
        self.evaluator = SupervisedEvaluator(
            val_data_loader=DataLoader(validation),
            network=self.network,
            key_val_metric={"likeness": PairMetric(lambda p, t: -MeanSquaredError()(p, t))},
            decollate=False,
            **common,
        )
        identity = {"dataset": "noise", "seed": 1, **choices.pop("identity", {})}
        objects = {"optimizer": optimizer, "lr_scheduler": scheduler}
        self.checkpointer = Checkpointer(str(folder), self.network, objects, self.evaluator, identity, **choices)
        handlers = [EpochSetter([sampler, data]), ValidationHandler(1, self.evaluator), self.checkpointer]
        self.trainer = SupervisedTrainer(
            max_epochs=EPOCHS,
            train_data_loader=DataLoader(data, batch_size=2, sampler=sampler),
            network=self.network,
            optimizer=optimizer,
            loss_function=RegistrationLoss(
                mse={"weight": 1, "loss": nn.MSELoss()},
                diffusion={"weight": 0.1, "of": "ddf", "loss": ForwardDiffusion()},
            ),
            train_handlers=([LrScheduleHandler(scheduler, print_lr=False)] if scheduler else []) + handlers,
            decollate=False,
            **common,
        )

    def run(self) -> None:
        self.trainer.run()

    def run_until(self, epoch: int) -> None:
        """Be killed in the middle of ``epoch``."""

        def kill(engine: Engine) -> None:
            if engine.state.epoch == epoch and engine.state.iteration % 3 == 2:
                raise KeyboardInterrupt

        self.trainer.add_event_handler(Events.ITERATION_COMPLETED, kill)
        with pytest.raises(KeyboardInterrupt):
            self.trainer.run()


def loaded(path: Path) -> Any:
    return torch.load(path, weights_only=True)


def assert_same(first: Any, second: Any, where: str = "") -> None:
    """Equal in every bit, however nested."""
    if isinstance(first, Tensor):
        assert torch.equal(first, second), where
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f"{where}/{key}")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), where
        for i, (a, b) in enumerate(zip(first, second, strict=True)):
            assert_same(a, b, f"{where}/{i}")
    else:
        assert first == second, where


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nobody interrupted."""
    folder = tmp_path_factory.mktemp("finished")
    Training(folder).run()
    return folder


@pytest.mark.parametrize("kills", [(1,), (2,), (4,), (2, 3)], ids=str)
def test_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    kills: tuple[int, ...], finished: Path, tmp_path: Path
) -> None:
    """Network, optimiser, schedule, random state, best score; whatever the new process starts from."""
    for seed, kill in enumerate(kills):
        Training(tmp_path, seed=7 * seed).run_until(kill)
    again = Training(tmp_path, seed=99 if kills != (1,) else 0)  # killed before a checkpoint it starts anew
    again.run()
    assert again.trainer.state.epoch == EPOCHS and again.trainer.state.iteration == EPOCHS * 3
    for name in ("checkpoint.pt", "model.pt", "model_last.pt"):
        assert_same(loaded(finished / name), loaded(tmp_path / name), name)


def test_finished_training_is_not_run_again(finished: Path, tmp_path: Path) -> None:
    for path in finished.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    training = Training(tmp_path, seed=5)
    iterations = []
    training.trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda e: iterations.append(e.state.iteration))
    training.run()
    assert iterations == []
    assert_same(loaded(finished / "model_last.pt"), training.network.state_dict())


def test_files_of_a_training(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} == {"checkpoint.pt", "model.pt", "model_last.pt"}
    content = loaded(finished / "checkpoint.pt")
    assert content["identity"] == {"dataset": "noise", "seed": "1"}
    assert content["progress"]["epoch"] == EPOCHS and content["progress"]["iteration"] == 3 * EPOCHS
    assert content["lr_scheduler"]["last_epoch"] == EPOCHS
    assert_same(content["network"], loaded(finished / "model_last.pt"))


def scored(folder: Path, scores: list[float], **choices: Any) -> list[dict[str, Tensor]]:
    """Train with validation scores as given; return the weights after every epoch."""
    training, weights = Training(folder, **choices), []
    remaining = iter(scores)

    def judge(engine: Engine) -> None:
        engine.state.metrics["likeness"] = next(remaining)

    training.evaluator.add_event_handler(Events.EPOCH_COMPLETED, judge)  # after the metric, before the checkpointer
    training.trainer.add_event_handler(
        Events.EPOCH_COMPLETED,
        lambda _: weights.append({k: v.clone() for k, v in training.network.state_dict().items()}),
    )
    training.run()
    return weights


@pytest.mark.parametrize(
    ("scores", "best"),
    [([1, 3, 2, 3], 1), ([4, 3, 2, 1], 0), ([-4, -3, -2, -1], 3), ([float("nan"), 1, float("nan"), 0], 1)],
    ids=str,
)
def test_weights_of_the_best_validation_are_kept(scores: list[float], best: int, tmp_path: Path) -> None:
    weights = scored(tmp_path, scores)
    assert_same(loaded(tmp_path / "model.pt"), weights[best])
    assert_same(loaded(tmp_path / "model_last.pt"), weights[-1])


def test_without_any_score_the_last_weights_are_the_best(tmp_path: Path) -> None:
    """So that evaluation takes what was trained, not an older file or the weights that come with the bundle."""
    (tmp_path / "model.pt").write_text("of an older training")
    weights = scored(tmp_path, [float("nan")] * EPOCHS)
    assert_same(loaded(tmp_path / "model.pt"), weights[-1])


def test_best_score_outlives_a_kill(tmp_path: Path) -> None:
    first = Training(tmp_path)
    first.run_until(3)
    best = loaded(tmp_path / "checkpoint.pt")["progress"]["best"]
    second = Training(tmp_path)
    second.trainer.add_event_handler(Events.STARTED, lambda engine: engine.terminate())
    second.run()
    assert second.checkpointer.best == best > float("-inf")


def test_checkpoint_only_as_often_as_asked_and_at_the_end(tmp_path: Path) -> None:
    training, epochs = Training(tmp_path, every=3), []

    def look(_: Engine) -> None:
        path = tmp_path / "checkpoint.pt"
        epochs.append(loaded(path)["progress"]["epoch"] if path.exists() else 0)

    training.trainer.add_event_handler(Events.EPOCH_COMPLETED, look)
    training.run()
    assert epochs == [0, 0, 3, 4]


def test_weights_of_chosen_epochs_are_kept(tmp_path: Path) -> None:
    Training(tmp_path, kept_epochs=[2, EPOCHS]).run()
    first, last = (torch.load(tmp_path / weights_after(epoch), weights_only=True) for epoch in (2, EPOCHS))
    end = torch.load(tmp_path / "model_last.pt", weights_only=True)
    assert sorted(path.name for path in tmp_path.glob("model_epoch*")) == ["model_epoch2.pt", f"model_epoch{EPOCHS}.pt"]
    assert all(torch.equal(last[name], end[name]) for name in end)
    assert any(not torch.equal(first[name], end[name]) for name in end)


def test_failing_write_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.pt"
    save_atomic({"epoch": 1}, path)

    def full_disk(target: Path, content: Any) -> None:
        target.write_text("half of a checkpoi")
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_atomic({"epoch": 2}, path)
    assert loaded(path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"identity": {"seed": 2}}, "belongs to a training with seed 1, not 2; choose another output_dir"),
        ({"identity": {"dataset": "other"}}, "belongs to a training with dataset noise, not other"),
        ({"identity": {"pairing": "atlas"}}, "belongs to a training with pairing None, not atlas"),
        ({"channels": (4, 6)}, "another network, optimiser or schedule; choose another output_dir"),
        ({"schedule": False}, "another network, optimiser or schedule"),
    ],
)
def test_checkpoint_of_another_training_is_refused(
    choices: dict[str, Any], words: str, finished: Path, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((finished / "checkpoint.pt").read_bytes())
    with pytest.raises(InputError, match=f"^{tmp_path}/checkpoint.pt .*{words}.*\\.$"):
        Training(tmp_path, **choices).run()
    assert_same(loaded(tmp_path / "checkpoint.pt"), loaded(finished / "checkpoint.pt"))


@pytest.mark.parametrize(
    "content",
    [b"", b"no checkpoint", {"weight": torch.zeros(3)}, torch.zeros(3), [1]],
    ids=["empty", "text", "weights", "tensor", "list"],
)
def test_file_that_is_no_checkpoint_is_one_sentence(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(InputError, match=r"checkpoint.pt is no checkpoint of this bundle; move it away to start anew"):
        Training(tmp_path).run()


def test_code_in_a_checkpoint_is_not_run(finished: Path, tmp_path: Path) -> None:
    harmful = {**loaded(finished / "checkpoint.pt"), "extra": Harm(tmp_path / "was_here")}
    torch.save(harmful, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="no checkpoint of this bundle"):
        Training(tmp_path).run()
    assert not (tmp_path / "was_here").exists()


def test_random_state_goes_on_where_it_was() -> None:
    def draw() -> tuple[float, float, float, float]:
        numbers = np.random.rand(), np.random.normal()  # noqa: NPY002
        return random.random(), *numbers, float(torch.rand(()))

    draw()  # NumPy keeps the second of two normal numbers for later
    state = RandomState().state_dict()
    expected = [draw() for _ in range(3)]
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    RandomState().load_state_dict(state)
    assert [draw() for _ in range(3)] == expected
