"""User mistakes end in one sentence, other errors in the traceback they deserve."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.errors import InputError, find_input_error, report_as_sentence
from support import BUNDLE


def raised(*errors: Exception) -> Exception:
    """The last of ``errors``, each raised from the one before it."""
    try:
        for i, error in enumerate(errors):
            error.__cause__ = errors[i - 1] if i else None
        raise errors[-1]
    except Exception as error:
        return error


def test_it_is_a_value_error() -> None:
    assert issubclass(InputError, ValueError)


def test_a_sentence_stays_on_its_line_whatever_a_file_is_called() -> None:
    assert str(InputError("a\nb\x1b[1m Größe-脳 is broken.")) == "a\\nb\\x1b[1m Größe-脳 is broken."


def test_found_however_deep_it_was_wrapped() -> None:
    sentence = InputError("a.nii is broken.")
    assert find_input_error(sentence) is sentence
    assert find_input_error(raised(sentence, RuntimeError("applying transform"), RuntimeError("worker"))) is sentence
    assert find_input_error(raised(ValueError("other"), RuntimeError("outer"))) is None
    assert find_input_error(None) is None


def test_found_where_another_error_was_raised_while_handling_it() -> None:
    sentence = InputError("a.nii is broken.")
    try:
        try:
            raise sentence
        except InputError:
            raise RuntimeError("engine run is terminating") from None
    except RuntimeError as error:
        assert find_input_error(error) is sentence


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in ``python -m monai.bundle``."""
    main = SimpleNamespace(__spec__=SimpleNamespace(name="monai.bundle.__main__"))
    monkeypatch.setitem(sys.modules, "__main__", main)  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    report_as_sentence()


@pytest.mark.usefixtures("hook")
def test_sentence_alone_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = raised(InputError("a.nii is broken."), RuntimeError("applying transform"))
    sys.excepthook(type(error), error, error.__traceback__)
    assert capsys.readouterr().err == "error: a.nii is broken.\n"


@pytest.mark.usefixtures("hook")
def test_other_errors_keep_their_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    error = raised(RuntimeError("a bug"))
    sys.excepthook(type(error), error, error.__traceback__)
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "RuntimeError: a bug" in shown


@pytest.mark.parametrize("spec", [None, SimpleNamespace(name="pytest.__main__")])
def test_nothing_changes_elsewhere(spec: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))  # type: ignore[arg-type]
    before = sys.excepthook
    report_as_sentence()
    assert sys.excepthook is before


SPEAKING = """
import logging, sys
from scripts.errors import outlive_readers
outlive_readers()
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
for _ in range(3):
    logging.info("Größe-脳 \\udcff")
"""


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """Whose reader has gone, as that of ``| head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.fixture
def full_disk() -> Iterator[int]:
    writing = os.open("/dev/full", os.O_WRONLY)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("output", ["closed_pipe", "full_disk"])
@pytest.mark.parametrize("words", [["-c", SPEAKING], ["-m", "scripts", "train", "--help"]], ids=["lines", "help"])
def test_a_reader_that_has_gone_is_no_traceback(output: str, words: list[str], request: pytest.FixtureRequest) -> None:
    writing = request.getfixturevalue(output)
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=BUNDLE, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    if output == "full_disk" and "-m" in words:  # the help is all that was asked for
        assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_what_an_encoding_lacks_is_escaped() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", SPEAKING]
    done = subprocess.run(command, cwd=BUNDLE, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Gr\\xf6\\xdfe-\\u8133 \\udcff\n" * 3


STAGED = """
import runpy, sys, time
import scripts.commands
from scripts.registration.output import staged

def main():
    try:
        with staged(sys.argv[1]):
            print("within", flush=True)
            time.sleep(600)
    except KeyboardInterrupt:
        return 130

scripts.commands.main = main
runpy.run_module("scripts", run_name="__main__")
"""


def test_asked_to_terminate_it_leaves_no_half_results(tmp_path: Path) -> None:
    """As a scheduler, ``timeout`` or ``docker stop`` ask."""
    command = [sys.executable, "-c", STAGED, str(tmp_path / "results")]
    with subprocess.Popen(command, cwd=BUNDLE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None and process.stdout.readline() == "within\n"
        assert list((tmp_path / "results").iterdir())
        process.terminate()
        assert process.wait(60) == 130
    assert not (tmp_path / "results").exists()
