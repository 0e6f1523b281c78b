"""backtesting.py on a file of bars: ``backtesting_py.py PATH``."""

import json
import resource
import sys
import time
import warnings

import pandas as pd

warnings.simplefilter("ignore")
from backtesting import Backtest, Strategy  # noqa: E402 - it warns while it is imported


def mean(values: object, n: int) -> pd.Series:
    """The rolling mean it is usually given."""
    return pd.Series(values).rolling(n).mean()


class SmaCross(Strategy):  # type: ignore[misc] # the library ships no types
    """Long while the fast average is above the slow one, one unit at a time."""

    def init(self) -> None:
        """Declare both averages."""
        self.quick = self.I(mean, self.data.Close, 10)
        self.calm = self.I(mean, self.data.Close, 30)

    def next(self) -> None:
        """Hold or do not."""
        if self.quick[-1] > self.calm[-1]:
            if not self.position:
                self.buy(size=1)
        elif self.position:
            self.position.close()


def main() -> None:
    """Run once; print seconds of run(), peak memory and trades."""
    bars = pd.read_parquet(sys.argv[1]).set_index("ts").rename(columns=str.capitalize)
    test = Backtest(bars, SmaCross, cash=100_000_000, commission=0.001, finalize_trades=True)
    began = time.perf_counter()
    outcome = test.run()
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"run_s": seconds, "peak_mib": peak, "trades": int(outcome["# Trades"])}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
