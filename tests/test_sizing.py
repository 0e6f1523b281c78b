"""Sizes against formulas of pandas and NumPy, figures of the literature, and sums by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

import bot4 as b4
from bot4.expression import Operand

Array = NDArray[np.float64]

BARS = 600
YEARS = {"1m": 525_600, "1h": 8_760, "4h": 2_190, "1d": 365}
LONG_SHORT = b4.where(b4.close > b4.sma(b4.close, 20), 1.0, -1.0)


def size(frame: object, signal: b4.Expr) -> Array:
    return b4.compute(frame, {"size": signal})["size"].to_numpy()


def last(frame: object, signal: b4.Expr) -> float:
    return float(size(frame, signal)[-1])


def closes(frame: pl.DataFrame) -> "pd.Series[float]":
    return pd.Series(frame["close"].to_numpy())


def direction(close: "pd.Series[float]") -> "pd.Series[float]":
    mean = close.rolling(20).mean()
    return (close > mean).astype(float).mul(2).sub(1).where(mean.notna())


def agree(ours: Array, theirs: object, tolerance: float = 1e-9) -> None:
    judge = np.asarray(theirs, dtype=np.float64)
    assert np.array_equal(np.isnan(ours), np.isnan(judge))
    known = ~np.isnan(judge)
    assert known.sum() > 100
    np.testing.assert_allclose(ours[known], judge[known], rtol=tolerance, atol=1e-12)


def table(rows: int, **columns: object) -> pl.DataFrame:
    """Hourly bars at 100, with columns of one's own; a number is a column of it."""
    times = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(rows)]
    bars = {"open": 100.0, "high": 100.0, "low": 100.0, "close": 100.0, "volume": 1.0}
    made: dict[str, object] = {"ts": times}
    for name, value in {**bars, **columns}.items():
        made[name] = [value] * rows if isinstance(value, float) else value
    return pl.DataFrame(made)


@pytest.mark.parametrize("interval", YEARS)
def test_a_volatility_target_is_the_formula_of_pandas_on_every_interval(interval: str) -> None:
    frame = b4.simulated(bars=BARS, seed=3, interval=interval).frame
    close = closes(frame)
    moves = close.pct_change().rolling(60).std() * sqrt(YEARS[interval])
    agree(size(frame, b4.volatility()), moves)
    assert repr(b4.volatility(np.int64(60))) == repr(b4.volatility())  # type: ignore[arg-type]
    wanted = (direction(close) * 0.2 / moves).clip(-1.0, 1.0)
    agree(size(frame, b4.vol_target(LONG_SHORT, 0.2)), wanted)
    told = b4.vol_target(LONG_SHORT, 0.2, periods_per_year=YEARS[interval])
    agree(size(frame.drop("ts"), told), wanted)
    wider = (direction(close) * 3.0 / moves).clip(-2.5, 2.5)
    agree(size(frame, b4.vol_target(LONG_SHORT, 3.0, cap=2.5)), wider)


def test_an_exponential_volatility_is_that_of_pandas_begun_with_a_mean() -> None:
    frame = b4.simulated(bars=BARS, seed=4, interval="1d").frame
    squares = closes(frame).pct_change() ** 2
    begun = squares.copy()
    begun[:32], begun[32] = nan, squares[1:33].mean()
    judge = np.sqrt(begun.ewm(span=32, adjust=False, ignore_na=True).mean() * 365)
    agree(size(frame, b4.volatility(32, estimator="ewma")), judge)


def test_a_backtest_is_told_the_interval_that_compute_reads_from_the_times() -> None:
    """Where the two differed by any bit the strategy would be flat on some bar."""
    for interval, seconds in (("1m", 60.0), ("4h", 14_400.0), ("1d", 86_400.0)):
        frame = b4.simulated(bars=50, seed=3, interval=interval).frame
        assert set(size(frame, b4.interval_s * 1.0)) == {seconds}
        told = b4.where(b4.interval_s == seconds, 0.5, 0.0)

        @b4.strategy
        def asks(wanted: float = 0.5) -> b4.Target:
            return b4.target(told)  # noqa: B023 - it is run within the turn

        assert b4.backtest(asks(), frame).metrics.fills == 1


