"""One pair or a list of pairs: what is done is not done again, one bad pair does not stop the others."""

from __future__ import annotations

import csv
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..engines import gather_all, is_first, processes_together, shared_out, wait_for_others
from ..errors import InputError, cannot_write, find_input_error
from ..files import is_file, not_a_file
from ..progress import progress
from ..reports import Entry, save_overview
from ..reports.numbers import shown
from .output import FIGURE, FILES, REPORT, check_name, folder_for, name_of, staged
from .pipeline import Registration

logger = logging.getLogger(__name__)

PAGE = "pairs.html"
COLUMNS = (  # what a registration takes
    "fixed",
    "moving",
    "fixed_label",
    "moving_label",
    "fixed_mask",
    "moving_mask",
    "initial_transform",
    "name",
)


def register_files(
    registration: Registration,
    output_dir: str,
    fixed: str | None = None,
    moving: str | None = None,
    pairs: str | None = None,
    files: Sequence[str] = FILES,
    **more: str | None,
) -> None:
    """Register the pair or the pairs that a user names, and write the results to ``output_dir``.

    Args:
        registration: how.
        output_dir: folder of the results.
        fixed, moving: the one pair.
        pairs: instead of these, a CSV or JSON list, see :func:`read_pairs`.
        files: what is written besides the report, of :data:`scripts.options.File`.
        more: files that belong to the one pair, of :data:`COLUMNS`.

    Raises:
        InputError: if nothing or too much is named, or a pair failed; the other pairs are done by then.
    """
    one = {"fixed": fixed, "moving": moving, **more}
    if pairs and any(one.values()):
        raise InputError("both --pairs and a single pair are given; give one of them.")
    if not pairs and not (fixed and moving):
        raise InputError(
            "a fixed and a moving image are needed; name them with --fixed and --moving, or a list with --pairs."
        )
    with processes_together():
        if pairs:
            register_list(registration, read_pairs(str(pairs)), output_dir, files)
        elif is_first():
            register_one(registration, {key: str(value) for key, value in one.items() if value}, output_dir, files)


def register_one(
    registration: Registration, pair: Mapping[str, str], output_dir: str | Path, files: Sequence[str] = FILES
) -> dict[str, Any]:
    """Register a pair and write its files; the report."""
    with staged(output_dir, [path for key, path in pair.items() if key != "name"]) as folder:
        result = registration(**pair)
        result.report["request"] = _request(pair, registration, files)
        result.save(folder, files)
    for note in result.report["notes"]:
        logger.warning(note)
    if result.report["verdict"]["doubtful"]:
        logger.warning("%s: doubtful: %s", result.name, "; ".join(result.report["verdict"]["reasons"]))
    stages = result.report["stages"]
    values = ", ".join(f"{s} {shown('ncc', result.report['similarity'][s]['correlation'])}" for s in stages)
    logger.info("%s: correlation %s; in %s", result.name, values, output_dir)
    return result.report


def register_list(
    registration: Registration,
    pairs: Sequence[Mapping[str, str]],
    output_dir: str | Path,
    files: Sequence[str] = FILES,
) -> None:
    """Register every pair that is not done yet; several processes share them. A page shows all pairs of the list.

    Raises:
        InputError: at the end, if pairs failed: which, and why. Of several processes the first raises it.
    """
    named = _named(pairs)
    with folder_for(output_dir):
        wait_for_others()  # none may find the folder removed by another
        failed = gather_all(_register_share(registration, shared_out(named), output_dir, files))
        if is_first():
            _write_page(named, failed, Path(output_dir))
    if failed and is_first():
        reasons = "; ".join(f"{pair['name']}: {failed[pair['name']]}" for pair in named if pair["name"] in failed)
        raise InputError(f"{len(failed)} of {len(named)} pairs failed, the others are in {output_dir}: {reasons}.")


def _register_share(
    registration: Registration, pairs: Sequence[Mapping[str, str]], output_dir: str | Path, files: Sequence[str]
) -> dict[str, str]:
    """Register pairs that have names; those that failed, and why."""
    failed: dict[str, str] = {}
    for pair in progress(pairs, "registration", "pair"):
        if _is_done(pair, registration, files, Path(output_dir)):
            logger.info("%s: done before", pair["name"])
            continue
        try:
            register_one(registration, pair, output_dir, files)
        except Exception as error:  # whatever is wrong with one pair, the others are done
            known = find_input_error(error)
            failed[pair["name"]] = str(known or f"{type(error).__name__}: {error}").rstrip(".")
            logger.error("%s: %s", pair["name"], failed[pair["name"]], exc_info=None if known else error)
    return failed


