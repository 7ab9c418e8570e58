"""How the command ends: its codes, its one sentence, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.commands import main
from scripts.commands.main import VERBS
from scripts.commands.verbs import Verb
from scripts.errors import InputError
from scripts.options import OptionError
from support import BUNDLE, assert_one_sentence

SLOW = ("torch", "monai", "numpy", "itk", "matplotlib", "ignite", "nibabel")


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """``python -m scripts`` in the bundle's folder."""
    line = [sys.executable, "-m", "scripts", *map(str, words)]
    return subprocess.run(line, cwd=BUNDLE, capture_output=True, encoding="utf-8", timeout=300, check=False)


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the verb ``fail`` raise an error."""

    def fail() -> None:
        """Fail."""
        raise error

    monkeypatch.setitem(VERBS, "fail", Verb(fail))


def wrapped(error: Exception) -> Exception:
    """As MONAI raises it."""
    outer = RuntimeError("applying transform")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    "error, code",
    [
        (InputError("a is broken."), 1),
        (wrapped(InputError("a is broken.")), 1),
        (OptionError("a is broken."), 2),
        (wrapped(OptionError("a is broken.")), 2),
    ],
)
def test_a_mistake_ends_with_a_code_and_a_sentence(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(monkeypatch, error)
    assert main(["fail"]) == code
    assert capsys.readouterr() == ("", "error: a is broken.\n")


def test_an_error_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["fail"])


def test_a_stop_from_the_keyboard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fail(monkeypatch, KeyboardInterrupt())
    assert main(["fail"]) == 130
    assert capsys.readouterr().err == "error: stopped.\n"


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["registr"], "there is no verb 'registr'; the nearest is register."),
        (["register", "a", "b", "-o", "c", "--spacin", "3"], "there is no option --spacin; the nearest is --spacing."),
        (
            ["register", "a", "b", "-o", "c", "--spacing", "abc"],
            "--spacing is 'abc'; it must be a number above 0 or null.",
        ),
        (["register", "a", "b", "-o", ""], "--output_dir is ''; it must be a text."),
        (
            ["register", "a", "b", "-o", "c", "--method", "brain2d"],
            "there is no method 'brain2d'; the nearest is brain_2d.",
        ),
        (["train", "--max_epoch", "3"], "there is no option --max_epoch; the nearest is --max_epochs."),
        (["train", "--schedule", "quik"], "there is no schedule 'quik'; the nearest is quick."),
        (["train", "--max_epochs", "0"], "--max_epochs is '0'; it must be a whole number of at least 1."),
        (["evaluate", "--resume", "maybe"], "--resume is 'maybe'; it must be true or false."),
        (["segment", "-o", "c"], "--images is missing; give a list of texts."),
    ],
)
def test_wrong_usage(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"error: {sentence}\n")
    assert_one_sentence(sentence)


def test_without_a_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr().err
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == shown
    assert all(f"  {name} " in shown for name in VERBS)


def test_help_and_mistakes_wait_for_no_library() -> None:
    """They would take seconds to load."""
    code = f"""
import sys
from scripts.commands import main
from scripts.commands.main import VERBS
codes = [main(["--help"])] + [main([verb, "--help"]) for verb in VERBS] + [main(["train", "--max_epoch", "3"])]
assert codes == [0] * (len(VERBS) + 1) + [2], codes
assert not set({SLOW!r}) & set(sys.modules), set({SLOW!r}) & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=BUNDLE, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_itself(tmp_path: Path) -> None:
    done = command("jacobian", tmp_path / "none.h5", "-o", tmp_path / "out")
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"error: {tmp_path / 'none.h5'} does not exist; ")
    assert command("warp", "--transfrm", "x").returncode == 2
