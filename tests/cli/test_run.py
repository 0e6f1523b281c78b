"""``bot4 run`` from its first line to its last: what it prints, keeps, refuses, and survives.

Long because every way to start, stop and refuse a run is typed here.
"""

import fcntl
import http.client
import json
import os
import pty
import signal
import socket
import stat
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bot4 as b4
from live.bots import DONCHIAN, PROGRAM, Bot, configured, outcome, ran, running

Bot4 = Callable[..., Any]

KEYS = {
    "mode", "feed", "simulated", "seed", "sizing", "events", "orders", "fills", "fills_by_strategy",
    "refused", "clipped", "crosses", "crossed", "equity", "cash", "trading_state", "events_per_s",
    "elapsed_s", "latency", "components", "journal", "resumed", "durability", "speed", "ended",
    "left", "engine_hash", "ledger_hash", "faults",
}  # fmt: skip
CLASS = """
import bot4 as b4

@b4.strategy
class Mine(b4.Strategy):
    def on_bar(self, ctx, bar):
        {body}
"""
MINE = 'file = "mine.py"\ninstruments = ["ETHUSDT"]'


def with_class(folder: Path, body: str, **changed: Any) -> Path:
    (folder / "mine.py").write_text(CLASS.format(body=body), encoding="utf-8")
    return configured(folder, second=MINE, **changed)


def test_it_trades_and_ends_with_one_object(tmp_path: Path) -> None:
    told = outcome(configured(tmp_path), "--for", "4s")
    assert set(told) == KEYS
    assert (told["mode"], told["feed"], told["simulated"], told["seed"]) == (
        "paper",
        "simulated",
        True,
        7,
    )
    assert min(told["fills_by_strategy"].values()) >= 2
    assert set(told["fills_by_strategy"]) == {"sma_cross", "donchian_breakout"}
    assert isinstance(told["equity"], float)
    assert (told["resumed"], told["ended"], told["journal"]) == (
        False,
        "--for is over",
        ".bot4/first",
    )
    assert len(told["ledger_hash"]) == len(told["engine_hash"])
    assert 3.5 < told["elapsed_s"] < 9


def test_strategies_on_one_instrument_are_counted_by_their_names(
    bot4: Bot4, tmp_path: Path
) -> None:
    second = 'name = "sma_cross"\ninstruments = ["BTCUSDT"]\nset = { fast = 2, slow = 5 }'
    told = outcome(configured(tmp_path, second=second), "--for", "4s")
    assert set(told["fills_by_strategy"]) == {"sma_cross", "sma_cross-2"}
    assert min(told["fills_by_strategy"].values()) >= 1
    assert isinstance(told["crosses"], int)
    shown = bot4("orders", "--strategy", "sma_cross-2", tmp_path / ".bot4" / "first")
    assert shown.code == 0, shown.err
    assert "sma_cross-2" in shown.out


def test_the_next_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    config = configured(tmp_path)
    first = outcome(config, "--for", "2s")
    second = outcome(config, "--for", "2s")
    assert (first["resumed"], second["resumed"]) == (False, True)
    assert second["events"] > first["events"]
    assert second["fills"] >= first["fills"]
    third = outcome(config, "--for", "1s", "--fresh")
    assert third["resumed"] is False
    assert sorted(path.name for path in (tmp_path / ".bot4").iterdir()) == ["first", "first.1"]


def test_lines_say_what_it_is_what_happens_and_how_it_ended(tmp_path: Path) -> None:
    done = ran(configured(tmp_path), "--for", "6s")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "PAPER · SIMULATED MARKET seed 7 · x60"
    assert ".bot4/first" in lines[1]
    text = done.stdout
    for words in (
        "  fill  ",
        "  status  ",
        "SIMULATED market, seed 7: these trades never happened.",
        "sma_cross",
        "refused",
        "ledger hash",
        "bot4 replay .bot4/first",
    ):
        assert words in text
    assert "\x1b" not in text


