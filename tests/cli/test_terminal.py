"""Output that cannot be written, a terminal without UTF-8, files one may not read."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bot4 as b4
from bot4.cli.terminal import panics_kept_off

Bot4 = Callable[..., Any]

PROGRAM = f"{sys.executable} -c 'from bot4.cli import main; raise SystemExit(main())'"
SMA = "backtest --strategy sma_cross --data simulated --bars 300"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"{PROGRAM} {line}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{SMA} >&-", "standard output is closed"),
        (f"{SMA} > /dev/full", "the output cannot be written: No space left on device"),
        (f"{SMA} --json > /dev/full", "the output cannot be written: No space left on device"),
        ("> /dev/full", "the output cannot be written: No space left on device"),
        ("--version > /dev/full", "the output cannot be written: No space left on device"),
        ("strategies >&-", "standard output is closed"),
    ],
)
def test_output_that_cannot_be_written_is_one_line_and_1(
    tmp_path: Path, line: str, words: str
) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    ran = shell(line, tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("error: ")
    assert words in ran.stderr


def test_nothing_is_written_where_nothing_can_be_said(tmp_path: Path) -> None:
    assert shell("new mine >&-", tmp_path).returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code"), [(f"{SMA} 2>&-", 0), ("backtest gone.py 2>&-", 2), ("new class 2>&-", 2)]
)
def test_without_a_stderr_the_code_is_the_same(tmp_path: Path, line: str, code: int) -> None:
    ran = shell(line, tmp_path)
    assert ran.returncode == code
    assert bool(ran.stdout) is (code == 0)


@pytest.mark.parametrize("environment", [ASCII, {}], ids=["ascii", "as it is"])
@pytest.mark.parametrize("name", ["prüf", "gr\udcfc\udce9"], ids=["utf-8", "latin-1"])
def test_a_name_that_the_terminal_cannot_show_is_read_all_the_same(
    tmp_path: Path, frame: pl.DataFrame, name: str, environment: dict[str, str]
) -> None:
    (tmp_path / f"{name}.csv").write_text(frame.write_csv())
    (tmp_path / f"{name}.toml").write_text(
        '[backtest]\ndata = "run.csv"\n[[strategy]]\nname = "sma_cross"\n', encoding="utf-8"
    )
    (tmp_path / "run.csv").write_text(frame.write_csv())
    line = f"backtest --strategy sma_cross --data {name}.csv"
    ran = subprocess.run(
        ["bash", "-c", os.fsencode(f"{PROGRAM} {line} --json && {PROGRAM} {line} --plot o.png")],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    first, _, summary = ran.stdout.partition(b"\n")
    (instrument,) = json.loads(first)["instruments"]
    assert instrument == ("file:prüf" if name == "prüf" else "file:gr��")
    assert b"final equity" in summary
    gone = shell("backtest --strategy sma_cross --data prüf2.csv", tmp_path, **environment)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert len(gone.stderr.splitlines()) == 1


def test_an_error_line_holds_nothing_that_moves_the_cursor(bot4: Bot4) -> None:
    ran = bot4("backtest", "--strategy", "sma_cross", "--data", "a\x1b]2J\x07\u2028\udcffb.csv")
    assert ran.code == 2
    assert ran.err.startswith("error: there is no file or folder a?]2J? ")
    assert ran.err.count("\n") == 1


@contextmanager
def unprivileged() -> Iterator[Path]:
    """Be a user whom permissions bind, in a folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65_534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)
            for path in Path(folder).rglob("*"):
                path.chmod(0o700)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--strategy", "sma_cross", "--data", "closed.csv"),
            "closed.csv cannot be read as csv: P",
        ),
        (("--strategy", "sma_cross", "--data", "closed"), "closed cannot be read: Permission den"),
        (
            ("--strategy", "sma_cross", "--data", "closed/x.csv"),
            "cannot be read: Permission denied",
        ),
        (("closed.py",), "closed.py cannot be read as Python: Permission denied"),
        (("closed.toml",), "closed.toml cannot be read: Permission denied"),
        (("--strategy", "sma_cross", "--plot", "closed/x.png"), "cannot be written: Permission d"),
    ],
)
def test_what_may_not_be_read_is_one_line(
    bot4: Bot4, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    with unprivileged() as folder:
        monkeypatch.chdir(folder)
        for name in ("closed.csv", "closed.py", "closed.toml"):
            (folder / name).write_text("x")
            (folder / name).chmod(0)
        (folder / "closed").mkdir(mode=0)
        ran = bot4("backtest", *arguments)
        monkeypatch.chdir("/")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert words in ran.err


def test_a_file_that_cannot_be_filled_is_not_left_half_written(
    bot4: Bot4, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot4.cli.new._FILE", "\ud800{name}")
    ran = bot4("new", "mine")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_panic_of_polars_does_not_reach_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(b4.DataError, match="damaged") as refused:
        held_back(b4.DataError("damaged"), pl.exceptions.PanicException("x"))
    assert refused.type is b4.DataError
    assert capfd.readouterr().err == ""


def held_back(error: Exception | None, cause: BaseException | None = None) -> None:
    with panics_kept_off():
        os.write(2, b"a line from below\n")
        if error is not None:
            raise error from cause


def test_everything_else_on_stderr_is_let_out(capfd: pytest.CaptureFixture[str]) -> None:
    held_back(None)
    assert capfd.readouterr().err == "a line from below\n"
    with pytest.raises(b4.DataError, match="no such column") as refused:
        held_back(b4.DataError("no such column"))
    assert refused.type is b4.DataError
    assert capfd.readouterr().err == "a line from below\n"
