"""A path is what a person meant, and can always be printed."""

import os
from pathlib import Path

import pytest

from bot4.paths import readable, reason, written


def test_the_home_folder_is_found_and_an_unknown_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert written("~/x.csv") == Path("/somewhere/x.csv")
    assert written("~nouser/x.csv") == Path("~nouser/x.csv")
    assert written(Path("a/b.csv")) == Path("a/b.csv")


def test_bytes_that_are_no_text_can_be_printed() -> None:
    strange = os.fsdecode(b"pr\xff.csv")
    assert written(strange) == Path(strange)
    assert readable(strange) == "pr�.csv"
    assert readable(Path("prüf.csv")) == "prüf.csv"
    assert readable("\ud800.csv") == "?.csv"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "x"), "Permission denied"),
        (ValueError("first\nsecond"), "first"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_reason_is_one_line(error: Exception, words: str) -> None:
    assert reason(error) == words