def test_the_folder_is_private_and_holds_what_a_run_keeps(tmp_path: Path) -> None:
    outcome(configured(tmp_path), "--for", "1s")
    folder = tmp_path / ".bot4" / "first"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert {"journal.redb", "copy.sqlite", "bot4.log"} <= names
    assert "control.sock" not in names


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (("--seed", "11"), "seed", 11),
        (("--speed", "5"), "speed", 5.0),
        (("--speed", "max"), "speed", None),
        (("--durability", "block"), "durability", "block"),
        (("--folder", "elsewhere"), "journal", "elsewhere"),
    ],
)
def test_what_is_typed_wins(
    tmp_path: Path, options: tuple[str, ...], key: str, value: object
) -> None:
    assert outcome(configured(tmp_path), "--for", "500ms", *options)[key] == value


def test_the_environment_wins_over_the_file_and_what_is_typed_over_both(tmp_path: Path) -> None:
    config = configured(tmp_path)
    done = ran(config, "--json", "--for", "200ms", BOT4__RUN__SEED="5", BOT4__RUN__SPEED="9")
    assert (json.loads(done.stdout)["seed"], json.loads(done.stdout)["speed"]) == (5, 9.0)
    done = ran(config, "--json", "--fresh", "--for", "200ms", "--seed", "6", BOT4__RUN__SEED="5")
    assert json.loads(done.stdout)["seed"] == 6