MEASURED: dict[str, Callable[[Operand], b4.Expr]] = {
    "vol_target": lambda x: b4.vol_target(x, 0.2, n=20),
    "vol_target ewma": lambda x: b4.vol_target(x, 0.2, n=20, estimator="ewma"),
    "risk_size": lambda x: b4.risk_size(0.005, 2 * b4.atr(14), x),
    "kelly": lambda x: b4.kelly(x, 1.0, n=20),
    "kelly unshrunk": lambda x: b4.kelly(x, 1.0, n=20, shrink=False),
    "var_budget": lambda x: b4.var_budget(x, 0.01, n=100),
    "var_budget std": lambda x: b4.var_budget(x, 0.01, n=20, estimator="std"),
    "cvar_budget": lambda x: b4.cvar_budget(x, 0.01, n=100),
    "cvar_budget ewma": lambda x: b4.cvar_budget(x, 0.01, n=20, estimator="ewma"),
}


@pytest.mark.parametrize("name", MEASURED)
def test_a_market_that_does_not_move_has_no_size(name: str) -> None:
    signal = MEASURED[name]
    assert last(table(300), signal(1.0)) == 0.0
    assert last(table(300), signal(-1.0)) == 0.0
    # One that stopped: what moved lies outside the windows by now.
    moving = b4.simulated(bars=300, seed=3, interval="1h").frame
    still = table(400, **{c: float(moving["close"][-1]) for c in ("open", "high", "low", "close")})
    stopped = pl.concat([moving.drop("ts"), still.drop("ts")]).with_columns(
        interval_s=pl.lit(3600.0)
    )
    # An exponential average forgets, but never wholly: there the size is capped.
    fades = "ewma" in name or name == "risk_size"
    assert last(stopped, signal(1.0)) == (1.0 if fades else 0.0)


@pytest.mark.parametrize("name", MEASURED)
def test_flat_is_flat_before_anything_is_known(name: str) -> None:
    moving = b4.simulated(bars=300, seed=3, interval="1h").frame
    assert set(size(moving, MEASURED[name](b4.close * 0.0))) == {0.0}
    waiting = size(moving, MEASURED[name](1.0))
    assert np.isnan(waiting[0])
    assert np.isfinite(waiting[-1])


@pytest.mark.parametrize("wild", [1e300, -1e300, inf, -inf, nan])
@pytest.mark.parametrize("name", MEASURED)
def test_no_size_is_infinite_or_beyond_its_cap(name: str, wild: float) -> None:
    moving = b4.simulated(bars=300, seed=3, interval="1h").frame
    for made in (size(moving, MEASURED[name](b4.close * wild)), size(moving, MEASURED[name](wild))):
        known = made[~np.isnan(made)]
        assert np.abs(known).max(initial=0.0) <= 1.0
    distances = table(4, high=[nan, 0.0, -1.0, 5e-324])
    by_stop = size(distances, b4.risk_size(0.005, b4.high))
    assert np.isnan(by_stop[0])
    assert by_stop[1:].tolist() == [0.0, 0.0, 0.0]


