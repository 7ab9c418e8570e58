"""The package's model under the bundle's trainer: pairs and budget are the recipe's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.bundle import ConfigParser

from benchmarks import voxelmorph_peer
from benchmarks.methods import voxelmorph_package
from benchmarks.setting import RECIPE, run_training, training
from scripts.errors import InputError

pytestmark = pytest.mark.usefixtures("stand_in_package")
EPOCHS = 2


def peer(cohort: Path, folder: Path, epochs: int = EPOCHS) -> ConfigParser:
    arguments = ["--dataset_dir", str(cohort), "--output_dir", str(folder), "--epochs", str(epochs)]
    return voxelmorph_peer.configuration(voxelmorph_peer.parse_arguments(arguments))


def recipe(cohort: Path, folder: Path) -> ConfigParser:
    values = {"dataset_dir": str(cohort), "output_dir": str(folder), "max_epochs": EPOCHS, "device": "cpu"}
    return training(RECIPE, **values, channels=[4, 4, 4])


def watch(config: ConfigParser) -> list[tuple[Any, ...]]:
    """Train; of every step the images of the batch and the rate."""
    seen: list[tuple[Any, ...]] = []

    def note(engine: Engine) -> None:
        rate = config.get_parsed_content("optimizer").param_groups[0]["lr"]
        batch = engine.state.batch
        seen.append((batch["moving_id"], batch["fixed_id"], rate, batch["moving"], batch["fixed"]))

    config.get_parsed_content("train#trainer").add_event_handler(Events.ITERATION_COMPLETED, note)
    run_training(config)
    return seen


def test_pairs_batches_mirroring_and_rate_are_the_recipes(cohort_2d: Path, tmp_path: Path) -> None:
    ours, theirs = watch(recipe(cohort_2d, tmp_path / "ours")), watch(peer(cohort_2d, tmp_path / "theirs"))
    assert [step[:3] for step in ours] == [step[:3] for step in theirs]
    assert len(ours) >= EPOCHS and ours[0][:2] != ours[-1][:2]
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.equal(mine[3], other[3]) and torch.equal(mine[4], other[4])


def test_the_loss_is_the_packages(cohort_2d: Path, tmp_path: Path) -> None:
    """Its own mean squared error of its own warped image, and 0.01 of its own squared gradient."""
    config = peer(cohort_2d, tmp_path)
    network, inferer = config.get_parsed_content("network_def"), config.get_parsed_content("inferer")
    pair = torch.rand(2, 2, 64, 32)
    moving, fixed = pair.chunk(2, 1)
    field, warped = network.model(moving, fixed, return_warped_source=True)
    gradient = sum(field.diff(dim=axis).square().mean() for axis in (2, 3)) / 2
    expected = (fixed - warped).square().mean() + 0.01 * gradient
    found = config.get_parsed_content("loss")(inferer(pair, network), {"fixed": fixed})
    torch.testing.assert_close(found, expected)


def test_an_interrupted_training_ends_with_the_same_weights(cohort_2d: Path, tmp_path: Path) -> None:
    run_training(peer(cohort_2d, tmp_path / "whole"))
    config = peer(cohort_2d, tmp_path / "stopped")
    trainer = config.get_parsed_content("train#trainer")
    trainer.add_event_handler(Events.EPOCH_COMPLETED(once=1), trainer.terminate)
    run_training(config)
    assert torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)["progress"]["epoch"] == 1
    run_training(peer(cohort_2d, tmp_path / "stopped"))
    whole, stopped = (torch.load(tmp_path / n / "model_last.pt", weights_only=True) for n in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_another_budget_in_the_same_folder_is_refused(cohort_2d: Path, tmp_path: Path) -> None:
    run_training(peer(cohort_2d, tmp_path))
    with pytest.raises((InputError, RuntimeError)) as error:
        run_training(peer(cohort_2d, tmp_path, EPOCHS + 1))
    assert "checkpoint.pt" in str(error.value) or "checkpoint.pt" in str(error.value.__cause__)


def test_what_was_trained_is_what_registers(cohort_2d: Path, tmp_path: Path) -> None:
    voxelmorph_peer.main(["--dataset_dir", str(cohort_2d), "--output_dir", str(tmp_path), "--epochs", "1"])
    from benchmarks.voxelmorph_model import PackageModel

    model = PackageModel()
    model.load_state_dict(torch.load(tmp_path / "model_last.pt", weights_only=True))
    moving, fixed = np.random.default_rng(0).random((2, 64, 32), dtype=np.float32)
    field = voxelmorph_package(str(tmp_path / "model_last.pt"))(moving, fixed)
    with torch.no_grad():
        expected = model.model(torch.from_numpy(moving)[None, None], torch.from_numpy(fixed)[None, None])[0]
    np.testing.assert_allclose(field, expected, atol=1e-6)


def test_a_size_that_the_package_cannot_halve_is_padded() -> None:
    """The field of the padded pair, and the package's own warp of it, both cut to the size of the images."""
    from benchmarks.voxelmorph_model import PackageModel

    model, pair = PackageModel(ndim=3), torch.rand(1, 2, 20, 32, 33)
    padded = torch.nn.functional.pad(pair, (0, 31, 0, 0, 0, 12))
    found, (field, warped) = model.register(pair), model.model(*padded.chunk(2, 1), return_warped_source=True)
    assert torch.equal(found["ddf"], field[:, :, :20, :32, :33])
    assert torch.equal(found["warped"], warped[:, :, :20, :32, :33])
    assert torch.equal(model(pair), found["ddf"])
