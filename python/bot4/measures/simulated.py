"""Chance, always from a seed: paths of a fitted GARCH, and what violations look like by chance.

With `history/simulated.py` the only place where random numbers are drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot4.measures.returns import Floats
from bot4.measures.volatility import Garch

SEED = 7
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """One period after the other, by whether each is violated; every field of shape (m,).

    None after none, one after none, none after one, one after one (n00, n01, n10, n11).
    """

    quiet: Counts
    began: Counts
    ended: Counts
    stayed: Counts


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
        growth *= np.maximum(1 + fitted.mean + shock, 0.0)  # a price falls to nothing, not below
        variance = fitted.omega + fitted.alpha * shock**2 + fitted.beta * variance
    return growth - 1


def chance_counts(n: int, probability: float, draws: int, seed: int) -> NDArray[np.int64]:
    """How many of n independent periods are violated, shape (draws,)."""
    draw = np.random.Generator(np.random.PCG64(seed))
    return draw.binomial(n, probability, draws)


def chance_orders(n: int, counts: NDArray[np.int64], seed: int) -> Transitions:
    """Transitions of so many violations among n periods, one order drawn for each of `counts`.

    No order is laid out. Between and around the n - x quiet periods are m = n - x + 1 places, and
    the x violations stand in R of them, one run in each. The number of orders with R runs is
    C(m, R) C(x-1, x-R), so that R is hypergeometric, and every choice of R places is as likely.
    Source: Wald and Wolfowitz, Annals of Mathematical Statistics 11 (1940).
    """
    # A stream of its own: the counts may have been drawn from the same seed.
    draw = np.random.Generator(np.random.PCG64(seed).jumped(2))
    places = n - counts + 1
    runs = draw.hypergeometric(places, np.maximum(counts - 1, 0), counts)
    first = draw.random(len(counts)) * places < runs
    # The last place is one of those that are left; where there is one, it is the first as well.
    last = np.where(places == 1, first, draw.random(len(counts)) * (places - 1) < runs - first)
    stayed, began, ended = counts - runs, runs - first, runs - last
    return Transitions(n - 1 - stayed - began - ended, began, ended, stayed)


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
