"""One typed check for every option: what a function's annotations say is what its options take.

Pure functions, nothing of files: ``names`` (that do not exist), ``bounds`` (beside a type), ``words`` (of a kind),
``convert`` (a value), ``calls`` (of a function).
"""

from .bounds import (
    Affine,
    Bound,
    Count,
    File,
    NotNegative,
    Number,
    Pairing,
    Positive,
    Precision,
    Quality,
    Share,
    above,
    at_least,
    at_most,
    longer_than,
)
from .calls import options_of, takes_any, typed, typed_arguments
from .convert import convert
from .names import OptionError, nearest, unknown_option
from .words import words_of

__all__ = [
    "Affine",
    "Bound",
    "Count",
    "File",
    "NotNegative",
    "Number",
    "OptionError",
    "Pairing",
    "Positive",
    "Precision",
    "Quality",
    "Share",
    "above",
    "at_least",
    "at_most",
    "convert",
    "longer_than",
    "nearest",
    "options_of",
    "takes_any",
    "typed",
    "typed_arguments",
    "unknown_option",
    "words_of",
]
