"""A function's annotations are its options: its arguments checked before it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from .convert import convert
from .names import OptionError, unknown_option
from .words import words_of

P = ParamSpec("P")
R = TypeVar("R")
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def options_of(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function that have names, their annotations resolved."""
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    return {
        name: parameter.replace(annotation=hints.get(name, Any))
        for name, parameter in parameters.items()
        if parameter.kind not in VARIADIC
    }


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether a function takes further options, ``**more``."""
    return any(each.kind is each.VAR_KEYWORD for each in inspect.signature(function).parameters.values())


def typed_arguments(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` made what the annotations of ``function`` say.

    Args:
        function: whose parameters are the options; those of ``**more`` stay as they are.
        values: option to value, as text or as Python values.

    Raises:
        OptionError: if an option is unknown (the nearest is named), of a wrong kind, or a needed one is missing.
    """
    options = options_of(function)
    if not takes_any(function):
        for name in values:
            if name not in options:
                raise unknown_option(name, options)
    for name, option in options.items():
        if name not in values and option.default is option.empty:
            raise OptionError(f"--{name} is missing; give {words_of(option.annotation)}.")
    return {
        name: convert(value, options[name].annotation, name) if name in options else value
        for name, value in values.items()
    }


def typed(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with its arguments checked and made what its annotations say before every call.

    Raises:
        OptionError: from the call, see :func:`typed_arguments`.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        named = dict(zip(options_of(function), args, strict=False))
        if len(named) < len(args) or named.keys() & kwargs.keys():
            return function(*args, **kwargs)  # a wrong call, of which Python says so
        return function(**typed_arguments(function, {**named, **kwargs}))  # type: ignore[call-arg]

    return checked
