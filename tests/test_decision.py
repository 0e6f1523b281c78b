"""What a strategy may decide: quotes, how they are said, and where they run."""

from decimal import Decimal
from pathlib import Path

import pytest

import bot4 as b4
from bot4._engine import EngineError, Program, Run
from bot4.research.seating import seat
from bot4.research.seats import Seat

MARKET = "simulated:BTCUSDT"
SECOND_NS = 10**9
START_NS = 1_700_000_000 * SECOND_NS


def maker(levels: int = 1, requote: float = 0.0) -> b4.ConfiguredStrategy:
    def making() -> b4.Quote:
        leans = b4.where(b4.position > 0, 0.0004, 0.0001)
        return b4.quote(leans, 0.0001, 0.05, levels=levels, requote=requote)

    return b4.strategy(making)()


def new_run(strategy: b4.ConfiguredStrategy) -> Run:
    run = Run(
        cash="10000",
        taker_fee="0",
        maker_fee="0",
        slippage="0",
        latency_ns=5_000_000,
        bar_interval_ns=SECOND_NS,
        profile="unleveraged",
        limits=None,
    )
    run.add_simulated(MARKET, "60000", "0.01", "0.00001", 7, START_NS)
    seat(run, [Seat(strategy, strategy.name, MARKET, Decimal(1))])
    return run


def test_a_quote_is_four_outputs_around_the_mid_unless_said_otherwise() -> None:
    said = b4.quote(0.001, 0.002, 0.1)
    assert [repr(output) for output in said.outputs] == [
        "0.001",
        "0.002",
        "0.1",
        "((bid + ask) * 0.5)",
    ]
    assert (said.levels, said.requote) == (1, 0.0)
    said = b4.quote(b4.atr(5) / b4.close, 0.002, 0.1, around=b4.close, levels=3, requote=0.0005)
    assert said.outputs[3] is b4.close
    assert (said.levels, said.requote) == (3, 0.0005)


@pytest.mark.parametrize("levels", [True, 1.0, "two", None])
def test_refuses_levels_that_are_no_whole_number(levels: object) -> None:
    with pytest.raises(b4.SignalError, match="levels must be a whole number") as refused:
        b4.quote(0.001, 0.001, 0.1, levels=levels)  # type: ignore[arg-type]
    assert repr(levels) in str(refused.value)


def test_refuses_a_requote_that_is_no_number() -> None:
    with pytest.raises(b4.SignalError, match="requote must be a number"):
        b4.quote(0.001, 0.001, 0.1, requote="far")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("levels", "requote", "words"),
    [
        (0, 0.0, "levels must be a whole number from 1 to 10, not 0"),
        (11, 0.0, "levels must be a whole number from 1 to 10, not 11"),
        (1, -0.1, "requote must be a number from 0 to below 1"),
        (1, float("nan"), "requote must be a number from 0 to below 1"),
    ],
)
def test_the_engine_refuses_terms_out_of_range(levels: int, requote: float, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        new_run(maker(levels, requote))


def test_the_engine_refuses_a_program_of_another_shape() -> None:
    run = new_run(maker())
    with pytest.raises(EngineError, match="has 4 outputs, not 1"):
        run.add_quote("one", MARKET, "0.1", Program([("close", [], [])], [0]))


def test_a_backtest_over_bars_says_that_there_is_no_book() -> None:
    with pytest.raises(EngineError, match="no book to quote in: bars and trades have none") as no:
        b4.backtest(maker(), b4.simulated(bars=100, seed=7))
    assert "\n" not in str(no.value)


def test_a_run_makes_a_market(tmp_path: Path) -> None:
    run = new_run(maker(levels=2, requote=0.0001))
    run.open(str(tmp_path / "run"), durability="each", clock_s=1_700_000_000)
    while run.advance(START_NS + 120 * SECOND_NS, 100_000):
        continue
    rows = run.records(0, 10**6)
    run.close()
    wants = [row["want"] for row in rows if row["kind"] == "intent"]
    assert wants[0].startswith("quote ")
    assert wants[0].endswith(", 0.05 each in 2 levels")
    sides = {row["side"] for row in rows if row["kind"] == "fill"}
    assert sides == {"buy", "sell"}
    assert {row["limit"] is None for row in rows if row["kind"] == "order"} == {False}
