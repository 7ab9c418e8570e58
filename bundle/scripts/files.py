"""What lies at a path; files and folders complete or absent: written beside their place, then moved into it."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NOT_IN_NAMES = ("/", "\\", "\0")


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is there; of a name that no file can have, such as too long a one, ``Path.is_file`` raises."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a folder is there, likewise."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def is_there(path: str | os.PathLike[str]) -> bool:
    """Whether anything is there, likewise."""
    try:
        return Path(path).exists()
    except OSError:
        return False


def is_unicode(path: str | os.PathLike[str]) -> bool:
    """Whether a path is text, not bytes that are none: Linux takes any, many libraries do not."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_name(text: str) -> bool:
    """Whether a text can be the name of a file, without folders."""
    return not any(sign in text for sign in NOT_IN_NAMES) and text not in ("", ".", "..") and is_unicode(text)


def not_a_file(path: str | os.PathLike[str]) -> str:
    """What a sentence says of a path at which no file is."""
    if is_folder(path):
        return "is a folder"
    return "is a pipe or a device" if is_there(path) else "does not exist"


@contextmanager
def made_folder(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Make a folder and its parents; behind the block, remove those made that are empty.

    Raises:
        OSError: if it cannot be made.
    """
    target = Path(folder)
    made = [each for each in (target, *target.parents) if not each.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for each in made:
            with suppress(OSError):  # it holds something, or another process was faster
                each.rmdir()


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that becomes ``path`` when the block ends well, and is deleted when it fails.

    The temporary file lies in the same folder (a rename across file systems is not atomic) and ends in the
    same suffixes, by which writers choose a format. The block creates it itself, so that it has the
    permissions of any new file. Missing parent folders are made, and removed where the block fails.

    Raises:
        FileNotFoundError: if the block wrote nothing.
        OSError: if the file cannot be written; its ``filename`` is ``path``.
    """
    target = Path(path)
    temporary = target.with_name(f".{secrets.token_hex(6)}-{target.name}")
    try:
        with made_folder(target.parent):
            try:
                yield temporary
                temporary.replace(target)
            finally:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is not None:
            error.filename = str(target)  # a write names no file, and the temporary one says nothing
        raise


@contextmanager
def atomic_folder(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``folder`` when the block ends well, and is deleted when it fails.

    A folder with content that another process put there in the meantime is left as it is. Missing parents are made.

    Raises:
        OSError: if the folder cannot be made.
    """
    target = Path(folder)
    partial = target.with_name(f".{secrets.token_hex(6)}-{target.name}")
    partial.mkdir(parents=True)
    try:
        yield partial
        try:
            partial.rename(target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8 with its line ends as they are; readers see the old file or the new one."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
