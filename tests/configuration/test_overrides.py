"""What a user changes in a configuration is refused or of the right kind before anything is made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import monai.bundle
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from monai.bundle import ConfigParser, ConfigWorkflow

from scripts.configuration import (
    check_overrides,
    config_files,
    plain,
    read_meanings,
    read_options,
    running_config,
    typed_overrides,
)
from scripts.configuration.files import CONFIGS
from scripts.configuration.kinds import KINDS, kind_of
from scripts.configuration.running import as_typed_in
from scripts.errors import find_input_error
from scripts.options import OptionError, convert
from support import Run, assert_one_sentence

FILES = sorted(path for path in CONFIGS.rglob("*.yaml"))
STANDING = ["train.yaml", "inference.yaml"]
SMALL = {
    "flag": True,
    "count": 3,
    "rate": 0.5,
    "whole": 0,
    "name": "abc",
    "sizes": [1, 2],
    "nothing": None,
    "same": "@count",
    "made": "$1 + 1",
    "part": {"_target_": "builtins.dict", "inner": False, "rest": [1, 2], "same": "@count"},
    "parts": ["@part", "$1 + 1"],
}
MADE = "a value that a configuration makes: a component or an expression"
LIST = "a list of values that a configuration makes: a component or an expression, more than 0 of them"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_value_of_the_files_is_of_its_own_kind(path: Path) -> None:
    """So that a kind cannot refuse what is the default."""
    config = {**read_options([str(CONFIGS / "train.yaml")]), **read_options([str(path)])}
    for name, value in config.items():
        if not (isinstance(value, str) and value[:1] in ("$", "@", "%")):
            assert convert(value, kind_of(name, config), name) in (value, [value]), name


def test_no_kind_is_of_an_option_that_no_file_has() -> None:
    names = {name for path in FILES for name in read_options([str(path)])}
    assert set(KINDS) - names == set()


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("flag", "false", False),
        ("flag", "TRUE", True),
        ("count", "5", 5),
        ("rate", "1e-3", 0.001),
        ("rate", 1, 1.0),
        ("name", 2024, "2024"),
        ("sizes", "[160,192]", [160, 192]),
        ("sizes", 5, [5]),
        ("nothing", "x", "x"),
        ("same", "7", 7),
        ("made", "$2", "$2"),
        ("count", "@same", "@same"),
        ("flag", "$not False", "$not False"),
        ("part", "%other.yaml::part", "%other.yaml::part"),
        ("part", {"_target_": "builtins.list"}, {"_target_": "builtins.list"}),
        ("parts", "[@part]", ["@part"]),
        ("part#same", "7", 7),
        ("part#inner", "true", True),
        ("part::inner", "False", False),
        ("part#rest#0", "4", 4),
        ("part#other", "x", "x"),
        ("rate", "0.5", 0.5),
        ("whole", "0", 0),
        ("whole", "1", 1),
        ("name", "a#b", "$'a\\x23b'"),
    ],
)
def test_an_option_becomes_what_stands_in_the_file(name: str, text: object, value: object) -> None:
    found = typed_overrides(SMALL, {name: text})[name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("flag", "maybe", "true or false"),
        ("count", 2.5, "a whole number"),
        ("rate", "nan", "a number"),
        ("name", "", "a text"),
        ("name", True, "a text"),
        ("sizes", "[1,x]", "a list of whole numbers"),
        ("same", "many", "a whole number"),
        ("part#inner", "maybe", "true or false"),
        ("part", "abc", MADE),
        ("part", None, MADE),
        ("part", {"a": 1}, MADE),
        ("made", "anything", MADE),
        ("parts", "[1,2]", LIST),
        ("parts", [], LIST),
        ("parts", "null", LIST),
        ("parts", {"a": 1}, LIST),
        ("name", {"a": 1}, "a text"),
        ("part#same", "many", "a whole number"),
    ],
)
def test_another_kind_is_refused(name: str, value: object, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        typed_overrides(SMALL, {name: value})
    assert str(caught.value) == f"--{name} is {value!r}; it must be {words}."


@pytest.mark.parametrize("file", STANDING)
@pytest.mark.parametrize(
    "name, value",
    [
        ("spatial_dims", "4"),
        ("spatial_dims", "two"),
        ("spatial_size", "[160,192,160,3]"),
        ("spatial_size", "[0,192]"),
        ("channels", "[16]"),
        ("channels", "[16,0]"),
        ("precision", "float99"),
        ("passes", "0"),
        ("attention", "maybe"),
        ("dense", "1"),
        ("device", "cuda:7"),
        ("device", "gpu"),
        ("output_dir", ""),
        ("dataset_dir", True),
    ],
)
def test_values_that_no_run_can_have(file: str, name: str, value: object) -> None:
    with pytest.raises(OptionError) as caught:
        typed_overrides(read_options([str(CONFIGS / file)]), {name: value})
    assert_one_sentence(str(caught.value))
    assert str(caught.value).startswith(f"--{name} is ")


@pytest.mark.parametrize(
    "name, values",
    {
        "max_epochs": [0, -1, "ten", 2.5],
        "batch_size": [0, -1, "x"],
        "learning_rate": [-1, "fast", "inf"],
        "final_learning_rate": [-1],
        "val_interval": [0],
        "seed": ["abc", -1, 2**32],
        "synthetic_size": ["big", "[0,1]"],
        "pairing": ["foo"],
        "labels": ["['a']", "some", 2.5],
        "cache_rate": [2, -0.1],
    }.items(),
)
def test_values_that_no_training_can_have(name: str, values: list[object]) -> None:
    config = read_options([str(CONFIGS / "train.yaml")])
    for value in values:
        with pytest.raises(OptionError, match=f"^--{name} is "):
            typed_overrides(config, {name: value})


def test_the_files_own_value_stays_as_the_file_has_it() -> None:
    """So that giving it makes no other run."""
    found = typed_overrides({"final_learning_rate": 0}, {"final_learning_rate": "0.0"})["final_learning_rate"]
    assert found == 0 and type(found) is int
    assert typed_overrides({"final_learning_rate": 0}, {"final_learning_rate": "1e-5"})["final_learning_rate"] == 1e-5


def test_one_size_is_that_of_all_axes() -> None:
    config = {"spatial_dims": 2, "spatial_size": [1, 1]}
    assert typed_overrides(config, {"spatial_size": 160}) == {"spatial_size": [160, 160]}
    assert typed_overrides(config, {"spatial_size": "-1", "spatial_dims": 3})["spatial_size"] == [-1, -1, -1]
    with pytest.raises(OptionError, match="in 3-D it must be 3 whole numbers"):
        typed_overrides(config, {"spatial_size": "[8,8]", "spatial_dims": "3"})


@pytest.mark.parametrize("wrong, right", [("refinement_step", "refinement_steps"), ("Flag", "flag"), ("rats", "rate")])
def test_an_unknown_option_is_refused_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(OptionError) as caught:
        typed_overrides({**SMALL, "refinement_steps": 0}, {wrong: 1})
    assert str(caught.value) == f"there is no option --{wrong}; the nearest is --{right}."


def test_the_name_of_a_method_is_no_option() -> None:
    config = {"method": "brain"}
    assert typed_overrides(config, {"method": "brain"}) == config
    with pytest.raises(OptionError, match="name a file of configs/methods in --config_file"):
        typed_overrides(config, {"method": "paper"})


def test_objects_of_a_script_pass() -> None:
    handler = object()
    assert typed_overrides(SMALL, {"count": handler, "name": Path("a/b")}) == {"count": handler, "name": "a/b"}


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1))
@example("a@::b")
@example("a%::::b")
@example("a::b")
def test_plain_text_is_read_as_it_is(text: str) -> None:
    parser = ConfigParser({"a": plain(text), "b": plain([{"image": text}])})
    assert parser.get_parsed_content("a") == text
    assert parser.get_parsed_content("b") == [{"image": text}]


@pytest.mark.parametrize("is_text", [True, False])
def test_text_that_fire_has_cut(is_text: bool) -> None:
    assert as_typed_in("fixed", "a", ["run", "--fixed", "a#b.nii"], is_text) == "a#b.nii"
    assert as_typed_in("fixed", "a", ["run", "--fixed=a#b.nii"], is_text) == "a#b.nii"
    assert as_typed_in("fixed", "a", ["run", "--fixed", "a", "--moving", "b#c"], is_text) == "a"


@pytest.mark.parametrize("typed, value", [("1e3", 1000.0), ("0x10", 16), ("[1]", [1]), ("'a'", "a"), ("None", None)])
def test_names_that_fire_takes_for_literals(typed: str, value: object) -> None:
    """Where text is wanted they are what was typed; an option without a value is no text."""
    assert as_typed_in("output_dir", value, ["run", "--output_dir", typed], True) == typed
    assert as_typed_in("count", value, ["run", f"--count={typed}"], False) == value
    assert as_typed_in("output_dir", True, ["run", "--output_dir", "--count"], True) is True


def test_a_folder_named_like_a_number(config_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["monai.bundle", "run", "--name", "1e3", "--count", "1e1"])
    values, _ = run(config_file, name=1000.0, count=10.0)
    assert (values["name"], values["count"]) == ("1e3", 10)


@pytest.mark.parametrize("file", STANDING)
def test_the_files_say_what_their_options_mean(file: str) -> None:
    path = str(CONFIGS / file)
    meanings = read_meanings([path])
    options = read_options([path])
    assert set(meanings) <= set(options)
    lines = {name for name, value in options.items() if isinstance(value, str | int | float | bool)}
    assert lines <= set(meanings)
    assert meanings["precision"].startswith(("float32", "bfloat16"))


def test_files_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.configuration.files.CONFIGS", tmp_path)
    for name in ("methods/mine.yaml", "schedules/short.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    found = config_files("train.yaml", "evaluate.yaml", method="mine", schedule="short")
    assert [Path(path).name for path in found] == ["train.yaml", "mine.yaml", "short.yaml", "evaluate.yaml"]
    with pytest.raises(OptionError, match=r"^there is no method 'min'; the nearest is mine\.$"):
        config_files("train.yaml", method="min")


# ---- while a configuration runs -------------------------------------------------------------------------------------

SEEN: list[Any] = []


def see(**values: Any) -> None:
    """What a component was given, and what the configuration was while it was made."""
    SEEN.append((values, running_config()))


@pytest.fixture
def config_file(tmp_path: Path) -> str:
    """A configuration that looks at itself."""
    text = """