def test_a_stop_costs_the_risk_by_hand() -> None:
    """Faith's rule with a range of three bars, in exact arithmetic."""
    bars = [("10", "8", "9"), ("11", "9", "10"), ("14", "10", "13"), ("13", "11", "12")]
    bars += [("15", "12", "14")]
    rows = [[Decimal(number) for number in bar] for bar in bars]
    ranges = [
        max(high - low, abs(high - before[2]), abs(low - before[2]))
        for before, (high, low, _) in pairwise(rows)
    ]
    assert ranges == [2, 4, 2, 3]
    average = sum(ranges[:3], Decimal(0)) / 3
    average = (2 * average + ranges[3]) / 3
    wanted = Decimal("0.01") * 14 / (2 * average)
    high, low, close = ([float(row[place]) for row in rows] for place in range(3))
    frame = table(5, high=high, low=low, close=close)
    got = last(frame, b4.risk_size(0.01, 2 * b4.atr(3)))
    assert got == pytest.approx(float(wanted), rel=1e-14)
    assert last(frame, b4.risk_size(0.01, 2 * b4.atr(3), -1.0)) == -got
    # The account at the stop, two ranges below: one percent is gone.
    equity = Decimal(10_000)
    units = equity * wanted / 14
    assert units * 2 * average == pytest.approx(equity * Decimal("0.01"))


def test_a_backtest_loses_the_risk_where_its_stop_lies() -> None:
    prices = [100.0, 100.0, 100.0, 95.0, 95.0]
    frame = table(5, **dict.fromkeys(("open", "high", "low", "close"), prices))

    @b4.strategy
    def stopped(risk: float = 0.005) -> b4.Target:
        sized = b4.risk_size(risk, 5.0)
        return b4.target(b4.where(b4.close < 100.0, 0.0, sized))

    for risk in (0.005, 0.02):
        result = b4.backtest(stopped(risk=risk), frame, cash=10_000, fee_bps=0, slippage_bps=0)
        assert result.metrics.final_equity == pytest.approx(10_000 * (1 - risk), abs=0.01)


def thorp(mean: float, deviation: float, rows: int = 250) -> pl.DataFrame:
    """Two returns in turn that have just this mean and sample deviation; in the column `open`."""
    half = deviation * sqrt((rows - 1) / rows)
    returns = [mean + half if row % 2 else mean - half for row in range(rows)]
    return table(rows, open=returns)


def test_kelly_is_thorps_figure() -> None:
    """The S&P 500 of Thorp (2006), section 7: mean .11, deviation .15, riskless .06."""
    stated: dict[str, Any] = {"rate": 0.06, "periods_per_year": 1, "returns": b4.open, "cap": 10.0}
    full = b4.kelly(1.0, 1.0, shrink=False, **stated)
    assert last(thorp(0.11, 0.15), full) == pytest.approx(2.2222, abs=5e-5)
    quarter = b4.kelly(-1.0, shrink=False, **stated)
    assert last(thorp(0.11, 0.15), quarter) == pytest.approx(-2.2222 / 4, abs=5e-5)
    assert last(thorp(0.06, 0.15), full) == 0.0
    assert last(thorp(-0.11, 0.15), full) == 0.0
    capped = b4.kelly(1.0, 1.0, shrink=False, returns=b4.open)
    assert last(thorp(0.11, 0.15), capped) == 1.0


@pytest.mark.parametrize(("sharpe", "n"), [(0.05, 250), (0.1, 100), (0.3, 60), (1 / 3, 250)])
def test_a_shrunk_kelly_is_what_grows_fastest_under_the_error_of_a_sample(
    sharpe: float, n: int
) -> None:
    """The mean growth over all samples of the estimate, by quadrature and a search on a grid."""
    deviation = 0.15
    mean = sharpe * deviation
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    estimates = (mean + deviation / sqrt(n) * nodes) / deviation**2
    parts = np.linspace(0.0, 1.0, 10_001)
    bets = parts[:, None] * estimates[None, :]
    growth = (bets * mean - bets**2 * deviation**2 / 2) @ weights
    best = parts[growth.argmax()]
    shrunk = b4.kelly(1.0, 1.0, n=n, returns=b4.open, cap=100.0)
    plain = b4.kelly(1.0, 1.0, n=n, returns=b4.open, cap=100.0, shrink=False)
    frame = thorp(mean, deviation, n)
    assert last(frame, shrunk) / last(frame, plain) == pytest.approx(best, abs=2e-4)


