"""What makes a training this training: every setting that can change its result, and none that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from monai.bundle import ConfigParser

from scripts.configuration.identity import (
    NEUTRAL,
    TrainingIdentity,
    content_digest,
    describe,
    difference,
    digest,
    merged,
)
from support import BUNDLE

CONFIGS = BUNDLE / "configs"
METHODS = sorted(path.stem for path in (CONFIGS / "methods").glob("*.yaml"))
# Keys of a method, or below one, that change no training, and why.
OTHERWISE = {
    "method": "the name of the folder says it, and two names of one method are one training",
    "spacing": "of register",
    "refinement": "of evaluation and register",
    "fine_steps": "of register",
    "weights": "what evaluation and register start from",
    "atlas_image": "of segmentation",
    "atlas_label": "of segmentation",
    "measures": "of evaluation",
    "panels": "of evaluation",
    "same_contrast": "of register",
    "validate": "it changes no weights",
}

# Keys that every method has, and that mean nothing of an affine map. Its spacing is that of the training, too.
NOT_OF_AFFINE = ("dense", "attention", "passes", "smoothness")
NOT_OF_FORCES = {"any_contrast_3d": ("channels", "dense", "attention")}  # of a method without convolutions


def otherwise(method: str) -> tuple[str, ...]:
    """Keys of a method that change no training."""
    if method.startswith("affine"):
        return (*NOT_OF_AFFINE, *(key for key in OTHERWISE if key != "spacing"))
    return tuple(OTHERWISE)


def config_of(method: str, *schedules: str, **values: Any) -> dict[str, Any]:
    files = [CONFIGS / "train.yaml", CONFIGS / "methods" / f"{method}.yaml"]
    config = merged([*files, *(CONFIGS / "schedules" / f"{name}.yaml" for name in schedules)])
    return {**config, "bundle_root": str(BUNDLE), **values}


def identity(config: dict[str, Any]) -> TrainingIdentity:
    return TrainingIdentity("cohort", config)


def leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
    else:
        for key, item in items:
            yield from leaves(item, (*path, key))


def changed(config: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The configuration with another value at ``path``."""
    config = deepcopy(config)
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    value = inner[path[-1]]
    inner[path[-1]] = (not value) if isinstance(value, bool) else f"{value} or another"
    return config


@pytest.mark.parametrize("method", METHODS)
def test_every_key_of_a_method_counts_or_has_a_reason(method: str) -> None:
    config = config_of(method)
    mine = identity(config).values
    keys = ConfigParser.load_config_file(str(CONFIGS / "methods" / f"{method}.yaml"))
    counted = 0
    for key in keys:
        for path in leaves(keys[key], tuple(key.split("#"))):
            if key.startswith(otherwise(method)) or key in NOT_OF_FORCES.get(method, ()):
                assert identity(changed(config, path)).values == mine, path
            else:
                assert identity(changed(config, path)).values != mine, path
                counted += 1
    assert counted > 15


@pytest.mark.parametrize(
    "name, value",
    [
        ("affine", True), ("split_file", "other.json"), ("precision", "float32"), ("augment", None),
        ("pairing", "atlas"),
        ("seed", 1), ("split_seed", 1), ("atlas", "someone"), ("spatial_size", [80, 96]), ("batch_size", 4),
        ("learning_rate", 0.01), ("max_epochs", 7), ("smoothness", 2),
        ("channels_last", False), ("labels", [3]), ("synthetic_size", [80, 96]),
    ],
)  # fmt: skip
def test_settings_that_count(name: str, value: Any) -> None:
    mine, other = (identity(config_of("brain_2d", **values)) for values in ({}, {name: value}))
    found = difference(mine.values, other.values)
    assert found is not None and found[0].startswith("pairs a step" if name == "batch_size" else name)
    assert mine.folder == "cohort_brain_2d"
    assert other.folder.startswith("cohort_brain_2d_") and other.folder != mine.folder


