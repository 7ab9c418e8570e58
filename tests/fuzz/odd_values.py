"""What an option may be given: words for its kind, at the edge of it and beyond, and files where it takes a text."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from scripts.options import OptionError, convert

WORDS = (
    "", " ", "abc", "-1", "0", "1", "2", "3", "2.5", "0.1", "1e400", "nan", "-inf", "1e30", "1e-30", "1" * 30, "1_0",
    "٣", "[1,2]", "[8,8]", "[4,4,4]", "[]", "[", "[[1]]", "[abc]", "[nan,1]", "{'a': 1}", "null", "None", "true",
    "False", "maybe", "auto", "../x", "a#b", "a::b", "x" * 300, "é☃", "-", "--x", "2\n3", "*", "**/*", "/", ".", "..",
    "~", "/dev/null/x", "/dev/full", "cpu", "cuda:99", "meta", "mps", "synthetic",
)  # fmt: skip
EXPRESSIONS = ("$1 / 0", "@nowhere", "%nowhere", "$")  # of monai.bundle's, where text is plain
LONG = 100  # steps, epochs, voxels: more of them are only waited for


def values_for(kind: Any, files: Sequence[str], expressions: bool) -> list[str]:
    """Texts to try for an option of a kind.

    Args:
        kind: its annotation.
        files: paths, for what takes a text.
        expressions: whether text that begins as expressions do is plain text.
    """
    texts = [*WORDS, *(EXPRESSIONS if expressions else ()), *choices_of(kind), *(files if takes_text(kind) else ())]
    return [text for text in texts if not only_takes_long(text, kind)]


def choices_of(kind: Any) -> list[str]:
    """The texts that a kind lists, wherever in it."""
    own = [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else []
    return own + [choice for part in parts_of(kind) for choice in choices_of(part)]


def takes_text(kind: Any) -> bool:
    """Whether any text is of the kind, or a list of them, or nothing is known of it."""
    return kind in (str, Any) or any(takes_text(part) for part in parts_of(kind))


def parts_of(kind: Any) -> tuple[Any, ...]:
    """The kinds that a kind is made of."""
    origin = get_origin(kind)
    if origin is Annotated:
        return get_args(kind)[:1]
    return get_args(kind) if origin in (Union, UnionType, list, tuple) else ()


def only_takes_long(text: str, kind: Any) -> bool:
    """Whether a text is a count that the kind takes and nobody waits for."""
    try:
        found = convert(text, kind, "")
    except OptionError:
        return False
    return isinstance(found, int) and found > LONG