flag: true
count: 3
name: abc
twice: $2 * @count
seen:
  _target_: test_overrides.see
  flag: '@flag'
  count: '@count'
  name: '@name'
  twice: '@twice'
begun: $[@count, @flag]
initialize:
- '@begun'
- _target_: scripts.configuration.check_overrides
run:
- _target_: scripts.configuration.check_overrides
- '@seen'
"""
    path = tmp_path / "configs" / "small.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    SEEN.clear()
    return str(path)


def run(config_file: str, **overrides: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """As the command does, in this process."""
    monai.bundle.run(config_file=config_file, **overrides)
    ((values, config),) = SEEN
    return values, config


def test_options_of_a_run_have_their_kind_wherever_they_are_used(config_file: str) -> None:
    values, config = run(config_file, flag="false", count="4", name="a#b")
    assert values == {"flag": False, "count": 4, "name": "a#b", "twice": 8}
    assert {**config, "name": values["name"]}.items() >= {"flag": False, "count": 4, "twice": "$2 * @count"}.items()
    assert config["seen"]["flag"] == "@flag" and "_meta_" not in config


def test_options_of_an_arguments_file_are_checked_too(config_file: str, tmp_path: Path) -> None:
    file = tmp_path / "arguments.yaml"
    file.write_text(f"config_file: {config_file}\nflag: 'false'\n", encoding="utf-8")
    monai.bundle.run(args_file=str(file))
    assert SEEN[0][0]["flag"] is False
    file.write_text(f"config_file: {config_file}\nflagg: false\n", encoding="utf-8")
    with pytest.raises(RuntimeError) as caught:
        monai.bundle.run(args_file=str(file))
    assert "the nearest is --flag." in str(find_input_error(caught.value))
    assert len(SEEN) == 1


@pytest.mark.parametrize("wrong", [{"flag": "maybe"}, {"flga": True}, {"count": 2.5}])
def test_nothing_is_made_where_an_option_is_wrong(config_file: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError) as caught:
        run(config_file, **wrong)
    assert isinstance(find_input_error(caught.value), OptionError)
    assert SEEN == []


def test_options_of_a_tracker_are_known(config_file: str, tmp_path: Path) -> None:
    settings = tmp_path / "tracking.yaml"
    settings.write_text(
        "handlers_id: {}\nconfigs:\n  tracking_uri: x\n  save_execute_config: false\n", encoding="utf-8"
    )
    run(config_file, tracking=str(settings), tracking_uri="y", workflow_type="train")
    SEEN.clear()
    with pytest.raises(RuntimeError):
        run(config_file, tracking_uri="y")


def test_a_workflow_of_a_program_is_left_alone(config_file: str) -> None:
    workflow = ConfigWorkflow(config_file=config_file, logging_file=False, flag="text", further=1)
    workflow.initialize()
    workflow.run()
    ((values, config),) = SEEN
    assert values["flag"] == "text" and config["further"] == 1
    parser = ConfigParser(ConfigParser.load_config_file(config_file))
    parser.get_parsed_content("initialize")
    check_overrides()


def test_the_innermost_configuration_is_the_running_one(config_file: str) -> None:
    parser = ConfigParser({"outer": "$see_inner()"}, globals={"see_inner": "test_overrides.see_inner"})
    parser.globals["see_inner"] = lambda: ConfigParser(
        {"inner": {"_target_": "test_overrides.see", "x": 1}}
    ).get_parsed_content("inner")
    parser.get_parsed_content("outer")
    assert set(SEEN[-1][1]) == {"inner"}
    with pytest.raises(RuntimeError, match="no configuration"):
        running_config()


def test_a_copy_is_given(config_file: str) -> None:
    _, config = run(config_file)
    config["seen"]["flag"] = "changed"
    run_again = ConfigParser.load_config_file(config_file)
    assert run_again["seen"]["flag"] == "@flag"


ENTRIES = [["train.yaml", "run"], ["inference.yaml", "run"], ["train.yaml", "evaluate.yaml", "run"]]
ENTRIES += [["inference.yaml", "export.yaml", "export"]]


@pytest.mark.parametrize("names", ENTRIES, ids=" ".join)
def test_whatever_is_run_is_checked_first(names: list[str]) -> None:
    """In ``initialize``, which no import of the configuration's can fail, and where that is another, once more."""
    *files, entry = names
    config = read_options([str(CONFIGS / name) for name in files])
    run = config[config[entry][1:]] if isinstance(config[entry], str) else config[entry]
    assert config["initialize"][0] == {"_target_": "site.addsitedir", "sitedir": "@bundle_root"}
    assert config["initialize"][1] == run[0] == {"_target_": "scripts.configuration.check_overrides"}


