"""What a type says beyond itself, in ``Annotated``, and the names of what is often needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal


@dataclass(frozen=True)
class Bound:
    """A condition on a value of the type.

    Attributes:
        words: how a sentence says it, after the type's own words.
        holds: whether a value keeps it.
    """

    words: str
    holds: Callable[[Any], bool]


def at_least(limit: float) -> Bound:
    """No less than ``limit``."""
    return Bound(f"of at least {limit}", lambda value: bool(value >= limit))


def at_most(limit: float) -> Bound:
    """No more than ``limit``."""
    return Bound(f"of at most {limit}", lambda value: bool(value <= limit))


def above(limit: float) -> Bound:
    """More than ``limit``."""
    return Bound(f"above {limit}", lambda value: bool(value > limit))


def longer_than(length: int) -> Bound:
    """Of a list, more than ``length`` parts."""
    return Bound(f", more than {length} of them", lambda value: len(value) > length)


Count = Annotated[int, at_least(1)]
Number = Annotated[int, at_least(0)]
Positive = Annotated[float, above(0)]
NotNegative = Annotated[float, at_least(0)]
Share = Annotated[float, at_least(0), at_most(1)]
Precision = Literal["float32", "bfloat16", "float16", "auto"]
Pairing = Literal["atlas", "random", "consecutive"]
Quality = Literal["fast", "default", "best"]
Affine = Literal["itk", "network", "both", "none"]  # how an affine map is found
File = Literal["warped", "warped_label", "transform", "field", "inverse_field", "jacobian", "figure"]  # of a result
