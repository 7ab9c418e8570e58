"""The words of a command line become typed options, in any order; what is wrong is said in a sentence."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import pytest

from scripts.commands.docstrings import description_of, meanings_of, summary_of
from scripts.commands.main import VERBS
from scripts.commands.parsing import parse
from scripts.commands.verbs import Verb
from scripts.options import Count, OptionError, words_of
from support import assert_one_sentence


def paint(
    image: str,
    colour: str | None = None,
    *,
    output_dir: str,
    steps: Count = 3,
    wet: bool = True,
    sizes: list[int] | None = None,
) -> None:
    """Paint an image.

    It is painted over ``steps`` times.

    Args:
        image: what is painted
        colour: a colour; without it,
            its own
        output_dir: where it goes
        steps: how often, 100 % wet
        wet: whether it is
        sizes: of the brushes
    """


def gather(images: list[str], *, output_dir: str, **more: Any) -> None:
    """Gather images."""


PAINT, GATHER = Verb(paint), Verb(gather, ("inference.yaml",))
FULL = {"image": "a", "colour": "red", "output_dir": "out", "steps": 5}


def help_of(verb: Verb) -> str:
    """In one line."""
    with pytest.raises(SystemExit) as ended, redirect_stdout(io.StringIO()) as shown:
        parse(verb, ["--help"])
    assert ended.value.code == 0
    return " ".join(shown.getvalue().split())


@pytest.mark.parametrize(
    "line",
    [
        "a red -o out --steps 5",
        "-o out a --steps=5 red",
        "--image a --colour red --output_dir out --steps 5",
        "a --colour red --output-dir out --steps 5",
        "red --image a -o out --steps 5",
        "--steps 5 -o out -- a red",
    ],
)
def test_options_in_any_order_and_way(line: str) -> None:
    assert parse(PAINT, line.split()) == FULL


def test_kinds_of_the_signature() -> None:
    found = parse(PAINT, ["a", "-o", "1", "--wet", "FALSE", "--sizes", "[1, 2]"])
    assert found == {"image": "a", "output_dir": "1", "wet": False, "sizes": [1, 2]}


def test_several_words_for_one_list() -> None:
    assert parse(GATHER, ["a", "b", "-o", "out", "c"]) == {"images": ["a", "b", "c"], "output_dir": "out"}


def test_options_of_the_configuration_are_options() -> None:
    found = parse(GATHER, ["a", "-o", "out", "--refinement_steps", "3", "--ckpt-path", "b"])
    assert found["refinement_steps"] == "3" and found["ckpt_path"] == "b"


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("a -o out --step 5", "there is no option --step; the nearest is --steps."),
        ("a -o out --colur=5", "there is no option --colur; the nearest is --colour."),
        ("a --outptu_dir out", "there is no option --outptu_dir; the nearest is --output_dir."),
        ("a -o out -x", "there is no option --x; there are --colour, --image, --output_dir, --sizes, --steps, --wet."),
        ("a -o out --steps 0", "--steps is '0'; it must be a whole number of at least 1."),
        ("a -o out --wet maybe", "--wet is 'maybe'; it must be true or false."),
        ("a", "--output_dir is missing; give a text."),
        ("-o out", "--image is missing; give a text."),
        (
            "a red blue -o out",
            "'blue' is one word too many; options begin with --, see python -m scripts paint --help.",
        ),
        ("a -o", "-o/--output_dir: expected one argument; python -m scripts paint --help lists the options."),
        ("a -o out --steps", "--steps: expected one argument; python -m scripts paint --help lists the options."),
    ],
)
def test_what_is_wrong_is_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(PAINT, line.split())
    assert str(caught.value) == sentence
    assert_one_sentence(sentence)


def test_docstrings_say_what_options_mean() -> None:
    assert summary_of(paint) == "Paint an image."
    assert description_of(paint) == "Paint an image.\n\nIt is painted over ``steps`` times."
    assert meanings_of(paint)["colour"] == "a colour; without it, its own"
    assert set(meanings_of(paint)) == set(PAINT.options)
    assert meanings_of(gather) == {}


def test_the_help_shows_kinds_and_defaults() -> None:
    text = help_of(PAINT)
    assert text.startswith("usage: python -m scripts paint IMAGE [COLOUR] -o OUTPUT_DIR [--OPTION VALUE ...] Paint an")
    assert "--steps STEPS how often, 100 % wet (a whole number of at least 1; default: 3)" in text
    assert "--wet true|false whether it is (default: true)" in text
    assert "--colour COLOUR a colour; without it, its own (default: none)" in text


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_the_help_of_a_verb_is_complete(verb: Verb) -> None:
    text = help_of(verb)
    for name, option in verb.options.items():
        assert f"--{name} " in text
        assert not option.own or option.meaning
        if isinstance(option.default, bool | int | float):
            assert f"default: {str(option.default).lower()}" in text
    assert set(meanings_of(verb.function)) - set(verb.options) <= {"more"}


def test_the_help_shows_what_the_configuration_has() -> None:
    assert "weight of the smoothness in them, whatever the spacing" in help_of(VERBS["register"])
    assert "(a whole number of at least 1; default: 300)" in help_of(VERBS["train"])
    assert "--num_figures" in help_of(VERBS["evaluate"]) and "--num_figures" not in help_of(VERBS["train"])


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_every_default_of_a_verb_is_of_its_kind(verb: Verb) -> None:
    for option in verb.options.values():
        if option.own and not option.is_needed and not isinstance(option.default, str | None):
            assert words_of(option.kind) and parse_one(verb, option.name, option.default) == option.default


@pytest.mark.parametrize("piece", ["loss", "train", "preprocessing", "run"])
def test_pieces_of_a_configuration_are_no_options(piece: str) -> None:
    with pytest.raises(OptionError, match=f"there is no option --{piece}"):
        parse(VERBS["train"], [f"--{piece}", "x"])


def parse_one(verb: Verb, name: str, value: object) -> object:
    """The value of an option given as text, beside those that are needed."""
    needed = [part for each in verb.options.values() if each.is_needed for part in (f"--{each.name}", "x")]
    return parse(verb, [*needed, f"--{name}", str(value)])[name]
