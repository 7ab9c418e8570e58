"""Weights are data: read, matched with the network, never run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ignite.engine import Engine
from torch import nn

from scripts.engines import CheckpointLoader, choose_weights, load_weights
from scripts.errors import InputError
from scripts.networks import DenseUNet
from support import Harm


def network(channels: tuple[int, ...] = (4, 4, 4)) -> DenseUNet:
    return DenseUNet(2, channels=channels)


def same(first: nn.Module, second: nn.Module) -> bool:
    states = first.state_dict(), second.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_first_existing_file_is_chosen(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("trained.pt", "shipped.pt", "last.pt")]
    assert choose_weights(paths) == paths[2]  # so that the message names a file that should be there
    Path(paths[1]).touch()
    assert choose_weights(paths) == paths[1]
    Path(paths[0]).touch()
    assert choose_weights(paths) == paths[0]


@pytest.mark.parametrize("name, words", [("folder", "is a folder"), ("none.pt", "does not"), ("x" * 300, "does not")])
def test_what_is_no_file_is_said(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=f"{name} {words}.*--ckpt_path"):
        load_weights(str(tmp_path / name), network())


def test_weights_are_loaded(tmp_path: Path) -> None:
    saved, loaded = network(), network()
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    assert not same(saved, loaded)
    load_weights(str(tmp_path / "model.pt"), loaded)
    assert same(saved, loaded)


def test_handler_loads_when_the_run_starts(tmp_path: Path) -> None:
    saved, loaded = network(), network()
    torch.save(saved.state_dict(), tmp_path / "model.pt")
    engine = Engine(lambda engine, batch: same(saved, loaded))
    CheckpointLoader(str(tmp_path / "model.pt"), loaded).attach(engine)
    assert not same(saved, loaded)
    assert engine.run([0]).output is True


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no.pt does not exist; train first, or name .* with --ckpt_path\.$"):
        load_weights(tmp_path / "no.pt", network())


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: {"network": m}, lambda m: [m]], ids=["bare", "dict", "list"])
def test_code_in_a_file_is_not_run(wrap: type, tmp_path: Path) -> None:
    path, trace = tmp_path / "model.pt", tmp_path / "was_here"
    torch.save(wrap(Harm(trace)), path)
    before = network()
    weights = {name: value.clone() for name, value in before.state_dict().items()}
    with pytest.raises(InputError, match=r"model.pt is no file of network weights \(\w+\); nothing was run\.$"):
        load_weights(path, before)
    assert not trace.exists()
    assert all(torch.equal(value, weights[name]) for name, value in before.state_dict().items())
    torch.load(path, weights_only=False)
    assert trace.exists()  # the file was a real one


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 half a zip"])
def test_broken_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"model.pt is no file of network weights"):
        load_weights(tmp_path / "model.pt", network())


def test_truncated_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(network().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match="no file of network weights"):
        load_weights(path, network())


@pytest.mark.parametrize(
    "content",
    [network((4, 8, 4)).state_dict(), {"epoch": 3}, {}, [1, 2], torch.zeros(3), 7],
    ids=["other width", "other keys", "empty", "list", "tensor", "number"],
)
def test_weights_of_something_else_are_one_sentence(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(InputError, match=r"model.pt holds the weights of another network than the one configured\.$"):
        load_weights(tmp_path / "model.pt", network())
