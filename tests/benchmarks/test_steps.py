"""Training steps: all contestants step, taking turns, and the table compares them with the package's best."""

from __future__ import annotations

import pytest
import torch

from benchmarks.setting import loss_of
from benchmarks.training_step import bundle_step, median_seconds
from scripts.losses import ForwardDiffusion
from scripts.networks import DenseUNet, RegistrationModel

PLAIN = loss_of({"mse": (1, torch.nn.MSELoss())}, {"diffusion": (0.01, ForwardDiffusion())})


def test_a_step_trains() -> None:
    torch.manual_seed(0)
    network = RegistrationModel(DenseUNet(channels=(4, 4, 4)), velocity=True)
    step = bundle_step(torch.rand(2, 2, 16, 24), network, PLAIN, "float32")
    before = [parameter.clone() for parameter in network.parameters()]
    values = [float(step()) for _ in range(5)]
    assert values[-1] < values[0]
    assert all(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_rows_take_turns_and_the_first_round_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that each step moves by its own time, ten times as far in the first round."""
    clock, turns = [0.0], []

    def step(name: str, seconds: float) -> torch.Tensor:
        turns.append(name)
        clock[0] += 10 * seconds if turns.count(name) == 1 else seconds
        return torch.zeros(())

    monkeypatch.setattr("benchmarks.training_step.time.perf_counter", lambda: clock[0])
    times = {"a": 1.0, "b": 3.0}
    found = median_seconds({name: lambda name=name: step(name, times[name]) for name in times}, rounds=3)
    assert turns == ["a", "b"] * 4
    assert found == pytest.approx(times)


@pytest.mark.usefixtures("stand_in_package")
def test_every_contestant_steps() -> None:
    from benchmarks import steps

    contestants = steps.contestants(torch.rand(1, 2, 32, 32))
    assert len(contestants) == 13
    assert all(torch.isfinite(step()) for step in contestants.values())


@pytest.mark.usefixtures("stand_in_package")
def test_speeds_are_those_to_the_packages_best() -> None:
    from benchmarks import steps

    medians = {
        (f"{steps.PACKAGE}, as installed", "float32"): 0.4,
        (f"{steps.PACKAGE}, tuned", "float32"): 0.2,
        ("ours", "float32"): 0.1,
        (f"{steps.PACKAGE}, tuned", "bfloat16"): 0.1,
        ("ours", "bfloat16"): 0.05,
    }
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in steps.table_of(medians).splitlines()[2:]]
    assert rows[2] == ["ours", "float32", "0.100", "10.00", "2.00", "1.00"]
    assert [row[4] for row in rows] == ["0.50", "1.00", "2.00", "1.00", "2.00"]
    assert [row[5] for row in rows] == ["0.25", "0.50", "1.00", "1.00", "2.00"]


@pytest.mark.usefixtures("stand_in_package")
def test_the_packages_shape_differs_from_it_by_little() -> None:
    """Six levels of 16 channels: 35,314 parameters, the package's 35,096."""
    from benchmarks import steps

    assert sum(parameter.numel() for parameter in steps.package_shape().parameters()) == 35314
