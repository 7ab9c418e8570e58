"""Signs of life: nothing for what is soon over, a bar on a terminal, lines elsewhere, never in the way of the work."""

from __future__ import annotations

import io
import logging
import sys
import time
from itertools import pairwise

import pytest

from scripts import progress as module
from scripts.progress import Progress, progress, shows_bars


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Everything a hundred times as impatient."""
    monkeypatch.setattr(module, "BEAT", 0.005)
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    monkeypatch.delenv("RANK", raising=False)
    caplog.set_level(logging.INFO, logger="scripts.progress")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "scripts.progress"]


@pytest.mark.usefixtures("fast")
def test_items_come_as_they_are_and_work_soon_over_says_nothing(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(progress(iter("abc"), "reading", "letter")) == ["a", "b", "c"]
    assert lines(caplog) == [] and capsys.readouterr().err == ""


@pytest.mark.usefixtures("fast")
def test_one_long_step_shows_life_without_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    """The step never tells that it goes on: a thread of its own does."""
    with Progress("affine stage", "subject", total=4, every=0.05) as following:
        following.advance()
        time.sleep(0.3)
    said = lines(caplog)
    assert said and all(line.startswith("affine stage: subject 1 of 4 after 00:0") for line in said)
    assert all(line.endswith(" left") for line in said)


@pytest.mark.usefixtures("fast")
def test_lines_grow_rare(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An hour of work, looked at every second, says tens of lines and is never silent for longer than a tenth of it."""
    monkeypatch.setattr(module, "shows_bars", lambda: False)
    following, said = Progress("work", "step"), []
    for second in range(3600):
        before = len(caplog.records)
        following._show(second)
        said += [second] * (len(caplog.records) - before)
    assert said[:3] == [10, 20, 30] and 30 < len(said) < 60
    assert all(b - a <= max(11, 0.1 * a + 1) for a, b in pairwise(said))


@pytest.mark.usefixtures("fast")
def test_bar_on_a_terminal_vanishes_and_leaves_the_log_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    handler = logging.StreamHandler(sys.stdout)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    for item in progress(range(3), "registration", "pair"):
        time.sleep(0.1)
        if item == 2:
            logging.getLogger("other").warning("a line of the log")
    shown = terminal.getvalue()
    assert "registration:" in shown and "/3" in shown
    assert shown.rstrip(" ").endswith("\r")  # the last thing is that its line is wiped
    assert logging.root.handlers == [handler]


@pytest.mark.usefixtures("fast")
def test_the_bar_goes_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(KeyError), Progress("work", "step", total=2) as following:
        time.sleep(0.1)
        assert following.bar is not None
        raise KeyError
    following._thread.join(timeout=2)
    assert not following._thread.is_alive() and terminal.getvalue().rstrip(" ").endswith("\r")
    following.close()


def test_only_the_first_of_several_processes_has_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    found = []
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        found.append(shows_bars())
    assert found == [True, False]
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not shows_bars()


def test_line_of_an_unknown_total_and_of_no_step_yet() -> None:
    unknown, fresh = Progress("work", "step"), Progress("work", "step", total=5)
    unknown.advance(3)
    assert unknown.line(70) == "work: step 3 after 01:10"
    assert fresh.line(10) == "work: step 0 of 5 after 00:10"
    fresh.advance(2)
    assert fresh.line(20) == "work: step 2 of 5 after 00:20, 00:30 left"
