"""A value as the kind that an annotation says, or a sentence.

Values come as text (a command line), as what ``fire`` made of the text, or as Python values. A kind is one of ``bool``,
``int``, ``float``, ``str``, ``Literal``, a list or tuple of these, a union of these, ``None``, or ``Annotated`` with
bounds; as any other, a value passes as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from .names import OptionError
from .words import is_fixed_tuple, is_sequence, words_of

LONGEST_SHOWN = 60  # characters of a wrong value in a sentence


def convert(value: Any, kind: Any, name: str) -> Any:
    """``value`` as ``kind``.

    Args:
        value: text or a Python value.
        kind: an annotation, see the module.
        name: of the option, for the sentence.

    Raises:
        OptionError: if it cannot be that.
    """
    try:
        return _convert(value, kind)
    except (ValueError, TypeError, OverflowError):
        shown = repr(value) if len(repr(value)) <= LONGEST_SHOWN else f"{repr(value)[: LONGEST_SHOWN - 3]}..."
        raise OptionError(f"--{name} is {shown}; it must be {words_of(kind)}.") from None


def _convert(value: Any, kind: Any) -> Any:
    """``value`` as ``kind``; raises ValueError, TypeError or OverflowError where it is none."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _bounded(_convert(value, get_args(kind)[0]), kind.__metadata__)
    if origin in (Union, UnionType):
        return _as_one_of(value, get_args(kind))
    if origin is Literal:
        return _chosen(value, get_args(kind))
    if is_sequence(kind):
        return _as_sequence(value, kind)
    return SIMPLE[kind](value) if kind in SIMPLE else value


def _bounded(value: Any, bounds: Sequence[Any]) -> Any:
    if not all(bound.holds(value) for bound in bounds if hasattr(bound, "holds")):
        raise ValueError(value)
    return value


def _as_one_of(value: Any, kinds: Sequence[Any]) -> Any:
    """As the first kind that takes it; text, which takes nearly all, is asked last, null first."""
    for kind in sorted(kinds, key=lambda each: (each is str, each is not NoneType)):
        try:
            return _convert(value, kind)
        except (ValueError, TypeError, OverflowError):
            continue
    raise ValueError(value)


def _chosen(value: Any, choices: Sequence[Any]) -> Any:
    for choice in choices:
        if (type(choice), choice) == (type(value), value) or str(choice) == value:
            return choice
    raise ValueError(value)


def _as_sequence(value: Any, kind: Any) -> list[Any] | tuple[Any, ...]:
    """The parts, each of its kind; a lone value is a list of one."""
    parts, kinds = _parts(value), get_args(kind) or (Any,)
    if is_fixed_tuple(kind):
        return tuple(_convert(part, each) for part, each in zip(parts, kinds, strict=True))
    converted = [_convert(part, kinds[0]) for part in parts]
    return tuple(converted) if (get_origin(kind) or kind) is tuple else converted


def _parts(value: Any) -> list[Any]:
    """Of a list, or of text such as ``[160, 192]`` or ``160,192``."""
    if not isinstance(value, str):
        return list(value) if isinstance(value, Sequence) else [value]
    text = value.strip()
    if text[:1] + text[-1:] in ("[]", "()"):
        text = text[1:-1]
    elif text[:1] in ("[", "(") or text[-1:] in ("]", ")"):
        raise ValueError(value)
    return [part.strip().strip("'\"") for part in text.split(",")] if text.strip() else []


def _as_bool(value: Any) -> bool:
    flags = {"true": True, "false": False}
    text = str(value).strip().lower() if isinstance(value, bool | str) else ""
    return flags[text] if text in flags else _refuse(value)


def _as_int(value: Any) -> int:
    """Of ``5``, ``"5"`` and ``"1e3"``; not of true, nor of ``2.5``."""
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    if isinstance(value, Integral):
        return int(_not_bool(value))
    number = _as_float(value)
    return int(number) if number.is_integer() else _refuse(value)


def _as_float(value: Any) -> float:
    number = float(_not_bool(value))
    return number if math.isfinite(number) else _refuse(value)


def _as_text(value: Any) -> str:
    """Text, also a path or a number that ``fire`` read in it; not empty, without the NUL that no file name may hold.

    The bytes of a name that are no text are refused: UnicodeEncodeError is a ValueError.
    """
    text = str(_not_bool(value)) if isinstance(value, str | Real | PurePath) else ""
    text.encode()
    return text if text.strip() and "\0" not in text else _refuse(value)


def _as_none(value: Any) -> None:
    if value is not None and str(value).strip().lower() not in ("null", "none"):
        _refuse(value)


def _not_bool(value: Any) -> Any:
    return _refuse(value) if isinstance(value, bool) else value


def _refuse(value: Any) -> Any:
    raise ValueError(value)


SIMPLE: dict[Any, Callable[[Any], Any]] = {
    bool: _as_bool,
    int: _as_int,
    float: _as_float,
    str: _as_text,
    NoneType: _as_none,
}