def test_kelly_takes_what_the_direction_itself_earned() -> None:
    frame = b4.simulated(bars=2_000, seed=5, interval="1h").frame
    close = closes(frame)
    side = direction(close)
    earned = side.shift(1) * close.pct_change()
    mean, variance = earned.rolling(100).mean(), earned.rolling(100).var()
    square = mean**2
    best = 0.5 * mean / variance * square / (square + variance / 100)
    wanted = (side * best.where(~(mean <= 0.0), 0.0)).clip(-3.0, 3.0)
    assert ((wanted != 0.0) & wanted.notna()).sum() > 100
    agree(size(frame, b4.kelly(LONG_SHORT, 0.5, n=100, cap=3.0)), wanted, 1e-6)


@pytest.mark.parametrize(
    ("level", "var", "shortfall"),
    [(0.95, 1.644854, 2.062713), (0.975, 1.959964, 2.337803), (0.99, 2.326348, 2.665214)],
)
def test_a_normal_budget_has_the_figures_of_the_tables(
    level: float, var: float, shortfall: float
) -> None:
    frame = b4.simulated(bars=300, seed=6, interval="1h").frame
    moves = float(closes(frame).pct_change().rolling(100).std().iloc[-1])
    for budget, figure in ((b4.var_budget, var), (b4.cvar_budget, shortfall)):
        for horizon in (1, 9):
            by = budget(1.0, 0.001, level=level, n=100, horizon=horizon, estimator="std")
            assert last(frame, by) == pytest.approx(
                0.001 / (figure * moves * sqrt(horizon)), rel=1e-6
            )


def shortfall_of(returns: Array, tail: float) -> float:
    """Rockafellar and Uryasev (2000): the least of c + E[(-r - c)+] / tail, at some return."""
    candidates = -returns
    beyond = np.maximum(candidates[None, :] - candidates[:, None], 0.0).mean(axis=1)
    return float((candidates + beyond / tail).min())


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.99])
@pytest.mark.parametrize("horizon", [1, 5])
def test_a_historical_budget_is_that_of_numpy(level: float, horizon: int) -> None:
    frame = b4.simulated(bars=700, seed=7, interval="1h").frame
    close = closes(frame)
    moves = close.pct_change(horizon).to_numpy()
    for side, x in ((1.0, b4.close * 0.0 + 1.0), (-1.0, b4.close * 0.0 - 1.0)):
        by_var = b4.var_budget(x, 0.001, level=level, n=250, horizon=horizon)
        by_tail = b4.cvar_budget(x, 0.001, level=level, n=250, horizon=horizon)
        got, got_tail = size(frame, by_var), size(frame, by_tail)
        first = 250 + horizon - 1
        assert np.isnan(got[:first]).all()
        for at in (first, 400, 699):
            window = side * moves[at - 249 : at + 1]
            loss = -float(np.quantile(window, round(1 - level, 6), method="inverted_cdf"))
            assert got[at] == pytest.approx(side * min(0.001 / loss, 1.0), rel=1e-12)
            shortfall = shortfall_of(window, 1 - level)
            assert got_tail[at] == pytest.approx(side * min(0.001 / shortfall, 1.0), rel=1e-9)


def test_ten_returns_have_the_loss_that_riskfolio_says() -> None:
    """-5 to +4 %, the worst tenth: a VaR of 5 % and a CVaR of 5 %."""
    returns = [place / 100 for place in (3, -2, 4, -5, 0, 1, -1, 2, -4, -3)]
    frame = table(10, open=returns)
    assert last(frame, -b4.rolling_quantile(b4.open, 10, 0.05)) == 0.05
    assert last(frame, -b4.rolling_tail_mean(b4.open, 10, 0.1)) == pytest.approx(0.05)
    assert last(frame, -b4.rolling_tail_mean(b4.open, 10, 0.25)) == pytest.approx(0.042)
    paths = 100 * np.cumprod([1.0, *(1 + np.array(returns))])
    frame = table(11, close=paths.tolist())
    for budget in (b4.var_budget, b4.cvar_budget):
        assert last(frame, budget(1.0, 0.01, level=0.9, n=10)) == pytest.approx(0.2)
        assert last(frame, budget(-1.0, 0.01, level=0.9, n=10)) == pytest.approx(-0.25)


