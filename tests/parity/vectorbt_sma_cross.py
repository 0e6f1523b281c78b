"""vectorbt's answer to the same question; run by the interpreter of its own environment.

Reads ``{"path", "periods": [[fast, slow], ...], "cash", "fee", "slippage"}`` from standard input,
prints ``[[closed trades, final equity], ...]``. Signals are pandas' rolling means; orders fill at
the next bar's open with all the cash there is, the fee included.
"""

import json
import sys

import numpy as np
import pandas as pd
import vectorbt as vbt


def main() -> None:
    """One portfolio for each pair of periods."""
    asked = json.load(sys.stdin)
    bars = pd.read_parquet(asked["path"], columns=["open", "close"])
    bars.index = pd.RangeIndex(len(bars))
    answers = []
    for fast, slow in asked["periods"]:
        quick = bars["close"].rolling(fast).mean()
        calm = bars["close"].rolling(slow).mean()
        known = calm.notna() & quick.notna()
        long = ((quick > calm) & known).shift(1, fill_value=False).astype(bool)
        flat = (~(quick > calm) & known).shift(1, fill_value=False).astype(bool)
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
