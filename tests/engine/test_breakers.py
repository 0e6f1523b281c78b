"""Breakers as whoever watches a run sees them: what is reported, killed and armed again."""

from pathlib import Path
from typing import Any

import pytest

import bot4 as b4
from bot4._engine import EngineError, Run
from bot4.expression import program

SECOND_NS = 10**9
START_NS = 1_704_067_200 * SECOND_NS


def opened(folder: Path) -> Run:
    """A run whose strategy holds nothing, two seconds into its market."""
    run = Run(
        cash="10000",
        taker_fee="0",
        maker_fee="0",
        slippage="0",
        latency_ns=1_000_000,
        bar_interval_ns=SECOND_NS,
        profile="default",
    )
    run.add_simulated("simulated:BTCUSDT", "60000", "0.01", "0.00001", 7, START_NS)
    run.add_program("waits", "simulated:BTCUSDT", "1", program([b4.close * 0.0]))
    run.open(str(folder), durability="each", clock_s=1_800_000_000)
    later(run, 2)
    return run


def later(run: Run, seconds: int) -> None:
    """So much market goes by."""
    run.advance(max(run.now_ns, START_NS) + seconds * SECOND_NS, 1_000_000)


def row(run: Run, name: str) -> dict[str, Any]:
    """One breaker of the board."""
    return dict(run.status()["breakers"][name])


def test_what_is_amiss_is_held_back_tried_and_closed_again(tmp_path: Path) -> None:
    run = opened(tmp_path)
    assert run.report("memory", "ok") == "closed"
    assert run.report("memory", "failed") == "open"
    found = row(run, "memory")
    assert (found["reason"], found["stage"], found["remedy"]) == ("shortage", "entries", "trial")
    wait_ns = found["until_ns"] - found["since_ns"]
    assert SECOND_NS // 2 <= wait_ns <= SECOND_NS
    later(run, 3)
    assert row(run, "memory")["remedy"] == "successes"
    assert [run.report("memory", "ok") for _ in range(3)] == ["half_open", "half_open", "closed"]
    told = [one["text"] for one in run.status()["recent"] if one["kind"] == "breaker"]
    assert told == [
        "memory open, shortage",
        "memory half_open, wait_over",
        "memory closed, healed",
    ]
    run.close()


def test_the_board_is_the_same_after_a_start(tmp_path: Path) -> None:
    run = opened(tmp_path)
    run.report("disk", "failed")
    run.kill("cancel", by="signal", note="über 80 %?")
    board = run.status()["breakers"]
    run.close()
    run = opened(tmp_path)
    again = run.status()["breakers"]
    assert again["kill_switch"] == board["kill_switch"]
    assert again["kill_switch"]["note"] == "über 80 %?"
    assert again["disk"]["state"] == "half_open", "it was tried meanwhile"
    assert run.rearm("kill_switch", " I looked ") == ["kill_switch"]
    assert row(run, "kill_switch")["state"] == "closed"
    kinds = [one for one in run.records(0, 10_000) if one["kind"] == "breaker"]
    last = kinds[-1]
    assert (last["component"], last["reason"], last["note"]) == (
        "kill_switch",
        "rearmed",
        "I looked",
    )
    run.close()


def test_what_advises_holds_nothing_back(tmp_path: Path) -> None:
    run = opened(tmp_path)
    for _ in range(5):
        run.report("database", "failed")
    found = row(run, "database")
    assert (found["state"], found["stage"]) == ("open", None)
    run.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda run: run.rearm("drawdown", "x"), "all are closed"),
        (lambda run: run.rearm("drawdown", "  "), "needs a reason"),
        (lambda run: run.rearm("drawdown", "x" * 81), "81 bytes"),
        (lambda run: run.kill("everything"), "none of entries, cancel, flatten"),
        (lambda run: run.kill("cancel", by="chance"), "none of operator, signal, file"),
        (lambda run: run.report("memories", "ok"), "no breaker 'memories'"),
        (lambda run: run.report("memory", "well"), "none of ok, failed, slow"),
        (lambda run: run.breaker("feed:ETHUSDT", "open"), "no breaker 'feed:ETHUSDT'"),
        (lambda run: run.breaker("feed", "ajar"), "none of closed, half_open, open, latched"),
    ],
)
def test_what_is_not_understood_says_what_there_is(tmp_path: Path, wrong: Any, words: str) -> None:
    run = opened(tmp_path)
    with pytest.raises(EngineError, match=words):
        wrong(run)
    assert {one["state"] for one in run.status()["breakers"].values()} == {"closed"}
    run.close()
