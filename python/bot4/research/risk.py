"""The risk of a history: every measure of it at once, for `bot4 measures` and whoever asks by hand.

Several instruments are one portfolio of equal weights, brought back to them each bar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot4.errors import DataError, ParameterError
from bot4.history.bars import MarketHistory
from bot4.history.times import interval_text
from bot4.measures import (
    METHODS,
    Comovement,
    ComponentRisk,
    Drawdown,
    RolledRisk,
    TailRisk,
    backtest_value_at_risk,
    comovement,
    component_risk,
    drawdown,
    liquidation,
    shock,
    value_at_risk,
    worst_windows,
)
from bot4.measures.rolling import FITTED, REFIT, WINDOW
from bot4.measures.var import Method, check_method

FITS_MAX = 60  # of one method over a whole history, so that it takes seconds
SHOCKS = (-0.1, -0.2, -0.3, -0.5)
ALL = "all"
_WINDOWS = 3
_DAY_NS = 86_400 * 10**9
_WINDOW_DAYS = (1, 7)
_S_NS = 10**9


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a history; `position` is in quote currency, `shocks` returns by name."""

    level: float
    method: Method | None = None
    window: int = WINDOW
    position: float = 0.0
    share: float = 0.1
    shocks: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MethodRisk:
    """One method: what it says now, how it did, or why it says nothing."""

    method: Method
    now: TailRisk | None
    past: RolledRisk | None
    refused: str | None = None

    @property
    def fitted(self) -> bool:
        """Whether it is fitted now and then, and not computed anew before each bar."""
        return self.method in FITTED


@dataclass(frozen=True, slots=True, eq=False)
class RiskSheet:
    """Everything that was measured.

    `open_ns` are the bars' opens, one more than there are returns. `windows`: bars, opened and
    ended (UTC), return. `shocks`: scenario, instrument, weight, shock, return. `liquidity`: as
    `liquidation` gives it. `components` and `moves` are None of a single instrument.
    """

    instruments: tuple[str, ...]
    weights: tuple[float, ...]
    seed: int | None
    interval_ns: int
    open_ns: NDArray[np.int64]
    returns: NDArray[np.float64]
    level: float
    window: int
    methods: tuple[MethodRisk, ...]
    drawdown: Drawdown
    windows: pl.DataFrame
    shocks: pl.DataFrame
    liquidity: pl.DataFrame
    components: ComponentRisk | None
    moves: Comovement | None


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """Bars that all instruments have: closes and volumes, shape (bars, instruments)."""

    open_ns: NDArray[np.int64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]


def known_method(name: str | None) -> Method | None:
    """The method called `name`; None stays so. Raises ParameterError."""
    if name is not None:
        check_method(name)
    return next((method for method in METHODS if method == name), None)


def measure(market: MarketHistory, wanted: Wanted) -> RiskSheet:
    """Measure a history. Raises DataError where bars do not go together, else ParameterError."""
    names = tuple(history.instrument for history in market.instruments)
    intervals = {history.bars.interval_ns for history in market.instruments}
    if len(intervals) > 1:
        found = ", ".join(sorted(interval_text(interval) for interval in intervals))
        raise DataError(f"the bars have several intervals ({found}); choose files of one")
    interval_ns = intervals.pop()
    bars = _together(market, wanted.window)
    weights = np.full(len(names), 1 / len(names))
    each = pl.DataFrame(bars.close[1:] / bars.close[:-1] - 1, schema=list(names), orient="row")
    whole = each.to_numpy() @ weights
    several = len(names) > 1
    traded = pl.DataFrame(bars.volume * bars.close, schema=list(names), orient="row")
    # What is quick comes first, and so do its errors.
    shocks = _shocks(names, weights, wanted.shocks)
    liquidity = liquidation(
        weights * wanted.position, traded, interval_ns / _S_NS, share=wanted.share
    )
    return RiskSheet(
        instruments=names,
        weights=tuple(weights.tolist()),
        seed=market.seed,
        interval_ns=interval_ns,
        open_ns=bars.open_ns,
        returns=whole,
        level=wanted.level,
        window=wanted.window,
        components=component_risk(each, weights, wanted.level) if several else None,
        moves=comovement(each) if several else None,
        drawdown=drawdown(np.cumprod(np.concatenate([[1.0], 1 + whole]))),
        windows=_windows(whole, bars.open_ns, interval_ns),
        shocks=shocks,
        liquidity=liquidity,
        methods=_methods(whole, wanted),
    )


