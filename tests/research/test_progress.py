"""The progress bar is on stderr, for terminals and long runs, and never on stdout."""

import pytest

import bot4 as b4
from bot4.research import progress


def check(capsys: pytest.CaptureFixture[str], shown: progress.Progress, expected: bool) -> None:
    b4.backtest(b4.sma_cross, b4.simulated(bars=200), progress=shown)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("backtest" in err) is expected


def test_is_silent_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, False, expected=False)


def test_is_silent_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    check(capsys, True, expected=False)


def test_shows_at_once_when_forced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    check(capsys, "always", expected=True)


def test_is_silent_on_a_terminal_for_a_short_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    check(capsys, True, expected=False)


def test_shows_on_a_terminal_once_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    check(capsys, True, expected=True)
