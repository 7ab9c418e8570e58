"""Methods as files: one set of keys, and copies that are written, not kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from monai.bundle import ConfigParser

from scripts.configuration.methods import COPIES, method_file, method_lines, with_method, write_copies
from scripts.errors import InputError
from scripts.options import OptionError
from scripts.registration import configured
from support import BUNDLE, assert_one_sentence

CONFIGS = BUNDLE / "configs"
NAMES = sorted(path.stem for path in (CONFIGS / "methods").glob("*.yaml"))


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A copy of the bundle's configurations."""
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_what_the_verb_writes(name: str) -> None:
    text = (CONFIGS / name).read_bytes().decode()
    assert with_method(text, CONFIGS) == text
    assert "\nloss:\n" in text and "\nnetwork_def:\n" in text


def test_every_method_has_the_same_keys() -> None:
    """One for other data than pairs of subjects also changes how these are read, further down in train.yaml."""
    keys = {name: set(ConfigParser.load_config_file(str(method_file(CONFIGS, name)))) for name in NAMES}
    of_data = {key for key in ConfigParser.load_config_file(str(CONFIGS / "train.yaml")) if key not in keys["brain_2d"]}
    assert len(keys) >= 2
    for found in keys.values():
        assert found >= keys["brain_2d"]
        assert {key.partition("#")[0] for key in found - keys["brain_2d"]} <= of_data


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "holds no configuration"),
        ("[1, 2]", "holds no configuration"),
        ("a: [1", "cannot be read as a configuration"),
        ("method: !!python/object/apply:os.getcwd []", "cannot be read as a configuration"),
        ("method: mine\nsmoothness: 1\n", "has no refinement"),
        ("method: mine\nrefinement_steps: many\n", "refinement_steps is 'many'; it must be a whole number"),
    ],
)
def test_a_file_that_is_no_method(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(OptionError, match=words) as caught:
        configured(str(path))
    assert_one_sentence(str(caught.value), str(path))


@pytest.mark.parametrize("name", NAMES)
def test_a_method_is_named_after_its_file(name: str) -> None:
    assert ConfigParser.load_config_file(str(method_file(CONFIGS, name)))["method"] == name


def test_methods_say_nothing_of_the_schedule() -> None:
    schedule = {"max_epochs", "learning_rate", "final_learning_rate", "batch_size", "pairing", "augment", "schedule"}
    for name in NAMES:
        assert not schedule & set(ConfigParser.load_config_file(str(method_file(CONFIGS, name))))


def test_the_paper_reads_as_the_paper() -> None:
    method = ConfigParser.load_config_file(str(method_file(CONFIGS, "paper")))
    assert method["smoothness"] == 0.01 and method["dense"] and method["attention"]
    assert {name: term["weight"] for name, term in method["loss"].items() if name != "_target_"} == {
        "mse": 1,
        "diffusion": "@smoothness",
    }
    schedule = ConfigParser.load_config_file(str(CONFIGS / "schedules" / "paper.yaml"))
    stated = {"learning_rate": 1e-4, "batch_size": 8, "max_epochs": 2000, "pairing": "atlas", "augment": None}
    assert {key: schedule[key] for key in stated} == stated


def test_a_change_of_the_method_reaches_the_copies(configs: Path) -> None:
    assert write_copies(configs) == []
    path = configs / "methods" / "brain_2d.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("smoothness: 1.5", "smoothness: 2.5"), encoding="utf-8")
    assert write_copies(configs) == [configs / name for name in COPIES]
    assert all(ConfigParser.load_config_file(str(configs / name))["smoothness"] == 2.5 for name in COPIES)
    assert write_copies(configs) == []


def test_a_copy_of_another_method(configs: Path) -> None:
    text = (configs / "inference.yaml").read_text(encoding="utf-8")
    text = with_method(text.replace("methods/brain_2d.yaml", "methods/paper.yaml"), configs)
    (configs / "other.yaml").write_text(text, encoding="utf-8")
    other = ConfigParser.load_config_file(str(configs / "other.yaml"))
    assert other["method"] == "paper" and other["smoothness"] == 0.01
    assert with_method(text, configs) == text


def test_an_unknown_method_names_the_nearest(configs: Path) -> None:
    with pytest.raises(InputError, match=r"no method 'papper'; the nearest is paper"):
        method_file(configs, "papper")


def test_a_method_needs_its_name(tmp_path: Path) -> None:
    path = tmp_path / "nameless.yaml"
    path.write_text("loss: 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no method"):
        method_lines(path)
