"""BOT4 on a file of bars: ``ours.py PATH expression|class``."""

import json
import resource
import sys
import time
from collections import deque
from typing import Any

import bot4 as b4
from bot4.history.bars import load
from bot4.research.backtest import account, run
from bot4.research.seats import Leg
from bot4.strategies.sma_cross import sma_cross


@b4.strategy
class SmaCrossClass(b4.Strategy):
    """The same rule as a class, its averages kept as running sums."""

    fast: int = 10
    slow: int = 30

    def on_start(self, ctx: b4.Context) -> None:
        """Begin with nothing seen."""
        self.quick: deque[float] = deque(maxlen=self.fast)
        self.calm: deque[float] = deque(maxlen=self.slow)
        self.quick_sum = self.calm_sum = 0.0

    def on_bar(self, ctx: b4.Context, bar: b4.Bar) -> None:
        """Move both sums, then say what to hold."""
        close = bar.close
        if len(self.quick) == self.fast:
            self.quick_sum -= self.quick[0]
        if len(self.calm) == self.slow:
            self.calm_sum -= self.calm[0]
        self.quick.append(close)
        self.calm.append(close)
        self.quick_sum += close
        self.calm_sum += close
        if len(self.calm) == self.slow:
            up = self.quick_sum / self.fast > self.calm_sum / self.slow
            ctx.target(1.0 if up else 0.0)


def main() -> None:
    """Run once; print the engine's own seconds, those with all results, peak memory and trades."""
    path, form = sys.argv[1:]
    chosen: Any = sma_cross(fast=10, slow=30) if form == "expression" else SmaCrossClass()
    market = load(path)
    asked = account(100_000_000, 10, 0, "unleveraged")
    began = time.perf_counter()
    result = run([Leg(chosen)], market, asked)
    rows = len(result.summary()) and result.equity.height + result.trades.height
    with_results_s = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {
        "run_s": result.metrics.elapsed_s,
        "with_results_s": with_results_s,
        "peak_mib": peak,
        "trades": result.metrics.trades,
        "rows": rows,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
