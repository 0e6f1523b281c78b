"""A class that raises: its own breaker latches, the others go on, a person or a start calls it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot4._engine import JournalFile
from live.bots import PROGRAM, Bot, configured, outcome, ran, running

CLASS = """
import bot4 as b4

@b4.strategy
class Mine(b4.Strategy):
    def on_start(self, ctx):
        self.bars = 0

    def on_bar(self, ctx, bar):
        self.bars += 1
        {body}
"""
MINE = 'file = "mine.py"\ninstruments = ["ETHUSDT"]'
ALONE = f'[run]\nspeed = 60\nbar = "1s"\n[[strategy]]\n{MINE}\n[risk]\nprofile = "unleveraged"\n'
PART = "strategy:Mine"
# It buys, lays an order that nobody takes, and raises once while both are there.
ONCE = """
        if self.bars == 2:
            ctx.target(0.2)
        if self.bars == 4:
            ctx.buy(0.1, limit=bar.close * 0.9)
        if self.bars == 6:
            raise ValueError("no more")
        if self.bars == 9:
            ctx.target(0)"""


def beside(folder: Path, body: str) -> Path:
    """One that trades, and a class beside it."""
    (folder / "mine.py").write_text(CLASS.format(body=body), encoding="utf-8")
    return configured(folder, second=MINE)


def alone(folder: Path, body: str) -> Path:
    (folder / "mine.py").write_text(CLASS.format(body=body), encoding="utf-8")
    path = folder / "first.toml"
    path.write_text(ALONE, encoding="utf-8")
    return path


def has_latched(status: dict[str, Any]) -> bool:
    return bool(status["breakers"][PART]["state"] == "latched")


def records(folder: Path) -> list[dict[str, Any]]:
    journal = JournalFile(str(folder / ".bot4" / "first"))
    found = journal.records(0, 10**6)
    assert journal.replay()["checked"] >= 1
    journal.close()
    return found


def rearm(folder: Path, reason: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "rearm", PART, "--reason", reason]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def traded_on(bot: Bot, strategy: str, more: int) -> None:
    before = bot.status()["fills_by_strategy"][strategy]
    bot.until(lambda status: status["fills_by_strategy"][strategy] >= before + more)


def test_its_breaker_latches_and_the_others_go_on_until_a_person_closes_it(tmp_path: Path) -> None:
    with running(beside(tmp_path, ONCE), "--json") as bot:
        status = bot.until(has_latched)
        shown = status["breakers"][PART]
        assert (shown["reason"], shown["stage"]) == ("raised", "cancel")
        assert shown["note"] == "mine.py, line 17: ValueError: no more"
        assert status["breakers"]["strategy:sma_cross"]["state"] == "closed"
        traded_on(bot, "sma_cross", 2)
        assert has_latched(bot.status())
        assert rearm(tmp_path, "looked at it").returncode == 0
        bot.until(lambda status: status["fills_by_strategy"]["Mine"] >= 2)
        bot.ask("stop")
        code, _, err = bot.end()
    assert (code, err) == (0, "")
    told = records(tmp_path)
    latched = next(at for at, one in enumerate(told) if one.get("state") == "latched")
    closed = next(at for at, one in enumerate(told) if one.get("reason") == "rearmed")
    mine = [one for one in told[latched:closed] if one.get("strategy") == "Mine"]
    # What works is called back; nothing is wanted, and what is held stays.
    assert [one["update"] for one in mine if "update" in one] == ["cancel_sent", "canceled"]
    assert [one["want"] for one in mine if one["kind"] == "intent"] == ["cancel all"]
    assert {one["kind"] for one in mine} == {"intent", "update"}
    later = [one for one in told[closed:] if one.get("strategy") == "Mine"]
    assert later[0]["kind"] == "intent"
    log = (tmp_path / ".bot4" / "first" / "bot4.log").read_text(encoding="utf-8")
    assert "raised ValueError: no more" in log


def test_a_new_start_calls_a_new_instance(tmp_path: Path) -> None:
    config = beside(tmp_path, ONCE)
    with running(config, "--json") as bot:
        bot.until(has_latched)
        bot.process.kill()
        bot.process.wait()
    with running(config, "--json") as bot:
        # It is called: it raises at its sixth bar again.
        bot.until(has_latched)
        bot.ask("stop")
        assert bot.end()[0] == 0
    changes = [one for one in records(tmp_path) if one.get("component") == PART]
    assert [one["state"] for one in changes] == ["latched", "closed", "latched"]
    assert changes[1]["note"] == "the program started anew"


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("raise ValueError('é' * 100)", "mine.py, line 11: ValueError: " + "é" * 25),
        ("raise KeyError", "mine.py, line 11: KeyError"),
        ("raise SystemExit(3)", "mine.py, line 11: SystemExit: 3"),
        ("raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", ": Mute"),
    ],
)
def test_its_note_says_what_was_raised_and_where(tmp_path: Path, body: str, note: str) -> None:
    with running(beside(tmp_path, body), "--json") as bot:
        shown = bot.until(has_latched)["breakers"][PART]["note"]
    assert note in shown
    assert len(shown.encode()) <= 80


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 1 / 0", "strategy Mine on simulated:ETHUSDT raised ZeroDivisionError"),
        ("raise SystemExit(0)", "raised SystemExit"),
    ],
)
def test_where_nothing_is_left_the_run_ends_with_its_line(
    tmp_path: Path, body: str, words: str
) -> None:
    done = ran(alone(tmp_path, body), "--for", "20s", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "mine.py, line 11" in done.stderr
    assert done.stderr.count("\n") == 1
    assert outcome(alone(tmp_path, "ctx.target(0.5)"), "--for", "300ms")["resumed"] is True


def test_one_that_fails_at_its_start_ends_the_run_with_its_line(tmp_path: Path) -> None:
    config = beside(tmp_path, "pass")
    text = (tmp_path / "mine.py").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(text.replace("self.bars = 0", "1 / 0"), encoding="utf-8")
    done = ran(config, "--for", "20s", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "raised ZeroDivisionError" in done.stderr
    assert done.stderr.count("\n") == 1


def test_before_it_ends_everything_is_called_back(tmp_path: Path) -> None:
    body = """
        if self.bars == 1:
            ctx.buy(0.1, limit=bar.close * 0.9)
        if self.bars == 4:
            raise ValueError("no more")"""
    config = alone(tmp_path, body)
    for _ in range(2):  # what it left is sound: the next run ends in the same way
        with running(config, "--json") as bot:
            code, out, err = bot.end()
        assert (code, out) == (2, ""), err
        assert "raised ValueError: no more" in err
        ends = [record["update"] for record in records(tmp_path) if "update" in record]
        assert ends.count("canceled") == ends.count("cancel_sent") >= 1


def test_while_something_is_held_it_goes_on(tmp_path: Path) -> None:
    body = """
        if self.bars == 1:
            ctx.target(0.5)
        if self.bars == 3:
            raise ValueError("no more")"""
    with running(alone(tmp_path, body), "--json") as bot:
        status = bot.until(has_latched)
        bot.until(lambda later: later["events"] > status["events"] + 1_000)
        assert bot.status()["positions"]
        assert rearm(tmp_path, "looked at it").returncode == 0
        bot.until(lambda later: later["breakers"][PART]["state"] == "closed")
        bot.ask("stop")
        assert bot.end()[0] == 0