def _write_page(pairs: Sequence[Mapping[str, str]], failed: Mapping[str, str], folder: Path) -> None:
    """Write :data:`PAGE`; a pair that was done before is shown as its files show it."""
    try:
        save_overview(folder / PAGE, [_entry(pair, failed.get(pair["name"], ""), folder) for pair in pairs])
    except OSError as error:
        raise cannot_write(error, folder / PAGE) from error
    logger.info("all pairs, with pictures: %s", folder / PAGE)


def _entry(pair: Mapping[str, str], failure: str, folder: Path) -> Entry:
    known = pair["name"], pair["fixed"], pair["moving"]
    return (
        Entry(*known, failure)
        if failure
        else Entry(*known, "", _report(pair, folder), folder / f"{pair['name']}{FIGURE}")
    )


def read_pairs(path: str) -> list[dict[str, str]]:
    """The pairs of a list, paths relative to the list's folder.

    Args:
        path: a CSV file with a header line, or a JSON list of objects: ``fixed``, ``moving`` and, where wanted, the
            others of :data:`COLUMNS`; the results are named after ``name``.

    Raises:
        InputError: if the file cannot be read, is empty, or a pair lacks an image or has an unknown entry.
    """
    if not is_file(path):  # to read a pipe would be to wait
        raise InputError(f"{path} cannot be read as a list of pairs: it {not_a_file(path)}; give a CSV or JSON file.")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        rows = json.loads(text) if path.lower().endswith(".json") else list(csv.DictReader(text.splitlines()))
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a list of pairs ({error}); give a CSV or JSON file.") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} holds no pairs; it should list at least one fixed and moving image.")
    return [_checked(row, k, path) for k, row in enumerate(rows, start=1)]


def _checked(row: Mapping[Any, Any], number: int, path: str) -> dict[str, str]:
    given = {key: value.strip() for key, value in row.items() if isinstance(value, str) and value.strip()}
    unknown = [str(key) for key in row if key not in COLUMNS]
    no_text = [key for key, value in row.items() if key in COLUMNS and not isinstance(value, str | None)]
    if no_text and not unknown:
        raise InputError(f"{path}: pair {number} has a {no_text[0]} that is no text; put it in quotes.")
    if unknown or "fixed" not in given or "moving" not in given:
        problem = f"the unknown entry {unknown[0]!r}" if unknown else "no fixed or no moving image"
        raise InputError(f"{path}: pair {number} has {problem}; the entries are {', '.join(COLUMNS)}.")
    if any("\0" in value for value in given.values()):
        raise InputError(f"{path}: pair {number} holds a NUL character, which no file's name has; remove it.")
    if "name" in given:
        check_name(given["name"], f"{path}: pair {number} is named")
    folder = Path(path).parent
    return {key: value if key == "name" else str(folder / value) for key, value in given.items()}


def _named(pairs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The pairs with names of their own: the moving file's, else with its folder, else with the fixed file's."""
    choices = (
        lambda pair: pair.get("name") or name_of(pair["moving"]),
        lambda pair: pair.get("name") or f"{Path(pair['moving']).resolve().parent.name}_{name_of(pair['moving'])}",
        lambda pair: pair.get("name") or f"{_long(pair['moving'])}_to_{_long(pair['fixed'])}",
    )
    for choose in choices:
        names = [choose(pair) for pair in pairs]
        if len(set(names)) == len(names):
            return [{**pair, "name": name} for pair, name in zip(pairs, names, strict=True)]
    twice = Counter(names).most_common(1)[0][0]
    raise InputError(f"two pairs of the list would both be named {twice!r}; give each a name of its own.")


def _long(path: str) -> str:
    return f"{Path(path).resolve().parent.name}_{name_of(path)}"


def _request(pair: Mapping[str, str], registration: Registration, files: Sequence[str]) -> dict[str, Any]:
    """What decides a result: the images, by size and time, the configuration, and which files are wanted."""
    images = {}
    for key, path in pair.items():
        if key != "name":
            state = Path(path).stat()
            images[key] = [str(Path(path).resolve()), state.st_size, state.st_mtime_ns]
    return {"files": images, "identity": registration.identity, "written": sorted(set(files))}


def _is_done(pair: Mapping[str, str], registration: Registration, files: Sequence[str], folder: Path) -> bool:
    """Whether a report of the same request lies there."""
    try:
        return bool(_report(pair, folder).get("request") == _request(pair, registration, files))
    except OSError:  # an image is not there
        return False


def _report(pair: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The report of a pair; empty where there is none."""
    try:
        report = json.loads((folder / f"{pair['name']}{REPORT}").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}
