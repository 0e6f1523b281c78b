"""`bot4 orders`, `fills`, `equity` say what the journal says, while a bot runs and afterwards."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot4.journal.copy import Copy
from bot4.run_folder import COPY
from journal.trading import SEED, trading

Bot4 = Callable[..., Any]

PROGRAM = "from bot4.cli import main; raise SystemExit(main())"


def of_kind(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


def printed(bot4: Bot4, *arguments: object) -> list[dict[str, Any]]:
    ran = bot4(*arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(ran.out)
    return rows


@pytest.mark.parametrize(
    ("command", "kind", "names"),
    [
        ("fills", "fill", "ts strategy instrument side price qty notional fee last"),
        ("orders", "order", "id ts strategy instrument side size_base size_quote limit"),
        ("equity", "equity", "ts equity cash"),
    ],
)
def test_every_record_of_a_run_is_printed(
    bot4: Bot4,
    ended: tuple[Path, list[dict[str, Any]]],
    command: str,
    kind: str,
    names: str,
) -> None:
    folder, records = ended
    expected = of_kind(records, kind)
    assert len(expected) >= 10
    rows = printed(bot4, command, folder)
    assert [[row[name] for name in names.split()] for row in rows] == [
        [record[name] for name in names.split()] for record in expected
    ]
    lines = list(csv.DictReader(io.StringIO(bot4(command, folder, "--csv").out)))
    assert [line["entry"] for line in lines] == [str(row["entry"]) for row in rows]
    plain = bot4(command, folder).out.splitlines()
    assert len(plain) == len(rows) + 1


def test_an_order_adds_up_its_fills(bot4: Bot4, ended: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, records = ended
    orders = {order["id"]: order for order in printed(bot4, "orders", folder)}
    assert sum(order["fills"] for order in orders.values()) == len(of_kind(records, "fill"))
    for fill in of_kind(records, "fill"):
        if fill["last"]:
            assert orders[fill["id"]]["state"] == "filled"


def test_filters_choose_rows(bot4: Bot4, ended: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, records = ended
    fills = of_kind(records, "fill")
    crosses = [fill for fill in fills if fill["strategy"] == "sma_cross"]
    assert 0 < len(crosses) < len(fills)
    assert len(printed(bot4, "fills", folder, "--strategy", "sma_cross")) == len(crosses)
    assert len(printed(bot4, "fills", folder, "--instrument", "BTCUSDT")) == len(crosses)
    named = printed(bot4, "fills", folder, "--instrument", "simulated:BTCUSDT", "--last", 2)
    assert [row["ts"] for row in named] == [fill["ts"] for fill in crosses[-2:]]
    assert printed(bot4, "fills", folder, "--since", "2100-01-01") == []
    assert len(printed(bot4, "fills", folder, "--until", "2100-01-01")) == len(fills)


def test_while_the_bot_runs_its_copy_is_read(bot4: Bot4, tmp_path: Path) -> None:
    folder = tmp_path / ".bot4" / "live"
    with trading(folder) as run:
        ran = bot4("fills")
        assert (ran.code, ran.out) == (2, "")
        assert f"has no {COPY} yet" in ran.err
        records = run.records(0, 10**6)
        half = [record for record in records if record["entry"] <= records[-1]["entry"] // 2]
        copy = Copy(folder)
        copy.add(half)
        assert len(printed(bot4, "fills")) == len(of_kind(half, "fill"))
        copy.close()
    assert len(printed(bot4, "fills")) >= len(of_kind(records, "fill"))


def test_a_damaged_copy_is_made_anew_once_the_bot_has_ended(
    bot4: Bot4, ended: tuple[Path, list[dict[str, Any]]]
) -> None:
    folder, records = ended
    printed(bot4, "fills", folder)
    (folder / COPY).write_text("no database\n" * 1000)
    assert len(printed(bot4, "fills", folder)) == len(of_kind(records, "fill"))


@pytest.mark.parametrize("name", ["equity.png", "equity.HTML"])
def test_equity_is_drawn(
    bot4: Bot4, ended: tuple[Path, list[dict[str, Any]]], tmp_path: Path, name: str
) -> None:
    ran = bot4("equity", ended[0], "--plot", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(f"is drawn in {name}\n")
    content = (tmp_path / name).read_bytes()
    if name.endswith(".png"):
        assert content.startswith(b"\x89PNG")
    else:
        assert b"SIMULATED" in content
    assert len(printed(bot4, "equity", ended[0], "--plot", name, "--last", 3)) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fills", "--strategy", "sma_crss"), "did you mean sma_cross?"),
        (("orders", "--instrument", "BTCUSD"), "did you mean BTCUSDT?"),
        (("fills", "--json", "--csv"), "give one of them"),
        (("fills", "--since", "soon"), "since is 'soon'; give an ISO date"),
        (("fills", "--since", "2024-02-01", "--until", "2024-01-01"), "must be before until"),
        (("fills", "--last", "0"), "greater than or equal to 1"),
        (("equity", "--plot", "equity.pdf"), "a plot is written as png or html"),
        (("equity", "--plot", "e.png", "--since", "2100-01-01"), "no equity to draw"),
    ],
)
def test_a_slip_is_one_line(
    bot4: Bot4,
    ended: tuple[Path, list[dict[str, Any]]],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    command, *options = arguments
    ran = bot4(command, ended[0], *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["orders", "fills", "equity", "replay"])
def test_what_is_no_journal_is_one_line(bot4: Bot4, tmp_path: Path, command: str) -> None:
    (tmp_path / "journal.redb").write_bytes(b"not a journal of ours" * 500)
    ran = bot4(command, tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert "is not a journal" in ran.err


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("command", ["orders", "fills", "equity"])
def test_on_a_terminal_a_table_fits_and_says_what_market_it_was(
    ended: tuple[Path, list[dict[str, Any]]], command: str, columns: int
) -> None:
    lines = on_terminal(command, ended[0], 30, columns)
    assert "SIMULATED" in lines[0] or lines[0].endswith("…")
    assert max(map(len, lines)) <= columns
    assert len(lines) >= 33


def test_the_title_says_how_many_were_asked_for(tmp_path: Path) -> None:
    with trading(tmp_path, seconds=3000) as run:
        print(f"seed {SEED}")
        placed = len(of_kind(run.records(0, 10**6), "order"))
    assert placed > 60
    assert on_terminal("orders", tmp_path, 60, 120)[0].startswith("the last 60 orders of ")


def on_terminal(command: str, folder: Path, last: int, columns: int) -> list[str]:
    """What a terminal of that width shows."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, command, str(folder), "--last", str(last)],
        stdout=slave,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1"},
    ) as running:
        os.close(slave)
        shown = b""
        while chunk := _read(master):
            shown += chunk
        assert running.wait() == 0
    os.close(master)
    return shown.decode().replace("\r\n", "\n").splitlines()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""