def _together(market: MarketHistory, window: int) -> _Market:
    shared = market.instruments[0].open_ns
    for history in market.instruments[1:]:
        shared = np.intersect1d(shared, history.open_ns, assume_unique=True)
    needed = window + 3  # a return less than bars, a window, and two returns to judge
    if len(market.instruments) > 1 and len(shared) < needed:
        fewest = min(market.instruments, key=lambda history: len(history.open_ns))
        raise DataError(
            f"{len(market.instruments)} instruments have {len(shared)} bars at the same times, and "
            f"{needed} are needed; leave out what has few ({fewest.instrument} has "
            f"{len(fewest.open_ns):,}), or give a smaller window"
        )
    rows = [np.searchsorted(history.open_ns, shared) for history in market.instruments]
    pairs = list(zip(market.instruments, rows, strict=True))
    return _Market(
        shared,
        np.column_stack([history.close[row] for history, row in pairs]),
        np.column_stack([history.volume[row] for history, row in pairs]),
    )


def _methods(returns: NDArray[np.float64], wanted: Wanted) -> tuple[MethodRisk, ...]:
    """Each method; one that refuses says why, unless it was asked for by name or all refuse."""
    asked = METHODS if wanted.method is None else (wanted.method,)
    found: list[MethodRisk] = []
    first: ParameterError | None = None
    for method in asked:
        try:
            found.append(_method(returns, method, wanted))
        except ParameterError as error:
            if wanted.method is not None:
                raise
            first = first or error
            found.append(MethodRisk(method, None, None, str(error)))
    if first is not None and all(one.now is None for one in found):
        raise first
    return tuple(found)


def _method(returns: NDArray[np.float64], method: Method, wanted: Wanted) -> MethodRisk:
    refit = max(REFIT, -(-(len(returns) - wanted.window) // FITS_MAX))
    past = backtest_value_at_risk(returns, wanted.level, method, window=wanted.window, refit=refit)
    now = value_at_risk(returns[-wanted.window :], wanted.level, method)
    return MethodRisk(method, now, past)


def _windows(
    returns: NDArray[np.float64], open_ns: NDArray[np.int64], interval_ns: int
) -> pl.DataFrame:
    """The worst windows of a bar, a day and a week, as far as there is as much history."""
    days = [days * _DAY_NS // interval_ns for days in _WINDOW_DAYS]
    frames = []
    for bars in dict.fromkeys([1, *days]):
        if 1 <= bars <= len(returns):
            worst = worst_windows(returns, bars, _WINDOWS)
            frames.append(
                pl.DataFrame(
                    {
                        "bars": [bars] * worst.height,
                        # Return i is of bar i + 1, from the close of bar i to its own.
                        "opened": _times(open_ns[worst["first"].to_numpy() + 1]),
                        "ended": _times(open_ns[worst["last"].to_numpy() + 1] + interval_ns),
                        "return": worst["return"],
                    }
                )
            )
    return pl.concat(frames)


def _times(ns: NDArray[np.int64]) -> pl.Series:
    return pl.Series(ns).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")


def _shocks(
    names: Sequence[str], weights: NDArray[np.float64], given: Mapping[str, float] | None
) -> pl.DataFrame:
    """What was typed as one scenario, or all falling by as much."""
    held = dict(zip(names, weights.tolist(), strict=True))
    if given is None:
        scenarios = {f"all {size:+.0%}": shock(held, {}, others=size) for size in SHOCKS}
    else:
        others = given.get(ALL, 0.0)
        named = {_named(name, names): size for name, size in given.items() if name != ALL}
        scenarios = {"typed": shock(held, named, others=others)}
    return pl.concat(
        frame.select(pl.lit(scenario).alias("scenario"), pl.all())
        for scenario, frame in scenarios.items()
    )


def _named(given: str, names: Sequence[str]) -> str:
    """The whole name of an instrument, which may be typed without its venue."""
    meant = [name for name in names if given in {name, name.partition(":")[2]}]
    return meant[0] if len(meant) == 1 else given
