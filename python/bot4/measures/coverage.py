"""Whether a value at risk was right: as many violations as it says, and no clusters of them.

A violation is a period that lost more than its value at risk. Three likelihood ratios look at
them. Their usual p-value is that of a chi square, which holds for many violations only: of 250
periods at 99 % Kupiec's test of 5 % rejects a right model in 9.5 % of cases, and Christoffersen's
in 1 %. So each also has a Monte Carlo p-value, whose size is exact in any sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, xlogy

from bot4.errors import ParameterError
from bot4.measures.returns import Floats, tail
from bot4.measures.simulated import (
    SEED,
    Transitions,
    chance_counts,
    chance_orders,
    monte_carlo_p,
)
from bot4.settings import SEED_ALLOWED, whole

DRAWS = 999
_DRAWS_MAX = 1_000_000
_N_MAX = 10_000_000
_FREEDOM_OF_ONE, _FREEDOM_OF_BOTH = 1, 2


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A statistic, its p-value by chi square, and by Monte Carlo: trust the latter."""

    statistic: float
    p_chi_square: float
    p_monte_carlo: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of n periods: how many were violated and should have been, and what each test says.

    `independence` and `conditional` are of sequences; `kupiec` is of their number alone.
    """

    n: int
    violations: int
    expected: float
    kupiec: LikelihoodRatio
    independence: LikelihoodRatio
    conditional: LikelihoodRatio


def kupiec(
    violations: int, n: int, level: float, *, draws: int = DRAWS, seed: int = SEED
) -> LikelihoodRatio:
    """Whether so many violations of n periods fit `level`. Raises ParameterError.

    Source: Kupiec, Journal of Derivatives 3 (1995), the proportion of failures.
    """
    periods = whole(n, "n", f"periods, from 1 to {_N_MAX}", 1, _N_MAX)
    count = whole(violations, "violations", f"from 0 to n ({periods})", 0, periods)
    return _kupiec(count, periods, float(tail(level)), *_chance(draws, seed))


def independence_statistic(quiet: int, began: int, ended: int, stayed: int) -> float:
    """Christoffersen's ratio from counts of one period after the other.

    No violation after none, a violation after none, none after one, one after one (n00, n01, n10,
    n11). Where there is nothing to compare it is 0. Raises ParameterError.
    Source: Christoffersen, International Economic Review 39 (1998).
    """
    named = {"quiet": quiet, "began": began, "ended": ended, "stayed": stayed}
    counts = (whole(v, k, f"a count, at most {_N_MAX}", 0, _N_MAX) for k, v in named.items())
    return float(_independence(Transitions(*(np.asarray([count]) for count in counts)))[0])


def christoffersen(
    violations: object, level: float, *, draws: int = DRAWS, seed: int = SEED
) -> Coverage:
    """All three tests of a sequence of violations, booleans of shape (n,), n of 2 or more.

    Monte Carlo: of Kupiec's and the joint test under independent violations at `level`; of
    independence over orders of the violations there were, so that it is exact whatever their
    true frequency. Raises ParameterError.
    """
    hits = np.asarray(violations)
    if hits.dtype != np.bool_ or hits.ndim != 1 or len(hits) < 2:
        raise ParameterError("violations are no row of two or more booleans; give shape (n,)")
    beyond = float(tail(level))
    rows, start = _chance(draws, seed)
    n, count = len(hits), int(hits.sum())
    alone = float(_independence(_transitions(hits))[0])
    both = float(_kupiec_statistic(np.asarray(count), n, beyond)) + alone
    orders = _independence(chance_orders(n, np.full(rows, count), start))
    counts = chance_counts(n, beyond, rows, start)
    joint = _kupiec_statistic(counts, n, beyond) + _independence(chance_orders(n, counts, start))
    # Of no violation, or nothing else, there is one order only: nothing to be told.
    alone_p = 1.0 if count in {0, n} else monte_carlo_p(alone, orders, start)
    return Coverage(
        n=n,
        violations=count,
        expected=n * beyond,
        kupiec=_kupiec(count, n, beyond, rows, start),
        independence=LikelihoodRatio(alone, _chi_square(_FREEDOM_OF_ONE, alone), alone_p),
        conditional=LikelihoodRatio(
            both, _chi_square(_FREEDOM_OF_BOTH, both), monte_carlo_p(both, joint, start)
        ),
    )


def _chance(draws: int, seed: int) -> tuple[int, int]:
    allowed = f"from 19 to {_DRAWS_MAX}; (draws + 1) / 20 whole makes a test of 5 % exact"
    rows = whole(draws, "draws", allowed, 19, _DRAWS_MAX)
    return rows, whole(seed, "seed", SEED_ALLOWED, 0)


def _kupiec(count: int, n: int, beyond: float, draws: int, seed: int) -> LikelihoodRatio:
    statistic = float(_kupiec_statistic(np.asarray(count), n, beyond))
    drawn = _kupiec_statistic(chance_counts(n, beyond, draws, seed), n, beyond)
    p = monte_carlo_p(statistic, drawn, seed)
    return LikelihoodRatio(statistic, _chi_square(_FREEDOM_OF_ONE, statistic), p)


def _chi_square(freedom: int, statistic: float) -> float:
    return float(chdtrc(freedom, statistic))


def _kupiec_statistic(counts: NDArray[np.int64], n: int, beyond: float) -> Floats:
    # xlogy(0, 0) is 0, so no violation at all and nothing but violations need no case of their own.
    rest, seen = n - counts, counts / n
    told = xlogy(rest, 1 - beyond) + xlogy(counts, beyond)
    ratio: Floats = 2 * (xlogy(rest, 1 - seen) + xlogy(counts, seen) - told)
    return np.maximum(ratio, 0.0)


def _transitions(hits: NDArray[np.bool_]) -> Transitions:
    before, after = hits[:-1], hits[1:]
    found = (~before & ~after, ~before & after, before & ~after, before & after)
    return Transitions(*(np.asarray([count.sum()]) for count in found))


def _independence(seen: Transitions) -> Floats:
    apart = _likelihood(seen.began, seen.quiet) + _likelihood(seen.stayed, seen.ended)
    together = _likelihood(seen.began + seen.stayed, seen.quiet + seen.ended)
    return np.maximum(2 * (apart - together), 0.0)


def _likelihood(hits: NDArray[np.int64], misses: NDArray[np.int64]) -> Floats:
    """The log likelihood of so many at their own frequency; 0 where there are none."""
    total = np.maximum(hits + misses, 1)
    found: Floats = xlogy(hits, hits / total) + xlogy(misses, misses / total)
    return found
