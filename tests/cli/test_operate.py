"""The levers of a running bot, from another terminal."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import risk_profiles
from bot4.live import telegram
from live.bots import Bot, configured, running

Bot4 = Callable[..., Any]

KEYS = {"refused", "clipped", "breakers", "components"}


@pytest.fixture
def trading(bot4: Bot4, tmp_path: Path) -> Iterator[Bot]:
    """A bot that has traded a little; `bot4` makes its folder the current one."""
    with running(configured(tmp_path), "--json") as bot:
        bot.until(lambda status: status["fills"] >= 4)
        yield bot


def test_status_shows_how_it_stands(bot4: Bot4, trading: Bot) -> None:
    ran = bot4("status")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("PAPER · SIMULATED MARKET seed 7 · x60\n")
    for words in (
        "equity",
        "sma_cross",
        "donchian_breakout",
        "refused",
        "nearest limit",
        "intent to sent",
    ):
        assert words in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


def test_status_as_json_has_the_engine_the_run_and_the_components(bot4: Bot4, trading: Bot) -> None:
    told = json.loads(bot4("status", "--json", "--folder", trading.folder).out)
    assert (told["mode"], told["feed"], told["simulated"], told["seed"]) == (
        "paper",
        "simulated",
        True,
        7,
    )
    assert {"equity", "positions", "working", "recent", "breakers", "lag_ms"} <= set(told)
    states = {name: one["state"] for name, one in told["components"].items()}
    parts = ("engine", "guard", "copies", "control")
    assert states == dict.fromkeys(parts, "closed")
    assert told["latency"]["event"]["count"] > 0


def test_risk_shows_every_limit_what_is_in_use_and_what_held_back(bot4: Bot4, trading: Bot) -> None:
    ran = bot4("risk")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0] == "limits of unleveraged"
    limits = dict(risk_profiles()["unleveraged"])
    shown = [line.split() for line in lines[2 : 2 + len(limits)]]
    assert [row[0] for row in shown] == list(limits)
    values = {name: str(value).lower() for name, value in limits.items()}
    assert all(values[row[0]] in row for row in shown)
    assert sum("<- nearest" in line for line in lines) == 1
    for words in ("R10", "net_max", "off", "with each order", "refused", "clipped", "drawdown"):
        assert words in ran.out


def test_risk_as_json_names_who_uses_most(bot4: Bot4, trading: Bot) -> None:
    held = trading.until(lambda status: len(status["positions"]) > 0)
    told = json.loads(bot4("risk", "--json", "--folder", trading.folder).out)
    assert set(told) == {"profile", "scale", "measure", "limits", *KEYS}
    rows = {row["limit"]: row for row in told["limits"]}
    assert list(rows) == list(risk_profiles()["unleveraged"])
    assert rows["position_max"]["codes"] == ["R10"]
    assert rows["net_max"]["state"] == "off"
    assert rows["collar"]["state"] == "order"
    assert rows["drift_max"]["state"] == "off"
    assert rows["price_age_max_s"]["state"] == "used"
    assert held["risk"]["limits"]
    for row in rows.values():
        assert (row["use"] is None) == (row["state"] != "used")


def test_what_is_in_use_agrees_with_what_is_held(bot4: Bot4, trading: Bot) -> None:
    told = trading.until(
        lambda s: s["positions"] and not s["working"] and not s["venue"]["in_flight"]
    )
    rows = {row["limit"]: row for row in told["risk"]["limits"]}
    values = [abs(one["value"]) for one in told["positions"]]
    assert rows["position_max"]["use"] == pytest.approx(max(values) / told["equity"], rel=0.02)
    assert rows["gross_max"]["use"] == pytest.approx(sum(values) / told["equity"], rel=0.02)
    largest = max(told["positions"], key=lambda one: abs(one["value"]))
    assert rows["position_max"]["of"] == largest["instrument"].partition(":")[2]


def test_a_paused_strategy_wants_nothing_until_it_is_resumed(bot4: Bot4, trading: Bot) -> None:
    assert "sma_cross is paused" in bot4("pause", "sma_cross").out
    paused = trading.until(lambda status: status["paused"] == ["sma_cross"])
    fills = paused["fills_by_strategy"]
    other = "donchian_breakout"
    later = trading.until(lambda s: s["fills_by_strategy"][other] >= fills[other] + 4)
    assert later["fills_by_strategy"]["sma_cross"] - fills["sma_cross"] <= 1  # it was on its way
    assert bot4("resume", "sma_cross").code == 0
    trading.until(lambda s: s["fills_by_strategy"]["sma_cross"] > fills["sma_cross"] + 1)


def test_flatten_closes_everything_and_opens_nothing(bot4: Bot4, trading: Bot) -> None:
    assert "being closed" in bot4("flatten").out
    flat = trading.until(lambda status: not status["positions"] and not status["working"])
    later = trading.until(lambda status: status["events"] > flat["events"] + 2_000)
    assert later["fills"] == flat["fills"]
    assert bot4("resume").code == 0
    trading.until(lambda status: status["fills"] > later["fills"])


def test_halt_lets_no_order_through_until_it_is_resumed(bot4: Bot4, trading: Bot) -> None:
    assert "no order passes" in bot4("halt").out
    halted = trading.until(lambda status: status["venue"]["in_flight"] == 0)
    later = trading.until(lambda status: status["events"] > halted["events"] + 2_000)
    assert later["orders"] == halted["orders"]
    assert later["trading_state"].lower() == "halted"
    assert bot4("resume").code == 0
    trading.until(lambda status: status["orders"] > later["orders"])


def test_kill_stops_in_stages_until_it_is_armed_again(bot4: Bot4, trading: Bot) -> None:
    assert "nothing is opened" in bot4("kill", "entries").out
    assert "being closed" in bot4("kill", "flatten", "--reason", "it looks wrong").out
    flat = trading.until(lambda status: not status["positions"] and not status["working"])
    later = trading.until(lambda status: status["events"] > flat["events"] + 2_000)
    assert later["fills"] == flat["fills"]
    killed = later["breakers"]["kill_switch"]
    assert (killed["state"], killed["stage"]) == ("latched", "flatten")
    assert (killed["reason"], killed["note"]) == ("operator", "it looks wrong")
    shown = " ".join(bot4("breakers").out.split())
    for words in ("kill_switch", "it looks wrong", "everything is closed", "bot4 rearm"):
        assert words in shown
    told = json.loads(bot4("breakers", "--json").out)
    assert told["breakers"]["kill_switch"] == killed
    assert "kill_switch closed" in bot4("rearm", "kill_switch", "--reason", "I looked").out
    trading.until(lambda status: status["fills"] > later["fills"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kill", "everything"), "entries, cancel, flatten"),
        (("rearm", "drawdown"), "--reason"),
        (("rearm", "drawdown", "--reason", "x"), "all are closed"),
        (("rearm", "drawdwn", "--reason", "x"), "no breaker 'drawdwn'"),
        (("rearm", "drawdown", "--reason", "x" * 81), "81 bytes"),
    ],
)
def test_what_cannot_be_killed_or_armed_is_one_line(
    bot4: Bot4, trading: Bot, arguments: tuple[str, ...], words: str
) -> None:
    ran = bot4(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("one", "stage"), [(signal.SIGUSR1, "entries"), (signal.SIGUSR2, "cancel")]
)
def test_a_signal_kills_and_the_bot_goes_on(
    bot4: Bot4, trading: Bot, one: signal.Signals, stage: str
) -> None:
    trading.press(one)
    killed = trading.until(lambda status: status["breakers"]["kill_switch"]["state"] == "latched")
    row = killed["breakers"]["kill_switch"]
    assert (row["stage"], row["reason"]) == (stage, "signal")
    trading.until(lambda status: status["events"] > killed["events"] + 1_000)


def test_the_file_kills_and_has_to_go_before_anything_is_armed(bot4: Bot4, trading: Bot) -> None:
    file = trading.folder / "KILL"
    file.write_text("", encoding="utf-8")
    killed = trading.until(lambda status: status["breakers"]["kill_switch"]["state"] == "latched")
    assert killed["breakers"]["kill_switch"]["stage"] == "cancel", "an empty one fails closed"
    file.write_text("flatten, please\n", encoding="utf-8")
    trading.until(lambda status: status["breakers"]["kill_switch"]["stage"] == "flatten")
    refused = bot4("rearm", "kill_switch", "--reason", "x")
    assert refused.code == 2
    assert "remove it first" in refused.err
    file.unlink()
    assert bot4("rearm", "kill_switch", "--reason", "x").code == 0


def test_a_bot_that_finds_the_file_starts_killed(bot4: Bot4, tmp_path: Path) -> None:
    config = configured(tmp_path)
    with running(config, "--json") as bot:
        bot.until(lambda status: status["fills"] >= 2)
        (bot.folder / "KILL").write_text("flatten", encoding="utf-8")
        bot.process.kill()
    with running(config, "--json") as bot:
        told = bot.until(lambda status: not status["positions"] and not status["working"])
        assert told["breakers"]["kill_switch"]["stage"] == "flatten"
        later = bot.until(lambda status: status["events"] > told["events"] + 2_000)
        assert later["fills"] == told["fills"]


def test_a_killed_bot_that_is_killed_comes_back_with_its_board(bot4: Bot4, tmp_path: Path) -> None:
    config = configured(tmp_path)
    with running(config, "--json") as bot:
        bot.until(lambda status: status["events"] > 100)
        assert bot4("kill", "entries", "--reason", "a look first").code == 0
        board = bot.status()["breakers"]
        bot.process.kill()
    with running(config, "--json") as bot:
        assert bot.until(lambda status: True)["breakers"] == board
    assert board["kill_switch"]["note"] == "a look first"


def test_stop_is_a_graceful_end(bot4: Bot4, trading: Bot) -> None:
    assert bot4("stop").out == ".bot4/first: stopped\n"
    assert not telegram.holds_journal(trading.folder)
    code, out, err = trading.end()
    assert (code, err) == (0, "")
    assert json.loads(out)["ended"] == "bot4 stop"
    ran = bot4("status")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: no bot runs in .bot4 here; ")


def test_an_unknown_strategy_is_one_line(bot4: Bot4, trading: Bot) -> None:
    ran = bot4("pause", "sma_crss")
    assert (ran.code, ran.out) == (2, "")
    assert "sma_crss" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["status", "resume", "flatten", "halt", "breakers", "risk", "stop"]
)
def test_where_nobody_runs_is_one_line(bot4: Bot4, command: str) -> None:
    ran = bot4(command)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: no bot runs in .bot4 here; bot4 run NAME.toml starts one, --folder names another\n"
    )


def test_several_bots_are_told_apart_by_their_folder(
    bot4: Bot4, trading: Bot, tmp_path: Path
) -> None:
    config = configured(tmp_path).rename(tmp_path / "second.toml")
    with running(config, "--json") as second:
        second.until(lambda status: status["events"] > 0)
        ran = bot4("status")
        assert (ran.code, ran.out) == (2, "")
        for words in ("several bots", "--folder", ".bot4/first", ".bot4/second"):
            assert words in ran.err
        assert bot4("stop", "--folder", config).out.endswith("second: stopped\n")
        assert second.end()[0] == 0
    assert bot4("status").code == 0
