"""How numbers are written, in tables, figures, files and log lines: the only place that formats them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import SupportsFloat

Number = SupportsFloat | None  # a float, or an array of numpy's or torch's that holds one number

NOTHING = "-"  # where there is no number
LOSS = ".4g"  # of losses, whose scale nobody knows
MILLIMETRES = ".4g"  # of distances that may be tiny or large
TINY = ".2g"  # of what should be nothing, such as rounding errors
SHORT_DICE = ".3f"  # of a Dice in the title or the legend of a figure


@dataclass(frozen=True)
class Column:
    """How a measure is shown: its heading, a format, a factor to the unit of the heading, and which way is better.

    ``better`` is 1 where more is better, -1 where less is, 0 where the measure says nothing of the sort.
    """

    heading: str
    form: str
    factor: float = 1.0
    better: int = -1

    @property
    def unit(self) -> str:
        """What stands behind the heading's comma, such as ``mm``; empty for a pure number."""
        return self.heading.partition(", ")[2]


COLUMNS = {
    "dice": Column("Dice", ".4f", better=1),
    "hd95": Column("HD95, mm", ".2f"),
    "asd": Column("ASD, mm", ".3f"),
    "lost": Column("lost labels", ".2f"),
    "mse": Column("MSE", ".5f"),
    "mae": Column("MAE", ".4f"),
    "ssim": Column("SSIM", ".4f", better=1),
    "ncc": Column("NCC", ".4f", better=1),
    "folding": Column("|J| ≤ 0, %", ".3f", 100),
    "ndv": Column("non-diffeomorphic, %", ".4f", 100),
    "sdlogj": Column("std log |J|", ".3f", better=0),
    "seconds": Column("seconds a pair", ".3g"),
}


def column(measure: str) -> Column:
    """How ``measure`` is shown; one that is not known is shown as it is."""
    return COLUMNS.get(measure, Column(measure, ".4g", better=0))


def number(value: Number, form: str, nothing: str = NOTHING) -> str:
    """A number in a format of Python's; ``nothing`` in place of ``None`` and NaN."""
    return nothing if value is None or math.isnan(float(value)) else format(float(value), form)


def plain(value: Number, form: str = ".6g") -> str:
    """A number for a file that programs read: empty where there is none."""
    return number(value, form, nothing="")


def shown(measure: str, value: Number, sign: str = "") -> str:
    """A measure in the unit and format of its column; ``sign`` ``"+"`` also marks what is positive."""
    shape = column(measure)
    return number(None if value is None else shape.factor * float(value), sign + shape.form)


def named(measure: str, value: Number) -> str:
    """A measure with its name and unit for a line of text, such as ``folding 0.031 %``."""
    return f"{measure} {shown(measure, value)} {column(measure).unit}".rstrip()


def plus_minus(measure: str, mean: Number, std: Number) -> str:
    """Mean ± deviation of a measure."""
    text = shown(measure, mean)
    return text if text == NOTHING else f"{text} ± {shown(measure, std)}"


def duration(seconds: float) -> str:
    """How long something took: ``0.35 s``, ``42 s``, ``4 min 12 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, more = divmod(minutes, 60)
    if hours:
        return f"{hours} h {more} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
