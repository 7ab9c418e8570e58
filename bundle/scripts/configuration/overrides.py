"""Options of a configuration as a user changes them: known, of their kind, and plain text where they are text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..options import OptionError, convert, unknown_option
from .kinds import MADE, is_expression, kind_like, kind_of

SEPARATORS = ("#", "::")  # of the names in a nested key
NAMES_OF_FILES = {"method": "methods", "schedule": "schedules"}  # whose option is their name, not their content


def typed_overrides(
    config: Mapping[str, Any], overrides: Mapping[str, Any], allowed: Iterable[str] = (), expressions: bool = True
) -> dict[str, Any]:
    """What a configuration is given instead of its own values.

    Args:
        config: of the files, before anything is changed.
        overrides: key to value: text, what ``fire`` made of it, or Python values. A nested key (``a#b``) has the kind
            of what stands there; whether it exists is MONAI's to say.
        allowed: further keys, which the files need not have.
        expressions: whether text that begins as MONAI's expressions, references and macros do is one.

    Returns:
        The same keys, each value of its kind.

    Raises:
        OptionError: if a key does not exist (the nearest is named) or its value is of another kind.
    """
    typed = {}
    for name, value in overrides.items():
        if name not in config and name not in allowed and not _is_nested(name):
            raise unknown_option(name, [key for key in config if not key.startswith("_")])
        if name in NAMES_OF_FILES and value != config.get(name):
            raise OptionError(
                f"--{name} changes nothing; name a file of configs/{NAMES_OF_FILES[name]} in --config_file."
            )
        same = _nested(config, name) if _is_nested(name) else config.get(name)
        kind = kind_like(same, config) if _is_nested(name) else kind_of(name, {name: None, **config})
        found = _typed(value, kind, name, expressions)
        typed[name] = same if found == same else found  # 0, where the file says so, not 0.0
    return _sized(typed, config)


def _typed(value: Any, kind: Any, name: str, expressions: bool) -> Any:
    if expressions and isinstance(value, str) and is_expression(value):
        return value
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str | int | float | list | tuple | dict | None):
        return value  # an object of a script, which knows what it does
    return plain(convert(value, kind, name), expressions)


def _is_nested(name: str) -> bool:
    return any(separator in name for separator in SEPARATORS)


def _nested(config: Any, name: str) -> Any:
    """What stands at a nested key; ``None`` where nothing does."""
    for part in name.replace(SEPARATORS[0], SEPARATORS[1]).split(SEPARATORS[1]):
        try:
            config = config[int(part) if isinstance(config, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return config


def _sized(typed: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The size on every axis: one number is every axis's; a method's own says nothing of another number of axes."""
    size, dims = typed.get("spatial_size"), typed.get("spatial_dims", config.get("spatial_dims"))
    if size is None and isinstance(dims, int) and dims != config.get("spatial_dims") and "spatial_size" in config:
        return {**typed, "spatial_size": [-1] * dims}
    if not isinstance(size, list) or not isinstance(dims, int):
        return typed
    if len(size) not in (1, dims):
        raise OptionError(
            f"--spatial_size is {size}; in {dims}-D it must be {dims} whole numbers, or one for all axes."
        )
    return {**typed, "spatial_size": size * dims if len(size) == 1 else size}


def plain(value: Any, expressions: bool = False) -> Any:
    """``value``, text in it written so that the configuration reads it as it is.

    A ``#`` would become ``::``, text that begins with ``$``, ``@`` or ``%`` would be looked up or evaluated, and what
    follows ``@::`` or ``%::`` taken for a place.

    Args:
        value: text, or lists and dictionaries of it.
        expressions: whether the latter is meant.
    """
    if isinstance(value, list | tuple):
        return type(value)(plain(each, expressions) for each in value)
    if isinstance(value, dict):
        return {key: plain(each, expressions) for key, each in value.items()}
    if not isinstance(value, str) or (expressions and is_expression(value)):
        return value
    if not any(sign in value for sign in (SEPARATORS[0], *MADE)):
        return value
    quoted = ascii(value)
    for sign in (SEPARATORS[0], *MADE):
        quoted = quoted.replace(sign, f"\\x{ord(sign):02x}")
    return f"${quoted}"
