"""What a kind of option takes, in the words of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

SIMPLE: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    NoneType: "null",
}


def is_sequence(kind: Any) -> bool:
    """Whether a kind is a list, a tuple or the like, not text."""
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and issubclass(origin, Sequence) and origin not in (str, bytes)


def is_fixed_tuple(kind: Any) -> bool:
    """Whether a kind is a tuple that gives each of its parts a kind."""
    return get_origin(kind) is tuple and Ellipsis not in get_args(kind)


def words_of(kind: Any) -> str:
    """What a kind takes: ``a whole number of at least 1 or null``."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _bounded(kind)
    if origin in (Union, UnionType):
        return _either([words_of(part) for part in sorted(get_args(kind), key=lambda each: each is NoneType)])
    if origin is Literal:
        return _either([str(each) for each in get_args(kind)])
    if is_fixed_tuple(kind):
        return f"a list of {' and '.join(words_of(part) for part in get_args(kind))}"
    if is_sequence(kind):
        return f"a list of {_plural(words_of(get_args(kind)[0]) if get_args(kind) else 'a value')}"
    return SIMPLE.get(kind, "a value")


def _bounded(kind: Any) -> str:
    bounds = " and ".join(bound.words for bound in kind.__metadata__ if hasattr(bound, "words"))
    return f"{words_of(get_args(kind)[0])} {bounds}".strip().replace(" ,", ",")


def _either(parts: list[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _plural(words: str) -> str:
    """``whole numbers of at least 1`` of ``a whole number of at least 1``."""
    for one in ("a whole number", "a number", "a text", "a value"):
        if words.startswith(one):
            return f"{one.removeprefix('a ')}s{words.removeprefix(one)}"
    return words
