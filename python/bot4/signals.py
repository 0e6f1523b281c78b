"""The signals a strategy may use, by name, and `compute`, which runs them over a table.

Thin on purpose: each function names one operation of the engine, where its meaning, its range of
parameters and its arithmetic live. What bars, books, trades and the account say are inputs; those
of books and trades are in microstructure.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError, ParameterError, SignalError, known_names
from bot4.expression import Expr, Operand, as_expr, as_number, pair, program, windowed
from bot4.tables import as_polars, interval_of, named

open = Expr("open")
high = Expr("high")
low = Expr("low")
close = Expr("close")
volume = Expr("volume")
interval_s = Expr("interval_s")
position = Expr("position")
equity = Expr("equity")
entry_price = Expr("entry_price")

ACCOUNT_INPUTS = ("position", "equity", "entry_price")
# The column of an input that has a parameter.
_PARAMETER = re.compile(r"(?P<input>depth_(?:bid|ask)|ofi|sweep_(?:buy|sell))_(?P<parameter>.+)")


def where(condition: Expr, a: Operand, b: Operand) -> Expr:
    """`a` while `condition` holds, else `b`."""
    return Expr("where", (as_expr(condition), as_expr(a), as_expr(b)))


def shift(x: Operand, n: int = 1) -> Expr:
    """`x` as it was `n` bars ago. There is no way to ask for a later bar."""
    return windowed("shift", n, x)


def sma(x: Operand, n: int) -> Expr:
    """Simple moving average: the mean of the last `n` values of `x`."""
    return windowed("sma", n, x)


def ema(x: Operand, n: int) -> Expr:
    """Exponential moving average with weight ``2 / (n + 1)``, in the unit of `x`."""
    return windowed("ema", n, x)


def rolling_min(x: Operand, n: int) -> Expr:
    """The least of the last `n` values of `x`, the present one included."""
    return windowed("rolling_min", n, x)


def rolling_max(x: Operand, n: int) -> Expr:
    """The greatest of the last `n` values of `x`, the present one included."""
    return windowed("rolling_max", n, x)


def rolling_std(x: Operand, n: int) -> Expr:
    """The standard deviation of the last `n` values of `x`, in the unit of `x`."""
    return windowed("rolling_std", n, x)


def rolling_quantile(x: Operand, n: int, q: Operand) -> Expr:
    """The least of the last `n` values of `x` that a part `q` (0 to 1) of them does not exceed.

    NumPy's ``inverted_cdf``: always one of the values, never between two. `n` is 10,000 at most.
    """
    return windowed("rolling_quantile", n, x, q)


def rolling_tail_mean(x: Operand, n: int, q: Operand) -> Expr:
    """The mean of the lowest part `q` (0 to 1) of the last `n` values of `x`, 10,000 at most.

    The value at the edge of the part counts in part, so that it is minus the expected shortfall of
    returns at the level ``1 - q``; where the part is less than one value, the least.
    """
    return windowed("rolling_tail_mean", n, x, q)


def cum_max(x: Operand) -> Expr:
    """The greatest value of `x` so far: the peak that a drawdown is measured from."""
    return Expr("cum_max", (as_expr(x),))


def sqrt(x: Operand) -> Expr:
    """The square root of `x`; not known where `x` lies below 0."""
    return Expr("sqrt", (as_expr(x),))


def highest(x: Operand, n: int) -> Expr:
    """The same operation as `rolling_max`, by the name traders use."""
    return rolling_max(x, n)


def lowest(x: Operand, n: int) -> Expr:
    """The same operation as `rolling_min`, by the name traders use."""
    return rolling_min(x, n)


def rsi(x: Operand = close, n: int = 14) -> Expr:
    """Relative strength index of `x`, 0 to 100, with Wilder's smoothing over `n` bars.

    Source: J. W. Wilder, New Concepts in Technical Trading Systems (1978).
    """
    return windowed("rsi", n, x)


def atr(n: int = 14) -> Expr:
    """Average true range over `n` bars, in price, with Wilder's smoothing.

    Source: J. W. Wilder, New Concepts in Technical Trading Systems (1978).
    """
    return windowed("atr", n, high, low, close)


def crossed(a: Operand, b: Operand) -> Expr:
    """True on the bar where `a` goes to the other side of `b`, in either direction."""
    return pair("crossed", a, b)


def crossed_above(a: Operand, b: Operand) -> Expr:
    """True on the bar where `a` rises above `b`."""
    return pair("crossed_above", a, b)


def crossed_below(a: Operand, b: Operand) -> Expr:
    """True on the bar where `a` falls below `b`."""
    return pair("crossed_below", a, b)


def latch(on: Expr, off: Expr) -> Expr:
    """A condition with memory: true from a bar where `on` holds until one where `off` holds."""
    return pair("latch", on, off)


def decayed_sum(x: Operand, passed: Operand) -> Expr:
    """`x`, plus what was before it times ``exp(-passed)``: an average that time forgets.

    `passed` is what has passed since the sample before, in time constants: ``trade_age / 30`` for
    one of 30 seconds.
    """
    return pair("decayed_sum", x, passed)


def deadband(x: Operand, width: Operand) -> Expr:
    """`x` as it was, until it has moved by more than `width`, which is in the unit of `x`.

    What comes to 0, leaves it or turns its sign passes at once. So a size is traded only where that
    is worth its costs (position inertia: R. Carver, Systematic Trading, 2015); a width that no size
    crosses, its cap or more, keeps the size of the entry until the exit.
    """
    return pair("deadband", x, width)


def minimum(a: Operand, b: Operand) -> Expr:
    """The lesser of `a` and `b`, bar by bar."""
    return pair("minimum", a, b)


def maximum(a: Operand, b: Operand) -> Expr:
    """The greater of `a` and `b`, bar by bar."""
    return pair("maximum", a, b)


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """What a strategy wants to hold: `fraction` of its equity, traded outside `band` only."""

    fraction: Expr
    band: float | None = None
    execution: str = "cross"
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None


def target(
    x: Operand,
    band: float | None = None,
    *,
    execution: str = "cross",
    stop_loss: float | None = None,
    take_profit: float | None = None,
    trailing_stop: float | None = None,
) -> Target:
    """Hold `x` times the equity allocated to the strategy; 1 is fully long, -1 short, 0 flat.

    It trades when `x` changes, or, where `band` (a fraction of equity) is given, when drift leaves
    the band. Risk may clip or refuse what it asks for.

    `execution` names how it gets there. ``cross`` takes at once what lies within the collar of the
    risk profile; what it did not get is wanted anew at the next bar or second. ``passive`` lies at
    the best price of its own side and follows it. ``passive_then_cross:30`` crosses after 30
    seconds. ``slice:10:600`` crosses in 10 equal parts over 600 seconds (TWAP). The engine refuses
    other words when the strategy is run (EngineError).

    `stop_loss`, `take_profit` and `trailing_stop` are fractions of the average entry price: 0.05 is
    five percent. Orders that wait there lie behind the position from its first fill on, follow its
    size, and outlive a restart; they are called back before a new target is traded. What one of
    them closed is bought again only when `x` changes: they go with no `band`. There is one stop.
    What a venue cannot let wait, as a trailing stop at Binance or Coinbase, the engine holds and
    sends when the market is there, as long as the bot runs.
    """
    given: object = execution
    if not isinstance(given, str):
        raise SignalError(f"execution must be words such as 'cross' or 'passive', not {given!r}")
    exits = {"stop_loss": stop_loss, "take_profit": take_profit, "trailing_stop": trailing_stop}
    parts = {
        name: as_number(value, f"{name} must be a number, a fraction of the entry price")
        for name, value in exits.items()
        if value is not None
    }
    if band is not None and parts:
        raise SignalError("a band would buy back what an exit sold: give exits or a band, not both")
    drift = None if band is None else as_number(band, "band must be a number, a fraction of equity")
    return Target(as_expr(x), drift, given, **parts)


def compute(frame: object, signals: Mapping[str, Operand]) -> pl.DataFrame:
    """The table (Polars, pandas, Arrow) with each signal appended as a ``Float64`` column.

    The operations are those a backtest and live trading run, bit for bit. A condition gives 1 and
    0; NaN is "not warmed up yet". An input is the column of its name, with its parameter where it
    has one: ``depth_bid_5``, ``ofi_1``, ``sweep_buy_0.5``. Where no column is called `interval_s`
    it is the most common step of ``ts``, as a backtest has it. Every row is one event of every
    clock.

    Raises DataError when a column is missing, there twice or not numeric, SignalError when an
    expression cannot run.
    """
    given: object = signals
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ParameterError(
            f"signals is {signals!r}; give signals by name: {{'fast': b4.sma(...)}}"
        )
    table = as_polars(frame)
    exprs = [as_expr(signal) for signal in signals.values()]
    for name in signals:
        if name in table.columns:
            raise DataError(f"the table already has a column {name!r}; name the signal otherwise")
    if not exprs:
        return table
    compiled = program(exprs)
    columns = {name: _input(table, name) for name in compiled.inputs}
    results = compiled.columns(columns)
    return table.with_columns(
        [pl.Series(name, values) for name, values in zip(signals, results, strict=True)]
    )


def _input(table: pl.DataFrame, name: str) -> NDArray[np.float64]:
    found = named(table.columns, (name,), "the table").get(name)
    if found is None:
        if name == interval_s.operator:
            return _interval(table)
        if name in ACCOUNT_INPUTS:
            raise SignalError(
                f"{name} is known only while trading; to compute it over a table, "
                f"give the table a column {name!r}"
            )
        near = known_names(name, table.columns)
        said = _PARAMETER.fullmatch(name)
        if said is not None:
            near = f"that is {said['input']}({said['parameter']}) of each row; {near}"
        raise DataError(f"the table has no column {name!r}, which a signal reads; {near}")
    series = table[found]
    if not (series.dtype.is_numeric() or series.dtype == pl.Null):
        raise DataError(f"column {found!r} holds {series.dtype}, not numbers; convert it first")
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _interval(table: pl.DataFrame) -> NDArray[np.float64]:
    """The length of the bars in each row, by their times."""
    found = named(table.columns, ("ts",), "the table").get("ts")
    times = None if found is None else table[found]
    if times is None or not times.dtype.is_temporal() or times.null_count() or len(times) < 2:
        raise DataError(
            "a signal reads interval_s, the length of a bar in seconds: give the table times in a "
            "column ts, a column interval_s, or the signal its periods_per_year"
        )
    steps = np.diff(times.cast(pl.Datetime("ns")).to_physical().to_numpy())
    return np.full(len(times), float(interval_of(steps)) / 1e9)