@pytest.mark.parametrize(
    "values",
    [
        {"output_dir": "elsewhere"}, {"cache_dir": "elsewhere"}, {"device": "cuda"}, {"silent": True},
        {"resume": False},
        {"cache_rate": 0.5}, {"val_interval": 3}, {"dataset_dir": "/moved/cohort"}, {"refinement_steps": 3},
        {"labels_of_nobody": [1]},
    ],
)  # fmt: skip
def test_settings_that_do_not(values: dict[str, Any]) -> None:
    mine, other = identity(config_of("brain_2d")), identity(config_of("brain_2d", **values))
    assert mine.values == other.values and mine.folder == other.folder


def test_an_evaluation_finds_the_folder_of_its_training() -> None:
    training = config_of("brain_2d", "quick", affine=True)
    overlay = merged([CONFIGS / "train.yaml", CONFIGS / "schedules" / "quick.yaml", CONFIGS / "evaluate.yaml"])
    evaluation = {**overlay, "bundle_root": str(BUNDLE), "affine": True, "evaluation_pairing": "atlas"}
    assert identity(training).folder == identity(evaluation).folder


def test_epochs_count_along_a_cosine_only() -> None:
    constant = {"final_learning_rate": "@learning_rate"}
    assert identity(config_of("paper", "paper")).values == identity(config_of("paper", "paper", max_epochs=9)).values
    mine, other = (identity(config_of("brain_2d", max_epochs=n, **constant)) for n in (2, 9))
    assert mine.values == other.values


def test_processes_count_by_the_pairs_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    several = merged([CONFIGS / "train.yaml", CONFIGS / "multi_gpu_train.yaml"])
    one = identity(config_of("brain_2d"))
    monkeypatch.setattr("ignite.distributed.get_world_size", lambda: 2)
    two = identity({**several, "bundle_root": str(BUNDLE), "batch_size": 4})
    assert two.values == one.values and two.folder == one.folder == "cohort_brain_2d"
    assert identity({**several, "bundle_root": str(BUNDLE)}).folder != one.folder


def test_folders_are_named_after_method_and_schedule() -> None:
    assert identity(config_of("paper", "paper")).folder == "cohort_paper_paper"
    assert identity(config_of("brain_2d", "quick")).folder == "cohort_brain_2d_quick"
    assert identity(config_of("paper", "paper", "quick")).folder.startswith("cohort_paper_quick_")


def test_weights_to_start_from_count_by_content(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    found = []
    for content in (b"first", b"second"):
        weights.write_bytes(content)
        found.append(identity(config_of("brain_2d", initial_weights=str(weights))).values)
    assert difference(*found) == ("weights to start from", *(each["weights to start from"] for each in found))
    assert found[1]["weights to start from"] == content_digest(weights)


def test_neutral_settings_have_a_reason() -> None:
    assert all(len(reason) > 5 for reason in NEUTRAL.values())


def test_references_are_followed_and_nothing_else() -> None:
    config = {
        "root": {"_target_": "a", "x": "@first", "y": ["$@second#part + 1", 3]},
        "first": "@third", "second": {"part": 5, "other": 6}, "third": 7, "unused": 8, "me@here": 9,
    }  # fmt: skip
    found = describe(config, ["root", "missing"], [])
    assert found == {
        "first": "@third", "root#_target_": "a", "root#x": "@first", "root#y#0": "$@second::part + 1", "root#y#1": "3",
        "second#part": "5", "third": "7",
    }  # fmt: skip
    assert describe(config, ["root"], ["second", "root#y#1"]).keys() == found.keys() - {"second#part", "root#y#1"}


def test_a_configuration_that_has_been_parsed_is_the_same() -> None:
    parser = ConfigParser(config_of("brain_2d", "quick"))
    before = identity(deepcopy(parser.config))
    parser.parse()
    after = identity(parser.config)
    assert after.values == before.values
    assert after.folder == "cohort_brain_2d_quick"


def test_circles_end() -> None:
    assert describe({"a": {"b": "@c"}, "c": {"d": "@a"}}, ["a"]) == {"a#b": "@c", "c#d": "@a"}


def test_digest_does_not_depend_on_order() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 2, "b": 1})
