"""Where results are written: how files are named, and a folder that gets all of them or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import get_args

from ..errors import InputError, cannot_write
from ..files import is_name, is_there, made_folder
from ..options import File
from ..physical.headers import IMAGE_SUFFIXES

REPORT, FIGURE = "_report.json", "_figure.png"  # what the names of two files of a pair end in
REPEATED = ("field",)  # says what the transform says, whole: for programs that take no ITK transform
FILES = tuple(name for name in get_args(File) if name not in REPEATED)  # what is written unless a user says otherwise
WRITTEN_AS = {".nhdr": ".nrrd", ".mhd": ".mha"}  # one file of formats that are two


def suffix_like(path: str) -> str:
    """The suffix of images on the grid of ``path``; a DICOM series makes NIfTI."""
    lower = path.lower()
    own = next((suffix for suffix in IMAGE_SUFFIXES if lower.endswith(suffix)), ".nii.gz")
    return WRITTEN_AS.get(own, own)


def name_of(path: str) -> str:
    """A file's name without its suffix, or a folder's name."""
    name = Path(path).resolve().name if Path(path).is_dir() else Path(path).name
    for suffix in (*IMAGE_SUFFIXES, ".h5", ".dcm", ".tfm", ".mat", ".txt", ".png"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


@contextmanager
def staged(output_dir: str | Path, inputs: Iterable[str | Path | None] = ()) -> Iterator[Path]:
    """A folder to write into, whose files are moved into ``output_dir`` when the block ends well.

    The report, which says that a pair is done, is moved last. When the block fails nothing is left, not even an
    output folder made for it.

    Args:
        output_dir: the folder.
        inputs: files that the results were made of, those that there are; none of them is written over.

    Raises:
        InputError: if the folder cannot be written, the disk is full, or a result has the name of an input there.
    """
    target = Path(output_dir)
    temporary: Path | None = None
    with folder_for(target):
        try:
            temporary = Path(tempfile.mkdtemp(prefix=".registration-", dir=target))
            yield temporary
            _spare(inputs, [target / file.name for file in temporary.iterdir()])
            for file in sorted(temporary.iterdir(), key=lambda each: each.name.endswith(REPORT)):
                file.replace(target / file.name)
        except OSError as error:
            raise cannot_write(error, target) from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)


def _spare(inputs: Iterable[str | Path | None], results: Iterable[Path]) -> None:
    given = [Path(path) for path in inputs if path and is_there(path)]
    for result in filter(is_there, results):
        if any(result.samefile(path) for path in given):
            raise InputError(f"{result} is an input and a result has its name; choose another --output_dir.")


@contextmanager
def folder_for(output_dir: str | Path) -> Iterator[None]:
    """A folder of results, see :func:`scripts.files.made_folder`.

    Raises:
        InputError: if it cannot be made.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(made_folder(output_dir))
        except OSError as error:
            raise cannot_write(error, output_dir) from error
        yield


def check_name(name: str, where: str) -> None:
    """Refuse a name of results that is not that of a file.

    Raises:
        InputError: the sentence begins with ``where``.
    """
    if not is_name(name):
        raise InputError(f"{where} {name!r}; a name is that of files, without folders.")
