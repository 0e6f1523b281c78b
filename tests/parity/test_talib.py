"""Our signals are TA-Lib's, from the same first value on, to 1e-9 relative."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib
from numpy.typing import NDArray

import bot4 as b4

Array = NDArray[np.float64]
CASES: dict[str, tuple[b4.Expr, Callable[[dict[str, Array]], Array]]] = {
    "sma": (b4.sma(b4.close, 20), lambda x: talib.SMA(x["close"], 20)),
    "sma of 1": (b4.sma(b4.close, 1), lambda x: x["close"]),
    "ema": (b4.ema(b4.close, 20), lambda x: talib.EMA(x["close"], 20)),
    "std": (b4.rolling_std(b4.close, 20), lambda x: talib.STDDEV(x["close"], 20)),
    "rsi": (b4.rsi(b4.close, 14), lambda x: talib.RSI(x["close"], 14)),
    "atr": (b4.atr(14), lambda x: talib.ATR(x["high"], x["low"], x["close"], 14)),
    "highest": (b4.highest(b4.high, 30), lambda x: talib.MAX(x["high"], 30)),
    "lowest": (b4.lowest(b4.low, 30), lambda x: talib.MIN(x["low"], 30)),
}


def check(frame: pl.DataFrame) -> None:
    columns = {
        name: np.ascontiguousarray(frame[name].cast(pl.Float64).to_numpy())
        for name in ("open", "high", "low", "close", "volume")
    }
    ours = b4.compute(frame, {name: expression for name, (expression, _) in CASES.items()})
    for name, (_, judge) in CASES.items():
        theirs, mine = judge(columns), ours[name].to_numpy()
        assert np.array_equal(np.isnan(theirs), np.isnan(mine)), name
        known = ~np.isnan(theirs)
        # A deviation is compared with the level of the prices it is a deviation of.
        scale = columns["close"][known] if name == "std" else np.abs(theirs[known])
        assert np.all(np.abs(mine[known] - theirs[known]) <= 1e-9 * scale + 1e-300), name


@pytest.mark.parametrize("seed", range(5))
def test_agrees_on_simulated_bars(seed: int) -> None:
    check(b4.simulated(bars=5_000, seed=seed).frame)


@pytest.mark.parametrize(
    "name",
    [
        "binance-spot/BTCUSDT/ohlcv-1h.parquet",
        "binance-spot/DOGEUSDT/ohlcv-1h.parquet",
        "coinbase-spot/BTCUSD/ohlcv-1d.parquet",
    ],
)
def test_agrees_on_real_history(shared_history: Path, name: str) -> None:
    check(pl.read_parquet(shared_history / name))
