"""vectorbt's answer to the same question; run by the interpreter of its own environment.

Reads ``{"path", "periods": [[fast, slow], ...], "cash", "fee", "slippage"}`` from standard input,
prints ``[[closed trades, final equity], ...]``. Orders fill at the next bar's open with all the
cash there is, the fee included. Averages are summed anew for each bar in extended precision:
vectorbt's and pandas' own rolling means drift, and where two averages are equal to the last digit
of the prices the drift decides which is larger.
"""

import json
import sys

import numpy as np
import pandas as pd
import vectorbt as vbt


def averages(values: np.ndarray, n: int) -> np.ndarray:
    """The mean of the last n values, NaN before there are as many."""
    windows = np.lib.stride_tricks.sliding_window_view(values.astype(np.longdouble), n)
    means = windows.sum(axis=1).astype(np.float64) / n
    return np.concatenate([np.full(n - 1, np.nan), means])


def main() -> None:
    """One portfolio for each pair of periods."""
    asked = json.load(sys.stdin)
    bars = pd.read_parquet(asked["path"], columns=["open", "close"])
    bars.index = pd.RangeIndex(len(bars))
    closes = bars["close"].to_numpy(dtype=np.float64)
    answers = []
    for fast, slow in asked["periods"]:
        quick, calm = averages(closes, fast), averages(closes, slow)
        known = ~np.isnan(quick) & ~np.isnan(calm)
        long = pd.Series((quick > calm) & known).shift(1, fill_value=False)
        flat = pd.Series(~(quick > calm) & known).shift(1, fill_value=False)
        portfolio = vbt.Portfolio.from_signals(
            bars["close"],
            long,
            flat,
            price=bars["open"],
            size=np.inf,
            init_cash=asked["cash"],
            fees=asked["fee"],
            slippage=asked["slippage"],
            freq="1h",
        )
        closed = int(portfolio.trades.closed.count())
        answers.append([closed, float(portfolio.final_value())])
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