PIECES = ["imports", "initialize", "seeded", "training", "run", "finalize", "network", "train"]
NO_PIECES = [(name, value) for name in PIECES for value in (3, None, "abc", {"a": 1})]
# MONAI takes initialize, where this is checked first, by itself.
NO_PIECES += [(name, sign) for name in PIECES if name != "initialize" for sign in "$@"]


@pytest.mark.parametrize(("name", "value"), NO_PIECES)
def test_pieces_are_replaced_by_pieces_alone(name: str, value: object) -> None:
    given = {"config_file": str(CONFIGS / "train.yaml"), "bundle_root": str(CONFIGS.parent)}
    with pytest.raises(RuntimeError) as caught:
        monai.bundle.run("training", **given, **{name: value or "null"})
    found = find_input_error(caught.value)
    assert isinstance(found, OptionError) and str(found).startswith(f"--{name} is ")


@pytest.mark.parametrize("value", ["[]", "unaligned_label", ["label"], ["image", "mask"]])
def test_of_a_subject_the_image_is_read_whatever_else(value: object) -> None:
    config = read_options([str(CONFIGS / "train.yaml")])
    with pytest.raises(OptionError, match="--subject_keys is"):
        typed_overrides(config, {"subject_keys": value})
    assert typed_overrides(config, {"subject_keys": "image"}) == {"subject_keys": ["image"]}


