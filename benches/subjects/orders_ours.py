"""Orders through BOT4's backtest: ``orders_ours.py COUNT``, every limit of risk on.

At each bar a Python class cancels the order of the bar before and places another, which rests below
the market. The bars are made before, and the run alone is timed.
"""

import json
import sys
import time

import numpy as np

from bot4 import _engine

MINUTE_NS = 60_000_000_000
ROUNDS = 3


class Submits:
    """Place, and cancel at the next bar."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.sent = self.accepted = self.working = 0

    def on_start(self, ctx: _engine.Context) -> None:
        """Nothing to prepare."""

    def on_bar(self, ctx: _engine.Context, bar: _engine.Bar) -> None:
        """Cancel what works, place the next."""
        self.working = ctx.working
        if self.working:
            self.accepted += self.working
            ctx.cancel()
        if self.sent < self.count:
            self.sent += 1
            ctx.buy(0.01, limit=29_000.0)


def run(count: int) -> tuple[float, Submits, _engine.Backtest]:
    """Seconds of one run, its strategy, its engine."""
    length = count + 2
    flat = np.full(length, 30_000.0)
    times = np.arange(1, length + 1, dtype=np.int64) * MINUTE_NS
    bars = _engine.Bars("simulated:FLAT", MINUTE_NS, times, flat, flat, flat, flat, flat)
    made = _engine.Backtest(
        [bars], cash="100000000", fee_rate="0.001", slippage_rate="0", profile="default"
    )
    strategy = Submits(count)
    made.add_class("submits", "simulated:FLAT", "1", strategy)
    began = time.perf_counter()
    while made.run(length) < length:
        pass
    return time.perf_counter() - began, strategy, made


def main() -> None:
    """Every round, and what the last came to."""
    count = int(sys.argv[1])
    seconds = []
    for _ in range(ROUNDS):
        took, strategy, made = run(count)
        seconds.append(took)
    found = made.report()
    # None was filled or refused, and none works any more: those that there were are canceled.
    gone = found["orders"] - found["fills"] - found["refused"] - strategy.working
    done = {"sent": strategy.sent, "accepted": strategy.accepted, "canceled": gone}
    print(json.dumps({"version": _engine.__version__, "seconds": seconds, **done}))


if __name__ == "__main__":
    main()
