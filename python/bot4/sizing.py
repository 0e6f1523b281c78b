"""How much of what a strategy wants: sizes as signals, so that research sizes as live does.

Each function takes what is wanted, `x` (a direction such as 1 or -1, or a fraction of the equity),
and gives the fraction of the equity to hold: ``b4.target(b4.vol_target(x, 0.2))``. The equity is
what the strategy has been allocated, as for every target; and as on every target risk has the last
word.

What holds for all of them: the size is never beyond `cap` on either side, and never infinite. An
`x` of 0 gives 0 whatever else is known, so that nothing holds an exit up. What is not known yet
(NaN) gives NaN: nothing new is decided, and what is held stays. A measure that is 0, negative or
infinite (a volatility of 0, a stop at no distance, no equity) gives 0, as an infinite `x` does.

A size that follows a market moves at each bar, and is traded at each bar: `deadband` lets it move
only by more than a width. A target with exits needs a `deadband` as wide as the cap, which keeps
the size of the entry: an exit is bought back as soon as the target changes.

``[strategy.sizing]`` names the same functions in a configuration.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from statistics import NormalDist

from bot4 import settings
from bot4.config.sizing import SizingTable
from bot4.errors import SignalError, known_names
from bot4.expression import Expr, Operand, as_expr, as_number, whole
from bot4.signals import atr as true_range
from bot4.signals import (
    close,
    cum_max,
    deadband,
    ema,
    equity,
    interval_s,
    maximum,
    minimum,
    rolling_max,
    rolling_quantile,
    rolling_std,
    rolling_tail_mean,
    shift,
    sma,
    sqrt,
    where,
)


def fixed_fraction(x: Operand, fraction: Operand, *, cap: float = settings.SIZE_CAP) -> Expr:
    """`x` times `fraction`, within `cap`: 0.02 holds 2 % of the equity where `x` is 1."""
    return _sized("fixed_fraction", x, fraction, cap)


def volatility(
    n: int = settings.VOLATILITY_BARS,
    *,
    price: Operand = close,
    estimator: str = "std",
    periods_per_year: float | None = None,
) -> Expr:
    """The volatility of `price` a year, as a fraction: 0.8 is 80 %.

    Of the returns from bar to bar. `estimator` is ``std``, their sample deviation over the last `n`
    (pandas ``rolling(n).std()``), or ``ewma``, the root of the exponential average of their
    squares with weight ``2 / (n + 1)`` (RiskMetrics 1996, whose 0.94 is an `n` of about 32).

    A year has `periods_per_year` bars; where that is not given, as many as fit in 365 days, by the
    length of each bar (`interval_s`), since crypto trades every day. A return over a gap in the
    bars counts as one bar's. Where no bars are told, as to a `Bot` over frames, it is never known.
    """
    deviation = _deviation("volatility", n, _returns(price), estimator)
    return deviation * _root_of_year("volatility", periods_per_year)


def vol_target(
    x: Operand,
    target: float,
    *,
    n: int = settings.VOLATILITY_BARS,
    cap: float = settings.SIZE_CAP,
    estimator: str = "std",
    periods_per_year: float | None = None,
) -> Expr:
    """`x` times `target` over the volatility a year: 0.2 holds what moves by 20 % a year.

    See `volatility` for `n`, `estimator` and how a year is counted. Nothing is held where nothing
    moved for `n` bars. Source: C. Harvey and others, The Impact of Volatility Targeting, Journal of
    Portfolio Management 45 (2018).
    """
    aim = _positive("vol_target: target", target)
    moves = volatility(n, estimator=estimator, periods_per_year=periods_per_year)
    return _sized("vol_target", x, aim / moves, cap)


def risk_size(
    risk: float,
    stop_distance: Operand,
    x: Operand = 1.0,
    *,
    price: Operand = close,
    cap: float = settings.SIZE_CAP,
) -> Expr:
    """The fraction of the equity of which a stop `stop_distance` away loses `risk` of the equity.

    It is ``risk * price / stop_distance``, in the direction of `x`. The distance is in units of
    price: ``2 * b4.atr(14)``. Where the price jumps past the stop more is lost. Source: C. Faith,
    Way of the Turtle (2007): 1 % of the equity for each true range (ATR of 20 days).
    """
    lost = _part("risk_size: risk", risk)
    return _sized("risk_size", x, lost * as_expr(price) / as_expr(stop_distance), cap)


def kelly(
    x: Operand,
    fraction: float = settings.KELLY_FRACTION,
    *,
    n: int = settings.KELLY_BARS,
    rate: float = 0.0,
    shrink: bool = True,
    returns: Operand | None = None,
    cap: float = settings.SIZE_CAP,
    periods_per_year: float | None = None,
) -> Expr:
    """`x` times `fraction` of Kelly's size, ``(mean - rate) / variance`` of the last `n` returns.

    `returns` are those of the edge, a bar; where none are given, what `x` itself would have earned
    before costs: its value a bar ago times the return of the close. Where their mean does not lie
    above `rate` (a year, counted as in `volatility`) nothing is held.

    A mean of `n` returns is known badly, and betting too much costs more than too little: with
    `shrink` the size is made smaller by ``s² / (s² + 1/n)``, where ``s`` is mean over deviation, a
    bar. That is the part of Kelly's size that grows fastest where the mean has the error of a
    sample. Full Kelly halves the account at some time with a probability of one half.

    Sources: E. O. Thorp, The Kelly Criterion in Blackjack, Sports Betting and the Stock Market
    (2006), section 7; R. D. Baker and I. G. McHale, Optimal Betting Under Parameter Uncertainty,
    Decision Analysis 10 (2013).
    """
    part = _part("kelly: fraction", fraction, and_one=True)
    earned = shift(x) * _returns(close) if returns is None else as_expr(returns)
    deviation = _deviation("kelly", n, earned, "std")
    variance = deviation * deviation
    excess = sma(earned, n) - _rate_a_bar(rate, periods_per_year)
    best = excess / variance
    if _switch("kelly: shrink", shrink):
        square = excess * excess
        best = best * (square / (square + variance / float(n)))
    return _sized("kelly", x, where(excess > 0.0, part * best, 0.0), cap)


def var_budget(
    x: Operand,
    budget: float,
    *,
    level: float = settings.VAR_LEVEL,
    n: int = settings.LOSS_BARS,
    horizon: int = 1,
    estimator: str = "historical",
    cap: float = settings.SIZE_CAP,
) -> Expr:
    """`x` times the fraction that loses no more than `budget` in `level` of all cases.

    The loss is over `horizon` bars: 1 unless said. ``historical`` takes it from the last `n`
    returns over the horizon, for the side that `x` is on, as the smallest loss that a part of at
    least `level` of them is not beyond (inverse of the empirical distribution). ``std`` and
    ``ewma`` take a normal distribution with a mean of 0 and the deviation of `volatility`, whose
    quantile is 2.326 at 99 %, times the root of the horizon: crypto has fatter tails.

    Raises SignalError where `n` returns cannot hold a loss that is beyond the level.
    Source: J. P. Morgan, RiskMetrics Technical Document (1996).
    """
    what = "var_budget"
    tail = _tail(what, level)
    if estimator == "historical":
        # Halfway between two samples, where rounding cannot take the wrong one.
        part = (math.ceil(_tail_samples(what, tail, n)) - 0.5) / n
        loss = _loss_beyond(what, x, horizon, lambda over: rolling_quantile(over, n, part))
    else:
        quantile = NormalDist().inv_cdf(1.0 - float(tail))
        loss = _normal_loss(what, n, horizon, estimator) * quantile
    return _sized(what, x, _part(f"{what}: budget", budget) / loss, cap)


def cvar_budget(
    x: Operand,
    budget: float,
    *,
    level: float = settings.CVAR_LEVEL,
    n: int = settings.LOSS_BARS,
    horizon: int = 1,
    estimator: str = "historical",
    cap: float = settings.SIZE_CAP,
) -> Expr:
    """`x` times the fraction that loses `budget` in the mean of the cases beyond `level`.

    The expected shortfall (CVaR), at 97.5 % as banks measure it (Basel 2016); the rest is as in
    `var_budget`. ``historical`` counts the return at the edge of the tail in part.
    Source: C. Acerbi and D. Tasche, On the Coherence of Expected Shortfall, Journal of Banking &
    Finance 26 (2002).
    """
    what = "cvar_budget"
    tail = _tail(what, level)
    part = float(tail)
    if estimator == "historical":
        _tail_samples(what, tail, n)
        loss = _loss_beyond(what, x, horizon, lambda over: rolling_tail_mean(over, n, part))
    else:
        normal = NormalDist()
        shortfall = normal.pdf(normal.inv_cdf(1.0 - part)) / part
        loss = _normal_loss(what, n, horizon, estimator) * shortfall
    return _sized(what, x, _part(f"{what}: budget", budget) / loss, cap)


def drawdown_scale(
    x: Operand,
    start: float,
    stop: float,
    *,
    n: int | None = None,
    wealth: Operand = equity,
    cap: float = settings.SIZE_CAP,
) -> Expr:
    """`x`, made smaller the further `wealth` lies below its peak: all to `start`, none from `stop`.

    Between them in a straight line: with 0.05 and 0.15 half of `x` at 10 % below the peak. The peak
    is the highest since the program began, restarts included, or of the last `n` bars; a strategy
    that was changed begins anew. At `stop` nothing is held, so a strategy that is alone on its
    account stays out, unless an `n` lets the peak be forgotten. The equity is the account's: a
    deposit raises the peak, a withdrawal is a drawdown.

    It reads `equity`, which only trading knows: `compute` wants a column of it. Source: after S. J.
    Grossman and Z. Zhou, Optimal Investment Strategies for Controlling Drawdowns, Mathematical
    Finance 3 (1993).
    """
    what = "drawdown_scale"
    first = _number(f"{what}: start must be a fraction from 0, below 1", start, 0.0, 1.0)
    last = _part(f"{what}: stop", stop, and_one=True)
    if first >= last:
        raise SignalError(f"{what}: stop is {last:g}; it must lie above start, {first:g}")
    worth = as_expr(wealth)
    peak = cum_max(worth) if n is None else rolling_max(worth, n)
    drawdown = 1.0 - worth / peak
    left = minimum(maximum((last - drawdown) / (last - first), 0.0), 1.0)
    return _sized(what, x, where(peak > 0.0, left, 0.0), cap)


def sized_by(table: SizingTable, x: Operand) -> Expr:
    """`x` sized as a configuration says, by the functions here. Raises SignalError."""
    values = table.parameters
    width = values.pop("deadband")
    sized = _METHODS[table.name](x, **values)
    return deadband(sized, width) if width else sized


def _risk_size(x: Operand, *, risk: float, atr: int, multiple: float, cap: float) -> Expr:
    return risk_size(risk, multiple * true_range(atr), x, cap=cap)


# By the names of `bot4.config.sizing.SIZINGS`, whose parameters have the names of these.
_METHODS: Mapping[str, Callable[..., Expr]] = {
    "fixed_fraction": fixed_fraction,
    "vol_target": vol_target,
    "risk_size": _risk_size,
    "kelly": kelly,
    "var_budget": var_budget,
    "cvar_budget": cvar_budget,
    "drawdown_scale": drawdown_scale,
}


def _sized(what: str, x: Operand, scale: Operand, cap: float) -> Expr:
    most = _positive(f"{what}: cap", cap)
    return Expr("sized", (as_expr(x), as_expr(scale), as_expr(most)))


def _returns(price: Operand, bars: int = 1) -> Expr:
    now = as_expr(price)
    return now / shift(now, bars) - 1.0


def _deviation(
    what: str, n: int, returns: Expr, estimator: str, also: tuple[str, ...] = ()
) -> Expr:
    """The deviation of returns, a bar; `also` are estimators that are handled elsewhere."""
    bars = _whole(what, "n", n, 2)
    if estimator == "std":
        return rolling_std(returns, bars) * math.sqrt(bars / (bars - 1))
    if estimator == "ewma":
        return sqrt(ema(returns * returns, bars))
    near = known_names(estimator, ("std", "ewma", *also))
    raise SignalError(f"{what}: there is no estimator {estimator!r}; {near}")


def _root_of_year(what: str, periods_per_year: float | None) -> Expr:
    """The root of how many bars a year has, by which a deviation of one becomes that of a year."""
    if periods_per_year is None:
        return sqrt(float(settings.YEAR_S) / interval_s)
    return as_expr(math.sqrt(_positive(f"{what}: periods_per_year", periods_per_year)))


def _rate_a_bar(rate: float, periods_per_year: float | None) -> Operand:
    a_year = _number("kelly: rate must be a finite number, at least 0", rate, 0.0, math.inf)
    if not a_year:
        return 0.0
    if periods_per_year is None:
        return interval_s * (a_year / settings.YEAR_S)
    return a_year / _positive("kelly: periods_per_year", periods_per_year)


def _tail(what: str, level: float) -> Decimal:
    """What lies beyond a level, as it is written: 1 less 0.99 is 0.01, which floats do not say."""
    return 1 - Decimal(repr(_part(f"{what}: level", level)))


def _tail_samples(what: str, tail: Decimal, n: int) -> Decimal:
    """How many of `n` samples lie beyond the level; at least one must."""
    samples = tail * _whole(what, "n", n, 2)
    if samples < 1:
        least = math.ceil(1 / tail)
        raise SignalError(
            f"{what}: {n} returns hold none beyond {1 - tail}; n must be at least {least}"
        )
    return samples


def _loss_beyond(what: str, x: Operand, horizon: int, measure: Callable[[Expr], Expr]) -> Expr:
    """What is lost on the side that `x` is on, by a measure of the lowest returns."""
    over = _returns(close, _whole(what, "horizon", horizon, 1))
    return where(as_expr(x) < 0.0, -measure(-over), -measure(over))


def _normal_loss(what: str, n: int, horizon: int, estimator: str) -> Expr:
    """The deviation over the horizon."""
    root = math.sqrt(_whole(what, "horizon", horizon, 1))
    return _deviation(what, n, _returns(close), estimator, also=("historical",)) * root


def _number(need: str, value: object, least: float, below: float) -> float:
    number = as_number(value, need)
    if not least <= number < below:
        raise SignalError(f"{need}, not {value!r}")
    return number


def _positive(what: str, value: object) -> float:
    need = f"{what} must be a finite number above 0"
    return _number(need, value, math.ulp(0.0), math.inf)


def _part(what: str, value: object, *, and_one: bool = False) -> float:
    need = f"{what} must be a fraction above 0, " + ("at most 1" if and_one else "below 1")
    below = math.nextafter(1.0, 2.0) if and_one else 1.0
    return _number(need, value, math.ulp(0.0), below)


def _whole(what: str, name: str, value: int, least: int) -> int:
    need = f"{what}: {name} must be a whole number of bars, at least {least}"
    number = int(whole(value, need))
    if number < least:
        raise SignalError(f"{need}, not {value!r}")
    return number


def _switch(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SignalError(f"{what} must be True or False, not {value!r}")
    return value