def test_a_level_needs_returns_that_can_lie_beyond_it() -> None:
    words = r"var_budget: 99 returns hold none beyond 0.99; n must be at least 100"
    with pytest.raises(b4.SignalError, match=words):
        b4.var_budget(1.0, 0.01, n=99)
    b4.var_budget(1.0, 0.01, n=100)
    b4.var_budget(1.0, 0.01, n=20, estimator="std")


def test_a_drawdown_makes_it_smaller_in_a_straight_line() -> None:
    wealth = [100.0, 120.0, 114.0, 113.9, 108.0, 102.1, 102.0, 60.0, 0.0, -5.0, 110.0, 130.0, nan]
    frame = table(13, equity=wealth)
    got = size(frame, b4.drawdown_scale(1.0, 0.05, 0.15))
    peak = np.maximum.accumulate(wealth[:-1])
    lost = 1 - np.array(wealth[:-1]) / peak
    wanted = np.interp(lost, [0.05, 0.15], [1.0, 0.0])
    np.testing.assert_allclose(got[:-1], wanted, atol=1e-12)
    assert (got[0], got[4], got[7], got[11]) == (1.0, pytest.approx(0.5), 0.0, 1.0)
    assert np.isnan(got[-1])
    assert size(frame, b4.drawdown_scale(-1.0, 0.05, 0.15))[4] == pytest.approx(-0.5)
    # A peak that is forgotten after three bars.
    forgotten = size(frame, b4.drawdown_scale(1.0, 0.05, 0.15, n=3))
    assert np.isnan(forgotten[:2]).all()
    assert (forgotten[5], forgotten[11]) == (pytest.approx(1 - (1 - 102.1 / 113.9 - 0.05) / 0.1), 1)
    never = size(table(3, equity=[-1.0, 0.0, 0.0]), b4.drawdown_scale(1.0, 0.05, 0.15))
    assert never.tolist() == [0.0, 0.0, 0.0]


def test_a_drawdown_is_known_only_while_trading() -> None:
    with pytest.raises(b4.SignalError, match="equity is known only while trading"):
        size(table(3), b4.drawdown_scale(1.0, 0.05, 0.15))


def test_a_backtest_holds_less_as_its_equity_falls() -> None:
    prices = [100.0] * 3 + [90.0] * 3 + [80.0] * 3
    frame = table(9, **dict.fromkeys(("open", "high", "low", "close"), prices))

    @b4.strategy
    def careful(start: float = 0.05, stop: float = 0.15) -> b4.Target:
        return b4.target(b4.drawdown_scale(1.0, start, stop))

    result = b4.backtest(careful(), frame, cash=10_000, fee_bps=0, slippage_bps=0)
    # All of it; then, ten percent below the peak, half; then, at fifteen and less, nothing.
    worth = [100.0 * float(q) for q in result.fills["quantity"]]
    assert result.fills["side"].to_list()[:2] == ["buy", "sell"]
    assert worth[0] == pytest.approx(10_000, abs=0.01)
    assert 90 * worth[1] / 100 == pytest.approx(9_000 / 2, abs=0.01)
    assert result.fills["side"].to_list()[2:] == ["sell"] * (len(worth) - 2)
    assert result.equity["drawdown"].to_list()[-1] == pytest.approx(0.15)


