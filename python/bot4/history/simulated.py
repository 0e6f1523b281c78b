"""A simulated market: seeded, plausible, and always called simulated.

It and `measures/simulated.py` are all of BOT4's Python that draws random numbers. It is for trying
things out; what earns here has shown nothing.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import ParameterError
from bot4.history.times import Moment, interval_ns, moment_ns
from bot4.settings import BARS, BARS_ALLOWED, BARS_MAX, BARS_MIN, SEED, SEED_ALLOWED, decimal, whole

_YEAR_NS = 365 * 86_400 * 10**9
_VOLATILITY_YEAR = 0.6  # per square root of a year, about that of BTC
_FREEDOM = 5  # of Student's t: tails as fat as those of hourly crypto returns
_SHOCK, _MEMORY = 0.06, 0.93  # GARCH(1,1); their sum below 1 keeps the variance finite
_VARIANCE_MAX = 40.0  # times its mean
_TREND_BARS = 400  # mean length of a drift
_TREND_STRENGTH = 0.04  # drift, in units of a bar's volatility
_JUMP_CHANCE, _JUMP_SIZE = 1 / 1500, 6.0
_RETURN_MIN, _RETURN_MAX = -0.5, 1.0
_TICK = 0.01
_PRICE_MAX = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """OHLCV bars that never happened. It travels as this type so that no result can forget it."""

    frame: pl.DataFrame
    seed: int
    name: str


def simulated(
    bars: int = BARS,
    seed: int = SEED,
    *,
    interval: str = "1h",
    start: Moment = "2024-01-01",
    name: str = "BTCUSDT",
    price: float = 40_000.0,
) -> SimulatedMarket:
    """A market with trends, clustered volatility, fat tails and jumps; `frame` has its bars.

    The same arguments give the same bars on any machine (NumPy's PCG64; prices to 2 decimals).
    Volatility follows GARCH(1,1) (Bollerslev, 1986) with Student-t shocks; a drift that switches
    at random makes trends. Raises ParameterError.
    """
    bars = whole(bars, "bars", BARS_ALLOWED, BARS_MIN, BARS_MAX)
    seed = whole(seed, "seed", SEED_ALLOWED, 0)
    if not 1 <= decimal(price, "price") <= _PRICE_MAX:
        raise ParameterError(f"price is {price}; allowed: from 1 to {_PRICE_MAX}")
    if type(name) is not str or not name.strip():
        raise ParameterError(f"name is {name!r}; give the name of an instrument, such as BTCUSDT")
    step = interval_ns(interval)
    start_ns = moment_ns(start, "start")
    if start_ns + bars * step >= 2**63:
        raise ParameterError(f"{bars} bars of {interval} from {start} end after the year 2262")
    draw = np.random.Generator(np.random.PCG64(seed))
    frame = _ohlcv(draw, bars, float(price), _VOLATILITY_YEAR * (step / _YEAR_NS) ** 0.5)
    times = pl.Series("ts", start_ns + step * np.arange(bars, dtype=np.int64))
    stamped = times.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    return SimulatedMarket(frame.insert_column(0, stamped), seed, name)


def _ohlcv(draw: np.random.Generator, bars: int, price: float, mean: float) -> pl.DataFrame:
    shocks = draw.standard_t(_FREEDOM, bars) * ((_FREEDOM - 2) / _FREEDOM) ** 0.5
    volatility = mean * _clustered(shocks)
    jumps = (draw.random(bars) < _JUMP_CHANCE) * draw.standard_normal(bars) * _JUMP_SIZE
    moves = volatility * (shocks + jumps + _drift(draw, bars)) + volatility**2 / 2
    close = price * np.cumprod(1.0 + np.clip(moves, _RETURN_MIN, _RETURN_MAX))
    open_ = np.concatenate([[price], close[:-1]])
    wick = volatility * np.abs(draw.standard_normal((2, bars))) / 2
    high = np.maximum(open_, close) * (1.0 + wick[0])
    low = np.minimum(open_, close) / (1.0 + wick[1])
    volume = 100.0 * (0.5 + volatility / mean) * draw.gamma(4.0, 0.25, bars)
    prices = {"open": open_, "high": high, "low": low, "close": close}
    return pl.DataFrame(
        {name: np.maximum(np.round(values, 2), _TICK) for name, values in prices.items()}
        | {"volume": np.round(volume, 6)}
    )


def _clustered(shocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Volatility of each bar in units of its mean: what was wild yesterday is wild today."""
    variance, rest = 1.0, 1.0 - _SHOCK - _MEMORY
    variances = []
    for squared in (shocks * shocks).tolist():
        variances.append(variance)
        variance = min(rest + variance * (_MEMORY + _SHOCK * squared), _VARIANCE_MAX)
    volatility: NDArray[np.float64] = np.sqrt(np.array(variances))
    return volatility


def _drift(draw: np.random.Generator, bars: int) -> NDArray[np.float64]:
    """A drift that is up, down or none, and switches about every `_TREND_BARS` bars."""
    regime = np.cumsum(draw.random(bars) < 1 / _TREND_BARS)
    directions = draw.integers(-1, 2, size=int(regime[-1]) + 1).astype(np.float64)
    drift: NDArray[np.float64] = _TREND_STRENGTH * directions[regime]
    return drift
