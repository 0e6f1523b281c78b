"""The comparison with other books judges itself: the same sums, and five times ahead."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FILE = Path(__file__).resolve().parents[1] / "benches" / "books.py"


@pytest.fixture(scope="module")
def books() -> ModuleType:
    spec = importlib.util.spec_from_file_location("books", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["books"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("ours_ns", "rival_ns", "rival_sum", "kept"),
    [
        (8.0, 51.0, 7, [True, True]),
        (10.0, 50.0, 7, [True, True]),
        (10.1, 50.0, 7, [True, False]),
        (8.0, 51.0, 6, [False, True]),
    ],
)
def test_says_whether_each_limit_was_kept(
    books: ModuleType, ours_ns: float, rival_ns: float, rival_sum: int, kept: list[bool]
) -> None:
    rows = [
        books.Row("BOT4", "1", (ours_ns, 900.0, 900.0), 7),
        books.Row("slow", "1", (900.0,), 7),
        books.Row("quick", "1", (rival_ns,), rival_sum),
        books.Row("none", "", (), None, "not here: ModuleNotFoundError"),
    ]
    found = books.verdicts(books.BOOKS, rows, 7)
    assert list(found.values()) == kept
    assert "ahead of the best, quick" in list(found)[1]


def test_alone_there_is_nobody_to_be_ahead_of(books: ModuleType) -> None:
    rows = [books.Row("BOT4", "1", (8.0,), 7), books.Row("none", "", (), None, "not here")]
    assert list(books.verdicts(books.BOOKS, rows, 7).values()) == [True]


def test_a_table_has_rounds_and_ratios_and_says_who_is_absent(books: ModuleType) -> None:
    rows = [
        books.Row("BOT4", "0.1", (9.0, 8.0, 7.0), 7),
        books.Row("rival", "2.0", (70.0,), 7),
        books.Row("none", "", (), None, "not here: no wheel"),
    ]
    _, _, ours, rival, none = books.table("title", rows)
    assert ours.split() == ["BOT4", "0.1", "7.0", "8.0", "9.0", "1.0"]
    assert rival.split()[-1] == "10.0"
    assert none.split(maxsplit=1) == ["none", "not here: no wheel"]


@pytest.mark.parametrize(
    ("ours_ns", "kept"),
    [(500.0, [True, True, True]), (601.0, [True, False, True]), (2_000.0, [True, False, False])],
)
def test_a_parser_has_to_be_ahead_and_quick(
    books: ModuleType, ours_ns: float, kept: list[bool]
) -> None:
    rows = [books.Row("BOT4", "1", (ours_ns,), 7), books.Row("rival", "1", (1_900.0,), 7)]
    assert list(books.verdicts(books.PARSERS, rows, 7).values()) == kept


def test_every_rival_is_told_the_same_updates(books: ModuleType, tmp_path: Path) -> None:
    checksum = books.write_updates(tmp_path / "updates.npz", 42, 500)
    with np.load(tmp_path / "updates.npz") as arrays:
        assert sorted(arrays) == sorted(
            f"{part}_{name}"
            for part in ("snapshot", "updates")
            for name in ("side", "tick", "lots")
        )
        sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for part in ("snapshot", "updates"):
            total = 0
            for side, tick, lots in zip(
                *(arrays[f"{part}_{name}"].tolist() for name in ("side", "tick", "lots")),
                strict=True,
            ):
                sides[side][tick] = lots
                held = [[key for key, size in levels.items() if size] for levels in sides]
                total += max(held[0]) + min(held[1]) if held[1] else 0
    assert total == checksum


def test_every_parser_is_given_the_same_frames(books: ModuleType, tmp_path: Path) -> None:
    checksum = books.write_frames(tmp_path / "frames.txt", 42, 50)
    total = 0
    for line in (tmp_path / "frames.txt").read_text(encoding="utf-8").splitlines():
        frame: dict[str, Any] = json.loads(line)
        levels = frame["b"] + frame["a"]
        assert (frame["e"], len(levels)) == ("depthUpdate", 40)
        total += frame["U"] + frame["u"]
        total += sum(int(text.replace(".", "")) for level in levels for text in level)
    assert total == checksum


@pytest.mark.parametrize(
    ("last_line", "absent"),
    [("ModuleNotFoundError: No module named 'x'", True), ("ValueError: broken", False)],
)
def test_a_rival_that_is_not_installed_is_a_row_and_a_broken_one_stops(
    books: ModuleType, monkeypatch: pytest.MonkeyPatch, last_line: str, absent: bool
) -> None:
    done = books.subprocess.CompletedProcess([], 1, "", f"Traceback\n{last_line}\n")
    monkeypatch.setattr(books, "_run", lambda _command: done)
    if not absent:
        with pytest.raises(SystemExit, match="book_x"):
            books.rivals("book_x.py", Path("updates.npz"))
        return
    (row,) = books.rivals("book_x.py", Path("updates.npz"))
    assert row.absent == f"not here: {last_line}"


def test_every_script_is_there(books: ModuleType) -> None:
    for what in (books.BOOKS, books.PARSERS):
        assert all((books.SUBJECTS / script).is_file() for script in what.scripts)
