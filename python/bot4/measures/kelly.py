"""How much to stake so that wealth grows fastest (Kelly), and what a part of that leads to.

Full Kelly is the most that makes sense, for odds that are known. Ours are estimated: what is taken
from returns is shrunk, and a fraction of a half or less is what people who do this use.

Sources: Kelly, Bell System Technical Journal 35 (1956); Thorp, The Kelly Criterion in Blackjack,
Sports Betting, and the Stock Market, Handbook of Asset and Liability Management 1 (2006), 7 and
after; MacLean, Thorp, Ziemba, The Kelly Capital Growth Investment Criterion (2011).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import expm1, inf, log, log1p

import numpy as np
import polars as pl
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from bot4.errors import ParameterError
from bot4.measures.portfolio import comovement
from bot4.measures.returns import Floats, number, panel, vector, within

FRACTION = 0.5
# Below so many rows a mean and a covariance say nothing that money should follow.
KELLY_LEAST = 60
_SYMMETRY = 1e-9
_CONDITION_MAX = 1e12
_NEAR_TWICE = 1e-9
_MOST = 2.0  # at twice Kelly nothing grows any more


@dataclass(frozen=True, slots=True)
class Stake:
    """A part of the wealth to stake or hold, and the growth of its logarithm a period."""

    fraction: float
    growth: float


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioStake:
    """What to hold of each instrument, and the growth of log wealth a period if all is as said.

    `frame`: instrument, fraction (of wealth, signed), mean. `shrunk` is what the sample's means
    were multiplied with and `shrinkage` how far the covariance was drawn to its target; None where
    both were given.
    """

    frame: pl.DataFrame
    growth: float
    shrunk: float | None = None
    shrinkage: float | None = None


def kelly_binary(probability: float, payoff: float) -> Stake:
    """A bet that is won with `probability`, paying `payoff` for each unit staked, else lost.

    f = (b p - q) / b, and 0 where there is no edge; growth p ln(1 + b f) + q ln(1 - f) a bet.
    Raises ParameterError.
    """
    p = within(probability, "probability", 0, 1)
    b = within(payoff, "payoff", 0, inf)
    fraction = max(0.0, (b * p - (1 - p)) / b)
    return Stake(fraction, p * log1p(b * fraction) + (1 - p) * log1p(-fraction))


def kelly_continuous(
    mean: float, deviation: float, rate: float = 0.0, *, fraction: float = 1.0
) -> Stake:
    """One instrument whose price wanders with a drift; `fraction` times (m - r) / s^2 of it.

    Growth r + (c - c^2/2) ((m - r) / s)^2. All are of one period; the rate is what cash earns and
    lending costs. A negative fraction is a short position. Raises ParameterError.
    """
    m, r = number(mean, "mean", "a finite number"), number(rate, "rate", "a finite number")
    s = within(deviation, "deviation", 0, inf)
    c = _fraction(fraction)
    return Stake(c * (m - r) / s**2, r + (c - c * c / 2) * ((m - r) / s) ** 2)


def kelly_portfolio(
    means: object, covariance: object, rate: float = 0.0, *, fraction: float = 1.0
) -> PortfolioStake:
    """Several instruments: `fraction` times the inverse covariance times the means above `rate`.

    `means` has shape (k,), or is a mapping by name, in the covariance's order; `covariance` has
    shape (k, k), of one period. Raises ParameterError where it cannot be inverted.
    """
    spread = panel(covariance, 1, "covariance")
    names = tuple(str(name) for name in means) if isinstance(means, Mapping) else spread.names
    given = vector(means, names, "means")
    r = number(rate, "rate", "a finite number")
    held, edge = _solved(spread.values, given - r)
    c = _fraction(fraction)
    frame = pl.DataFrame({"instrument": names, "fraction": c * held, "mean": given})
    return PortfolioStake(frame, r + (c - c * c / 2) * edge)


def kelly_of_returns(
    returns: object, rate: float = 0.0, *, fraction: float = FRACTION
) -> PortfolioStake:
    """Kelly of what returns, shape (n,) or (n, k), can tell: shrunk for the error of estimation.

    The covariance is that of `comovement`. The means above `rate` are multiplied with
    q / (q + k/n), where q is the squared Sharpe ratio of the best portfolio without what chance
    adds to it, ((n-k-2) q' - k) / n of the sample's q'; of one instrument that is about
    1 / (1 + 1 / (n SR^2)). Where q is 0 or less the returns show no edge and nothing is to be held.
    `growth` is what those shrunk numbers promise, not what the past did. Raises ParameterError: too
    few returns (60, and 10 for each instrument), or instruments that are one and the same.
    Source: Kan and Zhou, Journal of Financial and Quantitative Analysis 42 (2007), 3.
    """
    told = panel(returns, KELLY_LEAST)
    n, k = told.values.shape
    if n < 10 * k:
        raise ParameterError(
            f"returns have {n} rows for {k} instruments; Kelly cannot be estimated from fewer than "
            f"{10 * k}"
        )
    r, c = number(rate, "rate", "a finite number"), _fraction(fraction)
    means = told.values.mean(axis=0) - r
    moved = comovement(returns)
    _, sampled = _solved(np.cov(told.values, rowvar=False, ddof=0).reshape(k, k), means)
    shrunk = mean_shrinkage(n, k, sampled)
    held, edge = _solved(moved.covariance, shrunk * means)
    frame = pl.DataFrame(
        {"instrument": told.names, "fraction": c * held, "mean": shrunk * means + r}
    )
    return PortfolioStake(frame, r + (c - c * c / 2) * edge, shrunk, moved.shrinkage)


def mean_shrinkage(n: int, k: int, squared_sharpe: float) -> float:
    """What the means of k instruments over n periods are multiplied with, from 0 to 1.

    `squared_sharpe` is the sample's m' C^-1 m a period. See `kelly_of_returns`.
    """
    seen = within(squared_sharpe, "squared_sharpe", 0, inf, low_in=True)
    if n <= k + 2:
        raise ParameterError(f"{n} returns of {k} instruments say nothing of their means")
    unbiased = ((n - k - 2) * seen - k) / n
    return unbiased / (unbiased + k / n) if unbiased > 0 else 0.0


def probability_ever_below(part: float, fraction: float = 1.0) -> float:
    """How likely wealth ever falls to `part` of what it was, at a `fraction` of full Kelly.

    x^(2/c - 1) for ever and without jumps; certain at twice Kelly and beyond. Raises
    ParameterError.
    """
    x = within(part, "part", 0, 1)
    return float(x ** max(0.0, _exponent(fraction)))


def probability_above_first(above: float, below: float, fraction: float = 1.0) -> float:
    """How likely wealth reaches `above` times what it was before it falls to `below` times.

    (1 - B^k) / (1 - (B/A)^k) with k = 2/c - 1; doubling before halving is (2, 0.5). Raises
    ParameterError.
    """
    up = log(within(above, "above", 1, inf))
    down = -log(within(below, "below", 0, 1))
    k = _exponent(fraction)
    if abs(k) < _NEAR_TWICE:
        return down / (up + down)
    if k < 0:  # written so that nothing grows beyond all bounds
        return expm1(k * down) / expm1(k * (up + down)) * _shifted(k, up)
    return expm1(-k * down) / expm1(-k * (up + down))


def largest_fraction(part: float, probability: float) -> float:
    """The most of full Kelly whose chance of ever falling to `part` is `probability` at most.

    c = 2 / (1 + ln P / ln x). Raises ParameterError.
    """
    x = within(part, "part", 0, 1)
    p = within(probability, "probability", 0, 1)
    return 2 / (1 + log(p) / log(x))


def _shifted(k: float, up: float) -> float:
    return float(np.exp(k * up))


def _exponent(fraction: float) -> float:
    return 2 / within(fraction, "fraction", 0, inf) - 1


def _fraction(fraction: float) -> float:
    return within(fraction, "fraction", 0, _MOST, high_in=True)


def _solved(covariance: Floats, means: Floats) -> tuple[Floats, float]:
    """C^-1 m, and m' C^-1 m. Raises ParameterError where C is no covariance of so many."""
    k = len(means)
    if covariance.shape != (k, k):
        raise ParameterError(f"covariance has shape {covariance.shape}; give ({k}, {k})")
    size = float(np.abs(covariance).max())
    if size == 0 or not np.allclose(covariance, covariance.T, rtol=0, atol=_SYMMETRY * size):
        raise ParameterError("covariance is not symmetric, or 0; give that of returns")
    # Judged by correlations: an instrument that moves a thousandth of another is no fault.
    deviations = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    unit = covariance / np.outer(deviations, deviations) if deviations.all() else None
    if unit is None or np.linalg.cond(unit) > _CONDITION_MAX:
        raise ParameterError(
            "covariance cannot be inverted: an instrument never moves, or is made of others; leave "
            "it out"
        )
    try:
        held: Floats = cho_solve(cho_factor(covariance), means)
    except LinAlgError as error:
        raise ParameterError("covariance is not positive definite; give that of returns") from error
    return held, float(means @ held)