def refused(bot4: Bot4, words: str, *arguments: object) -> None:
    """A line on stderr with these words, exit code 2, nothing on stdout but the banner."""
    done = bot4("run", *arguments)
    assert done.code == 2, done
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: ")
    assert words in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--for", "soon"), "such as 30s"),
        (("--speed", "0"), "speed"),
        (("--speed", "quick"), "speed"),
        (("--seed", "-1"), "seed"),
        (("--feed", "live"), "feed"),
        (("--feed", "replay"), "data"),
        (("--durability", "none"), "durability"),
        (("--metrics", "nowhere"), "metrics.address"),
        (("--data", "gone.parquet"), "[[instrument]] is of simulated markets"),
    ],
)
def test_a_bad_option_is_one_line(
    bot4: Bot4, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    refused(bot4, words, configured(tmp_path), *options)
    assert not (tmp_path / ".bot4").exists()


def test_a_run_needs_a_configuration(bot4: Bot4) -> None:
    refused(bot4, "bot4 run examples/first.toml")
    refused(bot4, "there is no configuration file gone.toml", "gone.toml")


@pytest.mark.parametrize(
    ("run", "second", "words"),
    [
        ("sped = 3", DONCHIAN, "did you mean speed?"),
        ("", 'name = "donchian"', "donchian"),
        ("", 'name = "sma_cross"\ninstruments = ["BTCUSDT", "BTCUSDT"]', "twice; once is enough"),
        ("", 'name = "donchian_breakout"\ninstruments = ["XRPUSDT"]', "no instrument 'XRPUSDT'"),
    ],
)
def test_a_bad_configuration_is_one_line(
    bot4: Bot4, tmp_path: Path, run: str, second: str, words: str
) -> None:
    refused(bot4, words, configured(tmp_path, run=run, second=second))


def test_a_port_that_is_taken_is_one_line_before_anything_trades(
    bot4: Bot4, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused(
            bot4,
            f"metrics cannot be served at {address}",
            configured(tmp_path),
            "--metrics",
            address,
        )
    told = outcome(configured(tmp_path), "--for", "200ms")
    assert told["ended"] == "--for is over"


def test_a_folder_that_cannot_be_made_is_one_line(bot4: Bot4, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(bot4, "file/x cannot be made", configured(tmp_path), "--folder", "file/x")


def test_a_journal_that_is_not_ours_is_one_line_and_left_alone(bot4: Bot4, tmp_path: Path) -> None:
    folder = tmp_path / ".bot4" / "first"
    folder.mkdir(parents=True)
    (folder / "journal.redb").write_bytes(b"something else" * 1_000)
    refused(bot4, "journal", configured(tmp_path))
    assert (folder / "journal.redb").read_bytes() == b"something else" * 1_000


def test_a_second_bot_on_the_same_journal_is_one_line(bot4: Bot4, tmp_path: Path) -> None:
    config = configured(tmp_path)
    with running(config, "--json") as bot:
        bot.until(lambda status: status["events"] > 0)
        refused(bot4, "in use", config)
        refused(bot4, "a bot runs in .bot4/first", config, "--fresh")
        assert bot.status()["events"] > 0
        bot.ask("stop")
        assert bot.end()[0] == 0


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_is_a_graceful_end(tmp_path: Path, one: signal.Signals) -> None:
    with running(configured(tmp_path), "--plain") as bot:
        bot.until(lambda status: status["fills"] >= 2)
        bot.press(one)
        code, out, err = bot.end()
    assert (code, err) == (0, "")
    assert "ended" in out
    assert "bot4 replay .bot4/first" in out
    told = outcome(configured(tmp_path), "--for", "200ms")
    assert told["resumed"] is True


def test_two_signals_end_it_at_once(tmp_path: Path) -> None:
    # An order is a market's minute on its way, a second of ours: closing takes longer than we wait.
    config = configured(tmp_path, run='on_stop = "flatten"\nlatency_ms = 60_000')
    with running(config, "--json") as bot:
        bot.until(lambda status: status["positions"])
        began = time.monotonic()
        bot.press(signal.SIGINT, signal.SIGINT)
        code, out, err = bot.end()
    assert time.monotonic() - began < 2
    assert (code, out) == (130, "")
    assert err.startswith("error: stopped at once; ")
    assert err.count("\n") == 1
    with running(config, "--json", "--for", "200ms") as bot:
        out = bot.end()[1]
    assert json.loads(out)["resumed"] is True


def test_a_stop_flattens_where_that_is_configured(tmp_path: Path) -> None:
    config = configured(tmp_path, run='on_stop = "flatten"')
    with running(config, "--json") as bot:
        bot.until(lambda status: status["positions"])
        bot.ask("stop")
        code, out, _ = bot.end()
    told = json.loads(out)
    assert code == 0
    assert told["equity"] == told["cash"]


def test_a_stop_that_could_not_close_everything_says_so(tmp_path: Path) -> None:
    # An order is a market's minute on its way, three seconds of ours: as long as we wait.
    slow = configured(tmp_path, speed=20, run='on_stop = "flatten"\nlatency_ms = 60_000')
    with running(slow, "--json") as bot:
        bot.until(lambda status: status["positions"])
        bot.ask("stop")
        code, out, err = bot.end()
    assert (code, err.count("\n")) == (1, 1)
    assert "when the time for stopping was over; bot4 run goes on with it" in err
    assert json.loads(out)["left"]


def test_a_killed_run_leaves_a_socket_and_a_journal_that_the_next_one_takes_over(
    tmp_path: Path,
) -> None:
    config = configured(tmp_path)
    with running(config, "--json") as bot:
        before = bot.until(lambda status: status["fills"] >= 4)
        bot.process.kill()
        bot.process.wait()
        assert (bot.folder / "control.sock").exists()
    with running(config, "--json") as bot:
        after = bot.until(lambda status: status["events"] > before["events"])
        assert after["fills"] >= before["fills"]
        bot.ask("stop")
        code, out, _ = bot.end()
    assert (code, json.loads(out)["resumed"]) == (0, True)


def test_what_a_strategy_prints_stays_out_of_the_object(tmp_path: Path) -> None:
    told = outcome(with_class(tmp_path, "print('bar', bar.close)"), "--for", "2s")
    assert told["events"] > 0
    log = (tmp_path / ".bot4" / "first" / "bot4.log").read_text(encoding="utf-8")
    assert "printed" in log


def test_a_strategy_that_never_comes_back_does_not_keep_the_process(tmp_path: Path) -> None:
    config = with_class(tmp_path, "while True: pass")
    with running(config, "--json") as bot:
        time.sleep(3)
        began = time.monotonic()
        bot.press(signal.SIGINT, signal.SIGINT)
        code, out, err = bot.end()
    assert time.monotonic() - began < 5
    assert (code, out) == (130, "")
    assert "what was durable is in .bot4/first" in err


def bars_file(folder: Path, bars: int = 400) -> Path:
    path = folder / "BTCUSDT-1h.parquet"
    b4.simulated(bars=bars, seed=11).frame.write_parquet(path)
    return path


REPLAY = """
[run]
feed = "replay"
data = {data!r}
speed = "max"
latency_ms = 0
[[strategy]]
name = "sma_cross"
[risk]
profile = "unleveraged"
"""


def replaying(folder: Path, data: Path) -> Path:
    path = folder / "replay.toml"
    path.write_text(REPLAY.format(data=str(data)), encoding="utf-8")
    return path


def test_bars_in_a_run_give_the_ledger_of_the_backtest(tmp_path: Path) -> None:
    path = bars_file(tmp_path)
    told = outcome(replaying(tmp_path, path))
    tested = b4.backtest(b4.sma_cross(), path, cash=10_000, fee_bps=10, slippage_bps=1)
    assert (told["simulated"], told["seed"], told["feed"]) == (False, None, "replay")
    assert told["ended"] == "the market has ended"
    assert told["fills"] == tested.metrics.fills > 0
    assert told["ledger_hash"] == tested.metrics.ledger_hash


def test_a_replay_of_a_file_that_is_gone_is_one_line(bot4: Bot4, tmp_path: Path) -> None:
    refused(bot4, "gone.parquet", replaying(tmp_path, tmp_path / "gone.parquet"))


def test_a_replay_that_has_ended_says_so_and_ends_again(tmp_path: Path) -> None:
    config = replaying(tmp_path, bars_file(tmp_path))
    first = outcome(config)
    again = outcome(config)
    assert again["resumed"] is True
    assert [again[key] for key in ("events", "fills", "ledger_hash")] == [
        first[key] for key in ("events", "fills", "ledger_hash")
    ]


def test_the_same_recording_twice_gives_the_same_engine(tmp_path: Path) -> None:
    rows = 4_000
    trades = pl.DataFrame(
        {
            "ts": [1_704_067_200_000 + 500 * row for row in range(rows)],
            "price": [100 + (row * 7919 % 200) / 100 for row in range(rows)],
            "qty": [0.5 + row % 3 for row in range(rows)],
            "side": ["buy" if row % 2 else "sell" for row in range(rows)],
        }
    )
    path = tmp_path / "BTCUSDT.parquet"
    trades.write_parquet(path)
    config = replaying(tmp_path, path)
    first = outcome(config)
    second = outcome(config, "--fresh")
    assert first["fills"] > 0
    assert first["engine_hash"] == second["engine_hash"]
    assert first["ledger_hash"] == second["ledger_hash"]


@contextmanager
def on_terminal(
    config: Path, *options: str, size: tuple[int, int] = (40, 140)
) -> Iterator[tuple[Bot, int]]:
    """Run on a terminal; the bot, and the end of the terminal that a person would look at."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, "run", str(config), *options],
        cwd=config.parent,
        stdin=writer,
        stdout=writer,
        stderr=writer,
        env={**os.environ, "TERM": "xterm-256color"},
        text=True,
    )
    os.close(writer)
    try:
        yield Bot(process, config.parent / ".bot4" / config.stem), reader
    finally:
        process.kill()
        process.wait()
        os.close(reader)


def seen(reader: int, seconds: float) -> str:
    """Read a terminal until it is closed."""
    received, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            part = os.read(reader, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        received += part
    return received.decode("utf-8", "replace")


def test_on_a_terminal_there_is_a_screen_and_then_the_summary(tmp_path: Path) -> None:
    with on_terminal(configured(tmp_path), "--for", "3s") as (bot, reader):
        text = seen(reader, 30)
        assert bot.process.wait(10) == 0
    before, _, rest = text.partition("\x1b[?1049h")
    screen, _, after = rest.partition("\x1b[?1049l")
    assert "PAPER · SIMULATED MARKET seed 7 · x60" in before
    for words in ("positions", "working orders", "decisions", "intent→sent", "Ctrl-C stops"):
        assert words in screen
    assert "bot4 replay .bot4/first" in after


def test_a_terminal_that_nobody_reads_does_not_delay_trading(tmp_path: Path) -> None:
    with on_terminal(configured(tmp_path)) as (bot, _):
        first = bot.until(lambda status: status["events"] > 0)
        time.sleep(3)  # far more than a terminal holds is drawn meanwhile
        later = bot.status()
        assert later["events"] > first["events"] + 500
        assert later["lag_ms"] < 500
        assert later["held_back_s"] == 0
        bot.ask("stop")
        assert bot.process.wait(15) == 0


def test_a_speed_that_no_machine_keeps_slows_the_market_and_says_so(tmp_path: Path) -> None:
    with running(configured(tmp_path, speed=1_000_000), "--plain") as bot:
        status = bot.until(lambda status: status["held_back_s"] > 0)
        later = bot.until(lambda one: one["held_back_s"] > 2 * status["held_back_s"])
        assert max(status["lag_ms"], later["lag_ms"]) < 1_500
        bot.ask("stop")
        code, out, _ = bot.end()
    assert code == 0
    assert "the machine cannot keep this speed" in out
    log = (bot.folder / "bot4.log").read_text(encoding="utf-8")
    assert "the market is held back" in log


def test_metrics_are_served_while_it_runs(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(configured(tmp_path), "--json", "--metrics", f"127.0.0.1:{port}") as bot:
        bot.until(lambda status: status["fills"] >= 2)
        dead = socket.create_connection(("127.0.0.1", port))
        time.sleep(0.5)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", "/metrics")
        text = client.getresponse().read().decode()
        client.close()
        status = bot.status()
        bot.ask("stop")
        code, _, _ = bot.end(10)
        dead.close()
    assert code == 0
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert 0 < float(values["bot4_events_total"]) <= status["events"]
    assert float(values['bot4_fills_total{strategy="sma_cross"}']) > 0
    assert float(values["bot4_intent_to_sent_seconds_count"]) > 0
    assert float(values['bot4_breaker_state{component="metrics"}']) == 0
    assert status["lag_ms"] < 500


def test_a_copy_that_cannot_be_kept_is_said_and_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".bot4" / "first"
    (folder / "copy.sqlite").mkdir(parents=True)
    with running(configured(tmp_path), "--json") as bot:
        status = bot.until(lambda status: status["fills"] >= 2)
        assert status["components"]["copies"]["state"] in {"open", "half_open"}
        assert "copy.sqlite" in status["components"]["copies"]["reason"]
        journaled = bot.until(lambda status: "copies" in status["breakers"])
        assert journaled["breakers"]["copies"]["stage"] is None, "it holds nothing back"
        (folder / "copy.sqlite").rmdir()
        well = bot.until(lambda status: status["components"]["copies"]["state"] == "closed")
        assert well["components"]["copies"]["restarts"] >= 1
        bot.until(lambda status: "copies" not in status["breakers"])
        bot.ask("stop")
        assert bot.end()[0] == 0


def test_a_venue_with_faults_says_so_and_how_often_each_was_met(tmp_path: Path) -> None:
    config = configured(tmp_path, speed='"max"')
    faults = "[run.faults]\nlost_ack = 0.2\nlost_fill = 0.2\ndoubled_fill = 0.2\n"
    text = config.read_text("utf-8")
    config.write_text(f"{text}\n{faults}", encoding="utf-8")
    told = outcome(config, "--for", "3s")
    met = told["faults"]
    assert all(met[name] > 0 for name in ("lost_ack", "lost_fill", "doubled_fill")), met
    assert met["late_reject"] == 0
    assert told["fills"] > 20


def test_nothing_is_ordered_that_is_worth_less_than_its_venue_takes(tmp_path: Path) -> None:
    config = configured(tmp_path, speed='"max"')
    text = config.read_text("utf-8").replace("lot =", "notional_min = 1_000_000\nlot =")
    config.write_text(text, encoding="utf-8")
    told = outcome(config, "--for", "2s")
    assert (told["orders"], told["fills"]) == (0, 0)
    assert told["refused"]["below_minimum"] > 0


def test_what_is_sold_at_market_is_worth_what_the_market_says(tmp_path: Path) -> None:
    config = configured(tmp_path, speed='"max"')
    text = config.read_text("utf-8").replace("lot =", "notional_min = 5\nlot =")
    config.write_text(text, encoding="utf-8")
    told = outcome(config, "--for", "2s")
    assert told["fills"] > 20
    assert min(told["fills_by_strategy"].values()) > 4, told["fills_by_strategy"]