def test_a_sign_alone_is_text() -> None:
    """``$`` of no expression, ``@`` of no name."""
    config = read_options([str(CONFIGS / "train.yaml")])
    for sign in ("$", "@", "%"):
        parser = ConfigParser(typed_overrides(config, {"cache_dir": sign}))
        assert parser.get_parsed_content("cache_dir") == sign


@pytest.mark.parametrize("option", ["run_id", "init_id", "final_id"])
def test_an_entry_that_is_not_there(config_file: str, option: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        run(config_file, **{option: "runn"})
    assert str(find_input_error(caught.value)) == f"there is no entry 'runn' for --{option}; the nearest is run."
    assert SEEN == []


def test_an_option_that_is_named_as_a_verb() -> None:
    """Such as ``--points`` for ``--landmarks``; it would be run in the verb's place."""
    given = {"config_file": str(CONFIGS / "register.yaml"), "bundle_root": str(CONFIGS.parent)}
    for run_id, sentence in [
        ("points", "--points is 'P.csv'; it must be "),
        (None, "there is no entry 'run' for --run_id"),
    ]:
        with pytest.raises(RuntimeError) as caught:
            monai.bundle.run(run_id, **given, points="P.csv")
        assert sentence in str(find_input_error(caught.value))


@pytest.mark.parametrize("run_id", [None, "training"])
def test_training_is_checked_and_seeded(run_id: str | None, tmp_path: Path) -> None:
    """Before the first line of what is run, with the entry named or not."""
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "+imports: [$import test_overrides]\ntraining: [$test_overrides.SEEN.append(torch.initial_seed())]\n",
        encoding="utf-8",
    )
    given = {"config_file": [str(CONFIGS / "train.yaml"), str(overlay)], "bundle_root": str(CONFIGS.parent)}
    SEEN.clear()
    with pytest.raises(RuntimeError) as caught:
        monai.bundle.run(run_id, **given, max_epoch="7")
    assert "the nearest is --max_epochs." in str(find_input_error(caught.value)) and SEEN == []
    monai.bundle.run(run_id, **given, seed="7")
    assert SEEN == [7]


@pytest.mark.parametrize(
    "configs, verb, options, sentence",
    [
        (["train.yaml"], "training", {"max_epoch": 3}, "there is no option --max_epoch; the nearest is --max_epochs."),
        (["inference.yaml"], "run", {"dense": "maybe"}, "--dense is 'maybe'; it must be true or false."),
    ],
)
def test_the_command_ends_with_the_sentence(
    run_bundle: Run, tmp_path: Path, configs: list[str], verb: str, options: dict[str, object], sentence: str
) -> None:
    done = run_bundle(configs, verb, output_dir=tmp_path / "out", **options)
    assert done.returncode != 0
    (shown,) = [line for line in io.StringIO(done.stderr) if line.startswith("error: ")]
    assert sentence in shown
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()
