"""vectorbt on a file of bars: ``vectorbt_py.py PATH``. Vectorised, not event by event.

Its first run compiles; it is left out, as users run it many times.
"""

import json
import resource
import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt


def run(bars: pd.DataFrame) -> vbt.Portfolio:
    """Averages, signals and the portfolio; orders fill at the next open."""
    quick = vbt.MA.run(bars["close"], 10).ma.to_numpy()
    calm = vbt.MA.run(bars["close"], 30).ma.to_numpy()
    known = ~np.isnan(quick) & ~np.isnan(calm)
    long = pd.Series((quick > calm) & known).shift(1, fill_value=False).to_numpy()
    flat = pd.Series((quick <= calm) & known).shift(1, fill_value=False).to_numpy()
    portfolio = vbt.Portfolio.from_signals(
        bars["close"], long, flat, price=bars["open"], init_cash=1e8, fees=0.001, freq="1min"
    )
    portfolio.final_value()
    return portfolio


def main() -> None:
    """Run twice; print seconds of the second, peak memory and trades."""
    bars = pd.read_parquet(sys.argv[1]).set_index("ts")
    run(bars)
    began = time.perf_counter()
    portfolio = run(bars)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    closed = int(portfolio.trades.closed.count())
    print(json.dumps({"run_s": seconds, "peak_mib": peak, "trades": closed}))


if __name__ == "__main__":
    main()
