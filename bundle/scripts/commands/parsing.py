"""From the words of a command line to the typed options of a verb, and the verb's help."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from typing import Any, NoReturn

from ..options import OptionError, typed_arguments, unknown_option, words_of
from .docstrings import description_of
from .verbs import Option, Verb

PROGRAM = "python -m scripts"
SHORT = {"output_dir": ["-o"]}
WORDS = "words"  # what stands without a name


class _Parser(argparse.ArgumentParser):
    """Whose errors are sentences of ours."""

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse passes over an output that cannot be written."""
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            OptionError: always.
        """
        raise OptionError(f"{message.removeprefix('argument ')}; {self.prog} --help lists the options.")


def parse(verb: Verb, arguments: Sequence[str]) -> dict[str, Any]:
    """The options that ``arguments`` give, of their kinds; ``--help`` prints and ends.

    Raises:
        OptionError: if an option does not exist (the nearest is named), is of another kind, or a needed one is missing.
        SystemExit: after the help.
    """
    known, unknown = build_parser(verb).parse_known_intermixed_args([_underscored(each) for each in arguments])
    for each in unknown:
        if each.startswith("-"):
            raise unknown_option(each.lstrip("-").partition("=")[0], verb.options)
    values = vars(known)
    words = [*values.pop(WORDS), *unknown]
    return typed_arguments(verb.function, {**values, **_placed(verb, words, values)})


def _underscored(argument: str) -> str:
    """``--output-dir`` as ``--output_dir``."""
    name, equals, value = argument.partition("=")
    return name.replace("-", "_").replace("__", "--", 1) + equals + value if name.startswith("--") else argument


def _placed(verb: Verb, words: list[str], named: dict[str, Any]) -> dict[str, Any]:
    """What stands without a name, by the places of the function's arguments that are not named."""
    placed: dict[str, Any] = {}
    left = list(words)
    for option in verb.options.values():
        if option.positional and left and option.name not in named:
            several = option.kind == list[str]
            placed[option.name] = left if several else left[0]
            left = [] if several else left[1:]
    if left:
        raise OptionError(f"{left[0]!r} is one word too many; options begin with --, see {PROGRAM} {verb.name} --help.")
    return placed


def build_parser(verb: Verb) -> argparse.ArgumentParser:
    """All options of a verb, each with its meaning and its default."""
    parser = _Parser(
        prog=f"{PROGRAM} {verb.name}",
        usage=_usage(verb),
        description=description_of(verb.function),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(WORDS, nargs="*", help=argparse.SUPPRESS)
    group = parser.add_argument_group("options of the configuration") if _has_more(verb) else parser
    for option in verb.options.values():
        (parser if option.own else group).add_argument(
            *SHORT.get(option.name, []),
            f"--{option.name}",
            default=argparse.SUPPRESS,
            metavar=_metavar(option),
            help=_help(option).replace("%", "%%"),
        )
    return parser


def _has_more(verb: Verb) -> bool:
    return not all(option.own for option in verb.options.values())


def _usage(verb: Verb) -> str:
    places = [option for option in verb.options.values() if option.positional]
    words = [option.name.upper() if option.is_needed else f"[{option.name.upper()}]" for option in places]
    needed = [
        f"{SHORT.get(each.name, ['--' + each.name])[0]} {each.name.upper()}"
        for each in verb.options.values()
        if each.is_needed and not each.positional
    ]
    several = [f"{word} ..." if each.kind == list[str] else word for word, each in zip(words, places, strict=True)]
    return " ".join([PROGRAM, verb.name, *several, *needed, "[--OPTION VALUE ...]"])


def _metavar(option: Option) -> str:
    return {"true or false": "true|false"}.get(words_of(option.kind), option.name.rpartition("_")[2].upper())


def _help(option: Option) -> str:
    """``iterations of ... (a whole number of at least 1; default: 3)``."""
    kind = words_of(option.kind)
    is_plain = kind.startswith(("a value", "a text", "true or false", "a list of texts", "a list of values"))
    said = [] if is_plain else [kind]
    said += ["needed" if option.is_needed else f"default: {_shown(option.default)}"]
    return f"{option.meaning} ({'; '.join(said)})".strip()


def _shown(default: Any) -> str:
    if default is inspect.Parameter.empty or default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    text = str(default)
    return {"@": f"as {text[1:]}", "$": "computed"}.get(text[0], text) if text else "''"
