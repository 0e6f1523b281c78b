"""BOT4 on a file of bars: ``ours.py PATH expression|class``."""

import json
import resource
import sys
from collections import deque

import bot4 as b4
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
    """Run once; print the engine's own seconds, peak memory and trades."""
    path, form = sys.argv[1:]
    chosen = sma_cross(fast=10, slow=30) if form == "expression" else SmaCrossClass()
    metrics = b4.backtest(chosen, path, cash=100_000_000, fee_bps=10, slippage_bps=0).metrics
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"run_s": metrics["elapsed_s"], "peak_mib": peak, "trades": metrics["trades"]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
