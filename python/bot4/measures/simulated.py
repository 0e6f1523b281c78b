"""Chance, always from a seed: paths of a fitted GARCH, and what violations look like by chance.

With `history/simulated.py` the only place where random numbers are drawn.
"""

import numpy as np
from numpy.typing import NDArray

from bot4.measures.returns import Floats
from bot4.measures.volatility import Garch

SEED = 7


def path_returns(fitted: Garch, horizon: int, paths: int, seed: int) -> Floats:
    """Compounded returns over `horizon` periods, shape (paths,), from where the returns ended.

    Each period's shock is drawn from the standardised residuals and moves the variance as GARCH
    says. Source: Barone-Adesi, Giannopoulos, Vosper, Journal of Futures Markets 19 (1999).
    """
    draw = np.random.Generator(np.random.PCG64(seed))
    variance = np.full(paths, fitted.next_variance)
    growth = np.ones(paths)
    for _ in range(horizon):
        shock = np.sqrt(variance) * draw.choice(fitted.residuals, paths)
        growth *= 1 + fitted.mean + shock
        variance = fitted.omega + fitted.alpha * shock**2 + fitted.beta * variance
    return growth - 1


def chance_counts(n: int, probability: float, draws: int, seed: int) -> NDArray[np.int64]:
    """How many of n independent periods are violated, shape (draws,)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    return draw.binomial(n, probability, draws)


def chance_rows(n: int, probability: float, draws: int, seed: int) -> NDArray[np.bool_]:
    """Independent violations, shape (draws, n)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    return draw.random((draws, n)) < probability


def reordered(violations: NDArray[np.bool_], draws: int, seed: int) -> NDArray[np.bool_]:
    """The same violations in orders drawn at random, shape (draws, n)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    return draw.permuted(np.tile(violations, (draws, 1)), axis=1)


def monte_carlo_p(observed: float, simulated: Floats, seed: int) -> float:
    """The share of chance that is at least as far out; ties are broken at random.

    So a test of size a has that size exactly where a (draws + 1) is whole, however few values its
    statistic can take. Source: Dufour, Journal of Econometrics 133 (2006), proposition 2.4.
    """
    rounded, at = np.round(simulated, 9), np.round(observed, 9)
    tied = rounded == at
    draw = np.random.Generator(np.random.PCG64(seed).jumped())
    lots = draw.random(len(simulated) + 1)
    further = (rounded > at) | (tied & (lots[1:] >= lots[0]))
    return float(1 + further.sum()) / (len(simulated) + 1)
