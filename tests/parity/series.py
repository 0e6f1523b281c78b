"""The series and parameter sets that BOT4 and its judges are compared on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

SEED = 20_261_123
PARAMETER_SETS = 20
REAL = (
    "binance-spot/BTCUSDT/ohlcv-1h.parquet",
    "binance-spot/DOGEUSDT/ohlcv-1h.parquet",
    "bitstamp-spot/BTCUSD/ohlcv-2h.parquet",
    "binance-spot/LUNAUSDT/ohlcv-1h.parquet",
)


@dataclass(frozen=True)
class Periods:
    """The windows of one SMA cross."""

    fast: int
    slow: int


def periods() -> list[Periods]:
    """10/30 first, then seeded pairs."""
    rng = np.random.default_rng(SEED)
    pairs = [Periods(10, 30)]
    while len(pairs) < PARAMETER_SETS + 1:
        fast = int(rng.integers(2, 60))
        pairs.append(Periods(fast, int(rng.integers(fast + 1, 200))))
    return pairs


def prices(path: Path) -> pl.DataFrame:
    """Opens and closes of a file, as floats."""
    return pl.read_parquet(path, columns=["open", "close"]).cast(pl.Float64)
