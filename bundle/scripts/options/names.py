"""Names that do not exist, and the nearest ones that do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from ..errors import InputError

NEAR = 0.6  # difflib's likeness, 0 to 1


class OptionError(InputError):
    """An option that does not exist, or that has a value it cannot have."""


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Words that name the nearest of ``known``, or all of them where none is near.

    Args:
        name: what was given.
        known: what exists.
        prefix: put before what is named, such as ``--``.
    """
    folded = {each.lower(): each for each in sorted(known, reverse=True)}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=NEAR)
    if close:
        return f"the nearest is {prefix}{folded[close[0]]}"
    return f"there are {', '.join(prefix + each for each in sorted(folded.values()))}" if folded else "there is none"


def unknown_option(name: str, known: Iterable[str]) -> OptionError:
    """The sentence for an option that does not exist."""
    return OptionError(f"there is no option --{name}; {nearest(name, known, '--')}.")
