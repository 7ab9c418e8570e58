"""A verb of the command line: a function, and the files whose options it takes besides its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..configuration import config_files, read_meanings, read_options
from ..configuration.kinds import KINDS, kind_of
from ..options import options_of, takes_any
from .docstrings import meanings_of

NO_OPTIONS = ("method", "schedule")  # of a file: they are its name


@dataclass(frozen=True)
class Option:
    """An option of a verb.

    Attributes:
        name: as it is typed, after ``--``.
        kind: what it takes, an annotation.
        meaning: in one line.
        default: what holds without it; ``inspect.Parameter.empty`` where it is needed.
        positional: whether it may stand without its name.
        own: of the function; else of the configuration.
    """

    name: str
    kind: Any
    meaning: str
    default: Any
    positional: bool = False
    own: bool = True

    @property
    def is_needed(self) -> bool:
        """Whether the verb cannot do without it."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Verb:
    """What a user can ask for.

    Attributes:
        function: does it; its signature and docstring define the options.
        files: of ``configs``, whose values hold where an option is ``None``; with ``**more`` they are options.
    """

    function: Callable[..., Any]
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As it is typed."""
        return self.function.__name__

    @cached_property
    def options(self) -> dict[str, Option]:
        """Name to option, those of the function first."""
        files = config_files(*self.files) if self.files else []
        config = read_options(files)
        own = self._own(config)
        return {**self._of_files(config, read_meanings(files)), **own} if takes_any(self.function) else own

    def _own(self, config: Mapping[str, Any]) -> dict[str, Option]:
        meanings = meanings_of(self.function)
        return {
            name: Option(
                name,
                each.annotation,
                meanings.get(name, ""),
                config.get(name) if each.default is None and name not in NO_OPTIONS else each.default,
                each.kind is not each.KEYWORD_ONLY,
            )
            for name, each in options_of(self.function).items()
        }

    def _of_files(self, config: Mapping[str, Any], meanings: Mapping[str, str]) -> dict[str, Option]:
        """Those at the top of the files that are values, not pieces: of which a kind or a meaning is known."""
        return {
            name: Option(name, kind_of(name, config), meanings.get(name, ""), default, own=False)
            for name, default in config.items()
            if name not in NO_OPTIONS and (name in KINDS or meanings.get(name))
        }
