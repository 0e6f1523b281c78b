"""What watches from outside the engine: the file that kills, and the machine's memory."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot4.live.guard import memory_share, told_stage


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        ("entries", "entries"),
        ("FLATTEN now, the market is mad", "flatten"),
        ("\n  cancel\n", "cancel"),
        ("", "cancel"),
        ("stop", "cancel"),
        ("entriesx", "cancel"),
    ],
)
def test_the_first_word_is_the_stage_and_any_other_cancels(
    tmp_path: Path, words: str, stage: str
) -> None:
    file = tmp_path / "KILL"
    assert told_stage(file) is None
    file.write_text(words, encoding="utf-8")
    assert told_stage(file) == stage


@pytest.mark.parametrize(
    "put",
    [
        lambda file: file.mkdir(),
        lambda file: file.write_bytes(b"\xff\xfe\x00"),
        lambda file: file.write_bytes(b"x" * 1_000_000),
    ],
)
def test_what_cannot_be_read_fails_closed(tmp_path: Path, put: Callable[[Path], object]) -> None:
    file = tmp_path / "KILL"
    put(file)
    assert told_stage(file) == "cancel"


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ("MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 150 kB\n", 0.85),
        ("MemTotal: 0 kB\nMemAvailable: 0 kB\n", None),
        ("MemTotal: 1000 kB\n", None),
        ("MemTotal: many kB\nMemAvailable: 1 kB\n", None),
        ("", None),
    ],
)
def test_memory_in_use_is_what_is_not_available(
    tmp_path: Path, words: str, share: float | None
) -> None:
    file = tmp_path / "meminfo"
    assert memory_share(file) is None
    file.write_text(words, encoding="utf-8")
    assert memory_share(file) == (None if share is None else pytest.approx(share))
