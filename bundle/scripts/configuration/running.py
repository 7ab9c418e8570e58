"""The configuration that is running us, found where it is: on the call stack.

MONAI hands a component its arguments and nothing else, and ``python -m monai.bundle run`` takes whatever key it is
given: a misspelt one is added and never read, and ``--resume false`` arrives as a text, which counts as true. What a
component cannot be told it can look up. While it is made, the ``ConfigParser`` that makes it is the ``self`` of a frame
further up the stack, and the call of ``monai.bundle.run`` with the files and options of the user is another.

So what a configuration does first, in its ``initialize``, is to call :func:`check_overrides`: nothing of the run has
been made by then. (MONAI puts the bundle on the path only after that, so ``initialize`` does so itself.) What is run
begins with the same call: ``--initialize 3`` takes the place of the first. In a program that uses a ``ConfigParser`` or
a ``ConfigWorkflow`` of its own (a server, a federated client, a test) no call of ``run`` is on the stack, and nothing
is done: what Python code sets has its type already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from types import FrameType
from typing import Any

from ..options import OptionError, nearest
from .kinds import is_made, kind_of
from .overrides import typed_overrides

PARSER = ("monai.bundle.config_parser", "get_parsed_content")
RUN = ("monai.bundle.scripts", "run")
TEXT = (str, str | None)  # kinds of options
ENTRIES = ("run_id", "init_id", "final_id")  # arguments of run that name a list to do
NEUTRAL_TO_VERBS = ("bundle_root",)
OF_WORKFLOW = ("workflow_type", "properties_path")  # what MONAI's workflow takes besides


def running_config() -> dict[str, Any]:
    """The raw configuration of the run that is making or running the caller: files merged, options in.

    Returns:
        Key to value, a copy: components as dictionaries, expressions and references as text, without MONAI's metadata.

    Raises:
        RuntimeError: if no configuration is making or running anything.
    """
    parser = _running_parser()
    if parser is None:
        raise RuntimeError("no configuration is being instantiated; hand one over")
    return {key: deepcopy(each) for key, each in parser.config.items() if key != "_meta_"}


def check_overrides(further: bool = False) -> None:
    """Check what the user of ``monai.bundle run`` changed, and make it what it should be, before anything is made.

    Args:
        further: whether options that the files do not have are left to what is run.

    Raises:
        OptionError: if an option or an entry does not exist, or a value is of another kind.
    """
    parser = _running_parser()
    run = next(_frames(*RUN), None)
    if parser is None or run is None:
        return
    given = _given(run)
    config = parser.load_config_files(given["config_file"])
    _refuse_unknown_entries(given, config)
    overrides = {
        key: as_typed_in(key, value, sys.argv, kind_of(key, {key: None, **config}) in TEXT)
        for key, value in given.items()
        if key not in _parameters(run) and (key in config or not further)
    }
    typed = typed_overrides(config, overrides, [*OF_WORKFLOW, *_of_tracking(given.get("tracking"), run)])
    parser.update(typed)
    parser.parse(reset=True)


def _refuse_unknown_entries(given: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """What is to be run and is not there would be a traceback of MONAI's; what is to be done around it, passed over."""
    lists = {name for name, value in config.items() if name == "run" or (isinstance(value, list) and is_made(value))}
    for option, name in {"run_id": "run", **{each: given[each] for each in ENTRIES if each in given}}.items():
        if name not in config:
            known = nearest(str(name), lists - {"imports", "initialize"})
            raise OptionError(f"there is no entry {name!r} for --{option}; {known}.")


def given_options() -> dict[str, Any]:
    """What was given to the run that is making the caller, beside its files: option to value, as it came.

    Of a ``ConfigWorkflow`` in a program these are the keys that hold one plain value.
    """
    run = next(_frames(*RUN), None)
    if run is not None:
        own = (*_parameters(run), *NEUTRAL_TO_VERBS)
        return {
            name: as_typed_in(name, value, sys.argv, True) for name, value in _given(run).items() if name not in own
        }
    plain = {name: value for name, value in running_config().items() if not isinstance(value, list | dict)}
    return {name: value for name, value in plain.items() if name not in NEUTRAL_TO_VERBS}


def _frames(module: str, function: str) -> Iterator[FrameType]:
    """The calls of a function that are being executed, the innermost first."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == function and frame.f_globals.get("__name__") == module:
            yield frame
        frame = frame.f_back


def _running_parser() -> Any:
    """The ``ConfigParser`` that makes us, the innermost; ``None`` without one."""
    frame = next(_frames(*PARSER), None)
    return None if frame is None else frame.f_locals["self"]


def _parameters(run: FrameType) -> tuple[str, ...]:
    """Names of the arguments that ``run`` itself has."""
    return run.f_code.co_varnames[: run.f_code.co_argcount]


def _given(run: FrameType) -> dict[str, Any]:
    """The arguments and overrides of a call of ``run``, those of its ``args_file`` among them."""
    own = {name: run.f_locals[name] for name in _parameters(run) if name != "args_file"}
    given: dict[str, Any] = run.f_globals["update_kwargs"](run.f_locals["args_file"], **own, **run.f_locals["override"])
    return given


def as_typed_in(name: str, value: Any, arguments: Sequence[str], is_text: bool) -> Any:
    """The text of ``--name`` where ``value``, what ``fire`` made of it as a literal of Python, is not what was meant.

    That is so where text is wanted (``1e3``, ``[1]`` and ``a#b`` are names of folders too), and of whatever ``fire``
    has cut at a ``#``, as a comment.
    """
    typed = [after for before, after in pairwise(arguments) if before == f"--{name}"]
    typed += [each.partition("=")[2] for each in arguments if each.startswith(f"--{name}=")]
    if not typed or isinstance(value, bool):  # without a value, fire makes it true
        return value
    return typed[-1] if is_text or ("#" in typed[-1] and isinstance(value, str | int | float)) else value


def _of_tracking(tracking: Any, run: FrameType) -> list[str]:
    """The options that an experiment tracker adds."""
    if tracking is None:
        return []
    from monai.bundle.utils import DEFAULT_EXP_MGMT_SETTINGS

    parser = run.f_globals["ConfigParser"]
    known = DEFAULT_EXP_MGMT_SETTINGS.get(tracking) if isinstance(tracking, str) else None
    return list((known or parser.load_config_files(tracking))["configs"])