def test_a_size_is_traded_when_it_has_left_its_deadband() -> None:
    frame = b4.simulated(bars=2_000, seed=8, interval="1h").frame

    @b4.strategy
    def steady(width: float = 0.0) -> b4.Target:
        return b4.target(b4.deadband(b4.vol_target(1.0, 0.2), width))

    orders = {w: b4.backtest(steady(width=w), frame).metrics.orders for w in (0.0, 0.05, 2.0)}
    assert orders[0.0] > 1_000
    assert 1 < orders[0.05] < 100
    assert orders[2.0] == 1


def test_fixed_fraction_takes_a_signal_as_its_fraction() -> None:
    frame = table(4, open=[0.02, -0.02, 5.0, nan])
    assert size(frame, b4.fixed_fraction(b4.close / 100, 0.25)).tolist() == [0.25] * 4
    got = size(frame, b4.fixed_fraction(b4.close / 100, b4.open, cap=0.5))
    assert got[:3].tolist() == [0.02, 0.0, 0.5]
    assert np.isnan(got[3])


def odd(value: object) -> Any:
    """What a type checker would refuse, and a person types."""
    return value


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "no target": (lambda: b4.vol_target(1.0, 0.0), "vol_target: target must be a finite number ab"),
    "nan": (lambda: b4.vol_target(1.0, nan), "vol_target: target must be a finite number above 0"),
    "text": (
        lambda: b4.vol_target(1.0, odd("0.2")),
        "target must be a finite number above 0, not '0.2",
    ),
    "true": (lambda: b4.vol_target(1.0, True), "vol_target: target must be a finite number above"),
    "cap": (
        lambda: b4.vol_target(1.0, 0.2, cap=inf),
        "vol_target: cap must be a finite number abov",
    ),
    "one bar": (
        lambda: b4.vol_target(1.0, 0.2, n=1),
        "n must be a whole number of bars, at least 2",
    ),
    "half a bar": (lambda: b4.volatility(odd(2.5)), "volatility: n must be a whole number of bars"),
    "estimator": (
        lambda: b4.volatility(estimator="stdd"),
        "volatility: there is no estimator 'stdd'; did you mean std?",
    ),
    "year": (
        lambda: b4.volatility(periods_per_year=-1),
        "volatility: periods_per_year must be a finite number above 0, not -1",
    ),
    "risk": (lambda: b4.risk_size(1.0, 5.0), "risk_size: risk must be a fraction above 0, below 1"),
    "fraction": (lambda: b4.kelly(1.0, 1.1), "kelly: fraction must be a fraction above 0, at most"),
    "rate": (lambda: b4.kelly(1.0, rate=-0.1), "kelly: rate must be a finite number, at least 0"),
    "shrink": (lambda: b4.kelly(1.0, shrink=odd(0)), "kelly: shrink must be True or False, not 0"),
    "level": (lambda: b4.var_budget(1.0, 0.01, level=1.0), "var_budget: level must be a fraction"),
    "budget": (lambda: b4.cvar_budget(1.0, 0.0), "cvar_budget: budget must be a fraction above 0"),
    "no horizon": (
        lambda: b4.var_budget(1.0, 0.01, horizon=0),
        "var_budget: horizon must be a whole number of bars, at least 1",
    ),
    "no estimator": (
        lambda: b4.var_budget(1.0, 0.01, estimator="history"),
        "var_budget: there is no estimator 'history'; did you mean historical?",
    ),
    "turned": (
        lambda: b4.drawdown_scale(1.0, 0.2, 0.1),
        "drawdown_scale: stop is 0.1; it must lie above start, 0.2",
    ),
    "too long": (
        lambda: size(table(3), b4.var_budget(1.0, 0.01, n=10_001)),
        "rolling_quantile: n must be a whole number from 1 to 10000, not 10001",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_says_what_is_allowed(name: str) -> None:
    mistake, words = MISTAKES[name]
    with pytest.raises(b4.SignalError) as refused:
        mistake()
    assert words in str(refused.value)
