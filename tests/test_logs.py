"""A line an event, for people or machines; what cannot be written stops nobody."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot4 import logs
from bot4.config import LogTable

STAMP = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    logs.stop()


def test_a_line_of_text_reads_from_time_to_fields(tmp_path: Path) -> None:
    logs.start(LogTable(), tmp_path, console=False)
    logs.logger("feed").info("ready", seconds=0.25, market="a market", at=Path("x"))
    logs.stop()
    line = (tmp_path / "bot4.log").read_text(encoding="utf-8")
    assert re.fullmatch(
        STAMP + r' info    feed     ready +at=x market="a market" seconds=0\.25\n', line
    )


def test_a_line_of_json_has_the_same_fields(tmp_path: Path) -> None:
    logs.start(LogTable(format="json"), tmp_path, console=False)
    logs.logger("feed").warning("late", zero=Decimal("0.10"), age=float("nan"), by=("a", None))
    logs.stop()
    fields = json.loads((tmp_path / "bot4.log").read_text(encoding="utf-8"))
    assert list(fields) == ["ts", "level", "component", "event", "age", "by", "zero"]
    assert re.fullmatch(STAMP, fields.pop("ts"))
    assert fields == {
        "level": "warning",
        "component": "feed",
        "event": "late",
        "zero": "0.10",
        "age": "nan",
        "by": ["a", None],
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_whatever_it_holds_an_event_is_one_line(tmp_path: Path, form: str) -> None:
    logs.start(LogTable.model_validate({"format": form}), tmp_path, console=False)
    logs.logger("feed").info("two\nlines", why="a\r\nb\x1b[2J", odd="\udcff")
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logs.logger("feed").exception("failed")
    logs.stop()
    text = (tmp_path / "bot4.log").read_text(encoding="utf-8")
    assert text.count("\n") == 2
    assert "\r" not in text
    assert "\x1b" not in text
    assert "ValueError: first" in text
    assert "test_logs.py:" in text


def test_less_than_the_level_is_not_written(tmp_path: Path) -> None:
    logs.start(LogTable(level="warning"), tmp_path, console=False)
    for name in ("debug", "info", "warning", "error"):
        getattr(logs.logger("feed"), name)(name)
    logs.stop()
    written = (tmp_path / "bot4.log").read_text(encoding="utf-8").splitlines()
    assert [line.split()[1] for line in written] == ["warning", "error"]


def test_what_a_library_logs_is_a_line_of_its_component(tmp_path: Path) -> None:
    logs.start(LogTable(), tmp_path, console=False)
    logging.getLogger("asyncio").warning("a task was %s", "lost")
    logs.stop()
    assert "asyncio  a task was lost" in (tmp_path / "bot4.log").read_text(encoding="utf-8")


def test_the_console_has_the_line_without_colours_where_it_is_no_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.start(LogTable(file=False), tmp_path, console=True)
    logs.logger("feed").info("ready")
    logs.stop()
    out, err = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(STAMP + r" info    feed     ready\n", err)
    assert list(tmp_path.iterdir()) == []


def test_before_the_start_and_after_the_stop_nothing_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = logs.logger("feed")
    log.error("early")
    logs.start(LogTable(), tmp_path, console=True)
    logs.stop()
    log.error("late")
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "bot4.log").read_text(encoding="utf-8") == ""


def test_files_rotate_and_so_many_are_kept(tmp_path: Path) -> None:
    table = LogTable(max_mb=Decimal("0.001"), keep=2)
    logs.start(table, tmp_path, console=False)
    for number in range(100):
        logs.logger("feed").info("a line that fills the file", number=number)
    logs.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bot4.log",
        "bot4.log.1",
        "bot4.log.2",
    ]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert "number=99" in (tmp_path / "bot4.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        pytest.param(
            "/dev/full",
            "No space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here"),
        ),
        ("taken/bot4.log", "File exists"),
        ("folder", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_said_once_and_done_without(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], file: str, why: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "taken").write_text("", encoding="utf-8")
    logs.start(LogTable(file=file), tmp_path, console=False)
    for _ in range(3):
        logs.logger("feed").info("ready")
    logs.stop()
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "the log file cannot be written; going on without it" in err
    assert file in err
    assert why in err


def test_the_console_goes_on_where_the_file_cannot(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.start(LogTable(file=str(tmp_path)), tmp_path, console=True)
    logs.logger("feed").info("ready")
    logs.stop()
    assert [line.split()[2] for line in capfd.readouterr().err.splitlines()] == ["log", "feed"]


def test_a_terminal_that_does_not_read_delays_nobody(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from bot4 import logs\n"
        "from bot4.config import LogTable\n"
        "logs.start(LogTable(file=False), Path('.'), console=True)\n"
        "log = logs.logger('feed')\n"
        "began = time.perf_counter()\n"
        "for number in range(20_000): log.info('x' * 100)\n"
        "spent = time.perf_counter() - began\n"
        "logs.stop()\n"
        "print(spent)\n"
    )
    reads, writes = os.pipe()
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=writes,
        timeout=60,
        check=False,
    )
    os.close(writes)
    os.close(reads)
    print(f"20,000 lines in {float(done.stdout):.2f} s, {time.perf_counter() - began:.1f} s in all")
    assert done.returncode == 0
    assert float(done.stdout) < 10


def test_lines_that_did_not_fit_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, writes = os.pipe()
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.extend(iter(lambda: os.read(reads, 65536), b"")))
    with os.fdopen(writes, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.start(LogTable(file=False), tmp_path, console=True)
        for _ in range(15_000):
            logs.logger("feed").info("x" * 100)
        reader.start()
        logs.stop()
    reader.join(10)
    os.close(reads)
    lines = b"".join(seen).decode().splitlines()
    counted = [int(line.rpartition("lines=")[2]) for line in lines if "left out" in line]
    assert sum(counted) + len(lines) - len(counted) == 15_000
    assert sum(counted) > 0


def test_any_thread_may_log(tmp_path: Path) -> None:
    logs.start(LogTable(), tmp_path, console=False)

    def say() -> None:
        for number in range(200):
            logs.logger("feed").info("line", number=number)

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs.stop()
    lines = (tmp_path / "bot4.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 800
    assert all(" line " in line for line in lines)
