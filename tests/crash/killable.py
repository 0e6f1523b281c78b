"""A run that may be killed: `python killable.py FOLDER DURABILITY SEED UNTIL_EVENT [MARKET]`.

MARKET is `simulated` (programs on bars made of order flow), `faulty` (the same, at a venue that
loses, delays and doubles what it is told and says), `ticks` (on its books and trades, and
one that quotes) or `bars` (classes that are asked at each bar).

It says on stdout what it found when it began, and at the end what it came to, a JSON object each.
"""

import json
import sys
import time
from collections.abc import Sequence

import bot4 as b4
from bot4._engine import Run, fault_names
from bot4.decision import Decision, seat
from bot4.expression import program
from bot4.history.bars import load
from bot4.strategies import donchian_breakout, sma_cross

EVENTS_AT_ONCE = 250
BARS = 200_000
SLICES_A_SNAPSHOT = 8
REST_S = 0.002


class AboveItsMean(b4.Strategy):
    """It knows only what it is given, and so is the same after a restart."""

    def on_start(self, ctx: b4.Context) -> None:
        self.bars = 8  # without a start there is no bar

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        past = ctx.history(self.bars)
        if len(past) == self.bars:
            ctx.target(0.9 if bar.close > past.close.mean() else 0.0)


def seat_on_ticks(run: Run, instruments: tuple[str, str, str]) -> None:
    """One leans with the best levels of its book, one with trades, one quotes; they remember."""
    book, trades, quoted = instruments
    lean, flow = b4.ema(b4.imbalance(3), 20), b4.ema(b4.trade_sign, 20)
    deciders: list[tuple[str, str, Decision]] = [
        ("leans", book, b4.target(b4.where(lean > 0.0, 0.3, 0.0))),
        ("follows", trades, b4.target(b4.where(flow > 0.0, 0.3, 0.0))),
        ("quotes", quoted, b4.quote(0.0002, 0.0002, 0.05, levels=2, requote=0.0002)),
    ]
    for name, instrument, decision in deciders:
        seat(run, name, instrument, decision, "0.3")


def run_of(seed: int, market: str) -> Run:
    """Two strategies on two instruments, trading often."""
    run = Run(
        cash="10000",
        taker_fee="0.0002",
        maker_fee="0.0001",
        slippage="0",
        latency_ns=5_000_000,
        bar_interval_ns=10**9,
        profile="unleveraged",
        limits={"drawdown_max": "1", "daily_loss_max": "1"},
        faults=(seed, dict.fromkeys(fault_names(), "0.03")) if market == "faulty" else None,
    )
    if market == "bars":
        for place, name in enumerate(["BTCUSDT", "ETHUSDT"]):
            told = b4.simulated(bars=BARS, seed=seed + place, interval="1m", name=name)
            bars = load(told).instruments[0].bars
            run.add_bars(bars)
            run.add_class("above_its_mean", bars.instrument, "0.5", AboveItsMean())
        return run
    start_ns = 1_704_067_200 * 10**9
    run.add_simulated("simulated:BTCUSDT", "60000", "0.01", "0.00001", seed, start_ns)
    run.add_simulated("simulated:ETHUSDT", "3000", "0.01", "0.0001", seed + 1, start_ns)
    if market == "ticks":
        run.add_simulated("simulated:SOLUSDT", "150", "0.01", "0.001", seed + 2, start_ns)
        seat_on_ticks(run, ("simulated:BTCUSDT", "simulated:ETHUSDT", "simulated:SOLUSDT"))
        return run
    seats = [
        (sma_cross(fast=2, slow=5), "simulated:BTCUSDT"),
        (donchian_breakout(entry=4, exit=2), "simulated:ETHUSDT"),
    ]
    for strategy, instrument in seats:
        target = strategy.decision()
        assert isinstance(target, b4.Target)
        compiled = program([target.fraction])
        run.add_program(strategy.name, instrument, "0.5", compiled, target.band)
    return run


def main(arguments: Sequence[str]) -> None:
    """Go on until the event that was asked for; nothing else ends it but a kill."""
    folder, durability, seed, until_event, market = arguments
    run = run_of(int(seed), market)
    say(run.open(folder, durability=durability, clock_s=int(time.time())))
    slices, wanted = 0, int(until_event)
    while (events := run.status()["events"]) < wanted:
        run.advance(2**62, min(EVENTS_AT_ONCE, wanted - events))
        slices += 1
        if slices % SLICES_A_SNAPSHOT == 0:
            run.snapshot()
        time.sleep(REST_S)
    status = run.status()
    money = {key: status[key] for key in ("events", "orders", "fills", "equity_text", "positions")}
    faults = status["venue"]["faults"]
    said = {**run.hashes(), **money, "breakers": status["breakers"], "faults": faults}
    run.close()
    say(said)


def say(said: object) -> None:
    """One line of JSON, at once."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
