"""Backtest, run and replay are one engine: the same market gives the same ledger, every time."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bot4 as b4
from bot4 import decision
from bot4._engine import RECORDED, JournalFile, Recording, Run
from bot4.expression import program
from bot4.history import recordings
from bot4.history.bars import load
from bot4.strategies.donchian_breakout import donchian_breakout
from bot4.strategies.sma_cross import sma_cross
from bot4.strategies.vol_target_trend import vol_target_trend
from bot4.strategy import ConfiguredStrategy
from parity.test_forms import DonchianClass, SmaCrossClass

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CAPTURE = SHARED / "captures" / "binance" / "dev" / "btcusdt_20240808.gz"
FOREVER = 2**62
SECOND = 10**9
STRATEGIES = [
    sma_cross(fast=10, slow=30),
    donchian_breakout(entry=20, exit=10),
    vol_target_trend(fast=10, slow=30, width=0.05),
    SmaCrossClass(fast=10, slow=30),
    DonchianClass(entry=20, exit=10),
]


LEAN, FLOW = b4.ema(b4.imbalance(2), 20), b4.ema(b4.trade_sign, 20)
CROSS = b4.where(b4.sma(b4.close, 3) > b4.sma(b4.close, 9), 1.0, 0.0)
CALM = b4.minimum(b4.vol_target(CROSS, 2.0, n=20), b4.cvar_budget(CROSS, 0.0005, level=0.9, n=40))
# What decides on a recorded book: on bars made of its trades, with a size that remembers much, at
# its messages, at its trades, and one that makes a market in it.
ON_A_BOOK = {
    "bars": sma_cross(fast=3, slow=9).decision(),
    "sizes": b4.target(b4.deadband(b4.drawdown_scale(CALM, 0.0, 0.5), 0.02)),
    "book": b4.target(b4.where(LEAN > 0.0, 0.5, 0.0)),
    "trades": b4.target(b4.where(FLOW > 0.0, 0.5, 0.0)),
    "quotes": b4.quote(0.0002, 0.0002, 0.1, levels=2, requote=0.0001),
}

OF_BARS = ("bars", "sizes")


def run_of(profile: str, fee: str = "0.001", slippage: str = "0.0001") -> Run:
    return Run(
        cash="10000",
        taker_fee=fee,
        maker_fee=fee,
        slippage=slippage,
        latency_ns=5_000_000,
        bar_interval_ns=SECOND,
        profile=profile,
    )


def seat(run: Run, strategy: ConfiguredStrategy, instrument: str, allocation: str = "1") -> None:
    if strategy.form == "class":
        run.add_class(strategy.name, instrument, allocation, strategy.instance())
    else:
        target = strategy.decision()
        assert isinstance(target, b4.Target)
        compiled = program([target.fraction])
        run.add_program(strategy.name, instrument, allocation, compiled, target.band)


def finish(run: Run, folder: Path, durability: str = "each") -> dict[str, Any]:
    """Tell all of the market; the hashes it comes to, and the counts."""
    run.open(str(folder), durability=durability, clock_s=1)
    run.advance(FOREVER, 10**9)
    status = run.status()
    assert status["breakers"]["ledger"]["state"] == "closed"
    said = {**run.hashes(), "fills": status["fills"], "equity": status["equity_text"]}
    run.close()
    return said


@pytest.mark.parametrize("risk", ["unleveraged", "default"])
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_the_same_bars_give_the_same_ledger_as_a_backtest(
    tmp_path: Path, strategy: ConfiguredStrategy, risk: str
) -> None:
    market = b4.simulated(bars=3_000, seed=11)
    backtest = b4.backtest(strategy, market, risk=risk).metrics
    bars = load(market).instruments[0].bars
    run = run_of(risk)
    run.add_bars(bars)
    seat(run, strategy, bars.instrument)
    ran = finish(run, tmp_path)
    assert ran["ledger_hash"] == backtest.ledger_hash
    assert ran["fills"] == backtest.fills > 10
    replayed = JournalFile(str(tmp_path)).replay()
    assert replayed["ledger_hash"] == backtest.ledger_hash
    assert (replayed["engine_hash"], replayed["checked"]) == (ran["engine_hash"], 1)


def walk(seed: int, ticks: int = 20_000) -> Recording:
    """A recorded book: two levels a side around a walk, trades now and then."""
    dice = random.Random(seed)
    rows: list[tuple[int, str, float, float]] = [(0, "clear", 0.0, 0.0)]
    ends: list[int] = []
    mid, shown = 10_000, dict[str, list[int]](bid=[], ask=[])
    for tick in range(ticks):
        ts = tick * 20_000_000
        mid += dice.choice([-1, 0, 0, 1])
        for side, sign in (("bid", -1), ("ask", 1)):
            wanted = [mid + sign * away for away in (1, 2)]
            gone = [price for price in shown[side] if price not in wanted]
            rows += [(ts, side, price / 100, 0.0) for price in gone]
            shown[side] = wanted
        for side in ("bid", "ask"):
            rows += [(ts, side, price / 100, dice.randrange(1, 50)) for price in shown[side]]
        ends.append(len(rows) - 1)
        if dice.random() < 0.4:
            took = dice.choice(["buy", "sell"])
            price = mid + (1 if took == "buy" else -1)
            ends.append(len(rows))
            rows.append((ts, took, price / 100, dice.randrange(1, 30)))
    kinds = np.array([RECORDED[kind] for _, kind, _, _ in rows], dtype=np.uint8)
    ts_ns = np.array([ts for ts, *_ in rows], dtype=np.int64)
    prices = np.array([price for _, _, price, _ in rows], dtype=np.float64)
    sizes = np.array([qty for *_, qty in rows], dtype=np.float64)
    last = np.zeros(len(rows), dtype=np.bool_)
    last[ends] = True
    return Recording("file:WALK", "0.01", "0.001", ts_ns, kinds, prices, sizes, last)


def on_a_book(books: Sequence[Recording], clock: str = "bars") -> Run:
    run = run_of("unleveraged", fee="0.0001")
    for book in books:
        run.add_recording(book)
    decision.seat(run, clock, books[0].instrument, ON_A_BOOK[clock], "0.9")
    return run


@pytest.mark.parametrize(
    ("clock", "seed"),
    [("bars", 1), ("bars", 2), ("sizes", 1), ("book", 1), ("trades", 1), ("quotes", 1)],
)
def test_the_same_recorded_book_gives_the_same_of_everything(
    tmp_path: Path, clock: str, seed: int
) -> None:
    ticks = 20_000 if clock in OF_BARS else 4_000
    said = [
        finish(on_a_book([walk(seed, ticks)], clock), tmp_path / str(time), durability)
        for time, durability in enumerate(["each", "each", "block"])
    ]
    assert said[0] == said[1] == said[2]
    assert said[0]["fills"] > 20
    assert finish(on_a_book([walk(seed + 1, ticks)], clock), tmp_path / "other") != said[0]


@pytest.mark.skipif(not CAPTURE.exists(), reason="../shared/captures is not here")
def test_a_captured_book_gives_the_same_of_everything(tmp_path: Path) -> None:
    books = recordings.load([CAPTURE])
    said = [finish(on_a_book(books), tmp_path / str(time)) for time in range(2)]
    assert said[0] == said[1]
    assert said[0]["fills"] > 5


@pytest.mark.parametrize("clock", ON_A_BOOK)
def test_a_recording_stopped_anywhere_goes_on_to_the_same(tmp_path: Path, clock: str) -> None:
    book, dice = walk(3, 20_000 if clock in OF_BARS else 2_000), random.Random(3)
    whole = finish(on_a_book([book], clock), tmp_path / "whole")
    for stops in range(1, 6 if clock in OF_BARS else 4):
        folder, cuts = (
            tmp_path / str(stops),
            sorted(dice.randrange(len(book)) for _ in range(stops)),
        )
        for cut in cuts:
            run = on_a_book([book], clock)
            begun = run.open(str(folder), durability="each", clock_s=1)
            run.advance(FOREVER, max(0, cut - begun["events"]))
            if dice.random() < 0.5:
                run.close()
            del run  # else as a kill would leave it: what was not told to the disk is gone
        assert finish(on_a_book([book], clock), folder) == whole, f"stopped at {cuts}"
