"""Every value an option can have comes out as its kind, whatever way it came in; every other one is a sentence."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import InputError
from scripts.options import (
    Count,
    Number,
    OptionError,
    Positive,
    Share,
    above,
    at_least,
    at_most,
    convert,
    longer_than,
    nearest,
    typed,
    typed_arguments,
    words_of,
)
from support import assert_one_sentence

finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.one_of(st.text(), st.integers(), finite, st.booleans(), st.none(), st.lists(st.text()))
KINDS: list[Any] = [
    bool,
    int,
    float,
    Count,
    Share,
    Positive | None,
    Literal["auto", "float32"],
    Literal[2, 3],
    list[int],
    tuple[int, ...],
    tuple[int, float],
    list[Positive],
    int | list[int],
    bool | None,
]


def refused(value: object, kind: Any) -> str:
    """The sentence."""
    with pytest.raises(OptionError) as caught:
        convert(value, kind, "some_option")
    message = str(caught.value)
    assert_one_sentence(message)
    assert message.startswith("--some_option is ")
    return message


@given(st.integers())
def test_a_whole_number_and_its_text_are_the_same(value: int) -> None:
    for form in (value, str(value), f" {value} "):
        got = convert(form, int, "n")
        assert got == value and type(got) is int


@given(finite)
def test_a_number_and_its_text_are_the_same(value: float) -> None:
    assert convert(value, float, "x") == convert(str(value), float, "x") == value
    assert type(convert(value, float, "x")) is float


@given(st.lists(st.integers()), st.sampled_from([list[int], tuple[int, ...]]))
def test_a_list_and_its_text_are_the_same(values: list[int], kind: Any) -> None:
    expected = tuple(values) if kind == tuple[int, ...] else values
    bare = str(values)[1:-1]
    for form in (values, tuple(values), str(values), *([bare] if bare else [])):
        assert convert(form, kind, "size") == expected


@given(anything, st.sampled_from(KINDS))
def test_whatever_comes_is_of_its_kind_or_a_sentence(value: object, kind: Any) -> None:
    """And what came out goes in again unchanged."""
    try:
        got = convert(value, kind, "some_option")
    except InputError as error:
        assert str(error).startswith("--some_option is ") and str(error).endswith(f"it must be {words_of(kind)}.")
        assert "\n" not in str(error)
    else:
        assert convert(got, kind, "some_option") == got


@pytest.mark.parametrize("text", ["true", "True", "TRUE", " true ", True])
def test_true(text: object) -> None:
    assert convert(text, bool, "resume") is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE", False])
def test_false(text: object) -> None:
    assert convert(text, bool, "resume") is False


@pytest.mark.parametrize("value", ["maybe", "", "1", 1, 0, None, "yes", 1.0, [], "truefalse"])
def test_all_else_is_neither(value: object) -> None:
    assert refused(value, bool).endswith("it must be true or false.")


@pytest.mark.parametrize("value", ["2.5", 2.5, "ten", "", True, None, "nan", "inf", "1e400", [1], "0x10"])
def test_no_whole_number(value: object) -> None:
    assert refused(value, int).endswith("it must be a whole number.")


def test_a_whole_number_written_as_a_power() -> None:
    assert convert("1e3", int, "n") == convert(1000.0, int, "n") == 1000


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e400", 10**400, float("nan"), True, "", "1,5", None])
def test_no_number(value: object) -> None:
    assert refused(value, float).endswith("it must be a number.")


@pytest.mark.parametrize("value", ["null", "None", "none", None])
def test_null(value: object) -> None:
    assert convert(value, Positive | None, "spacing") is None
    assert convert(value, str | None, "atlas") is None
    refused(value, Positive)


@pytest.mark.parametrize(
    "kind, right, wrong, words",
    [
        (Count, [1, "7"], [0, "-1", 2.5], "a whole number of at least 1"),
        (Number, [0, "7"], [-1, "-1"], "a whole number of at least 0"),
        (Positive, [1e-9, "3"], [0, "-1", "nan"], "a number above 0"),
        (Share, [0, 1, "0.5"], [-0.1, "2"], "a number of at least 0 and of at most 1"),
        (Annotated[int, above(2), at_most(4)], [3, "4"], [2, 5], "a whole number above 2 and of at most 4"),
        (Positive | None, ["2", None], [0, "x"], "a number above 0 or null"),
        (list[Count], ["[1,2]", [3]], ["[1,0]", "1,x"], "a list of whole numbers of at least 1"),
        (Annotated[list[int], longer_than(1)], ["1,2"], [3, "[]"], "a list of whole numbers, more than 1 of them"),
        (tuple[int, float], [(1, 2.5), "1,2"], ["1", "1,2,3"], "a list of a whole number and a number"),
        (Literal["auto", "float32"], ["auto"], ["Auto", "float99", 1], "auto or float32"),
        (Literal[2, 3], [2, "3"], [True, "4", "two", 2.5], "2 or 3"),
        (int | list[int], [5, "5", "[1,2]"], ["x", "[1,x]"], "a whole number or a list of whole numbers"),
    ],
)
def test_bounds_and_choices(kind: Any, right: list[object], wrong: list[object], words: str) -> None:
    for value in right:
        convert(value, kind, "some_option")
    for value in wrong:
        assert refused(value, kind).endswith(f"it must be {words}.")


def test_a_union_takes_the_first_kind_that_fits_and_text_last() -> None:
    assert convert("5", str | int | None, "x") == 5
    assert convert("5", int | list[int], "x") == 5
    assert convert("5", list[int] | str, "x") == [5]
    assert convert("auto", str | list[int], "x") == "auto"
    assert convert("null", str | None, "x") is None


@pytest.mark.parametrize("value", ["", "  ", "a\0b", "a\udcff", True, None, ["a"]])
def test_no_text(value: object) -> None:
    refused(value, str)


def test_text_that_fire_took_for_a_number() -> None:
    assert convert(2024, str, "dataset_dir") == "2024"


def test_a_long_value_is_not_shown_whole() -> None:
    assert len(refused("x" * 1000, int)) < 150


def example(
    name: str, size: list[Count], rate: Annotated[float, above(0)] = 1.0, steps: Annotated[int, at_least(0)] = 0
) -> tuple[Any, ...]:
    """A function with options."""
    return name, size, rate, steps


def test_annotations_are_the_options() -> None:
    typed_values = {"name": "a", "size": [1, 2], "rate": 0.5, "steps": 3}
    assert typed_arguments(example, {"name": "a", "size": "1,2", "rate": "0.5", "steps": "3"}) == typed_values
    assert typed(example)("a", "1,2", steps="3") == ("a", [1, 2], 1.0, 3)  # type: ignore[arg-type]
    assert typed(example).__doc__ == example.__doc__


@pytest.mark.parametrize(
    "values, words",
    [
        ({"name": "a", "size": [1], "step": 1}, "there is no option --step; the nearest is --steps."),
        ({"name": "a", "size": [1], "STEPS": 1}, "there is no option --STEPS; the nearest is --steps."),
        ({"name": "a", "size": [1], "qq": 1}, "there is no option --qq; there are --name, --rate, --size, --steps."),
        ({"name": "a"}, "--size is missing; give a list of whole numbers of at least 1."),
        ({"name": "a", "size": [1], "steps": -1}, "--steps is -1; it must be a whole number of at least 0."),
    ],
)
def test_wrong_options_of_a_function(values: dict[str, Any], words: str) -> None:
    for call in (lambda: typed_arguments(example, values), lambda: typed(example)(**values)):
        with pytest.raises(OptionError) as caught:
            call()
        assert str(caught.value) == words


def test_a_call_that_python_refuses_is_refused_by_python() -> None:
    with pytest.raises(TypeError, match="positional"):
        typed(example)(1, 2, 3, 4, 5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values"):
        typed(example)("a", name="b", size=[1])  # type: ignore[misc]


def test_further_options_pass_as_they_are() -> None:
    def verb(*, steps: int, **more: object) -> None:
        """Takes anything."""

    assert typed_arguments(verb, {"steps": "2", "other": "x"}) == {"steps": 2, "other": "x"}


@given(st.text(alphabet="abcdefg_", min_size=3, max_size=12))
def test_the_nearest_of_names_is_one_of_them(name: str) -> None:
    known = ["max_epochs", "batch_size", "affine"]
    assert any(each in nearest(name, known) for each in known)
    assert nearest(name, [name, *known]).endswith(f" {name}")


@pytest.mark.parametrize("known", ["max_epochs", "instance_steps", "affine", "learning_rate", "spacing"])
def test_a_letter_too_few_or_swapped_is_found(known: str) -> None:
    others = ["max_epochs", "instance_steps", "affine", "learning_rate", "spacing", "batch_size", "fixed", "moving"]
    for k in range(1, len(known)):
        assert nearest(known[:k] + known[k + 1 :], others) == f"the nearest is {known}"
