"""The loss at a level and the mean loss beyond it, in closed form. No sample is fitted here.

Losses are positive: a value at risk of 0.03 is a loss of 3 %. The mean loss beyond is called
expected shortfall or CVaR; both names mean one number.
"""

from dataclasses import dataclass
from math import ceil, exp, log, log1p, pi, sqrt

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

from bot4.errors import ParameterError
from bot4.measures.returns import Floats, number, series, tail, within


@dataclass(frozen=True, slots=True)
class Tail:
    """Two losses as fractions of what is held: at the level, and on average beyond it."""

    value_at_risk: float
    expected_shortfall: float

    def times(self, scale: float) -> "Tail":
        """The same of `scale` times as much."""
        return Tail(self.value_at_risk * scale, self.expected_shortfall * scale)


def normal_tail(level: float, mean: float, deviation: float) -> Tail:
    """Losses z s - m and s phi(z) / (1 - level) - m of a normal return.

    Raises ParameterError.
    Source: McNeil, Frey, Embrechts, Quantitative Risk Management (2015), 2.3.
    """
    beyond = float(tail(level))
    m = number(mean, "mean", "a finite number")
    s = within(deviation, "deviation", 0, np.inf, low_in=True)
    z = -float(ndtri(beyond))
    return Tail(z * s - m, s * _normal_density(z) / beyond - m)


def student_tail(level: float, freedom: float, mean: float = 0.0, scale: float = 1.0) -> Tail:
    """Of Student's t with `freedom` above 1, `scale` not being its deviation.

    Shortfall: s f(q) / (1 - level) (v + q^2) / (v - 1) - m. Source: as `normal_tail`.
    """
    beyond = float(tail(level))
    v = within(freedom, "freedom", 1, np.inf)
    m = number(mean, "mean", "a finite number")
    s = within(scale, "scale", 0, np.inf, low_in=True)
    q = -float(stdtrit(v, beyond))
    shortfall = _student_density(q, v) / beyond * (v + q * q) / (v - 1)
    return Tail(s * q - m, s * shortfall - m)


def cornish_fisher_quantile(probability: float, skew: float, excess: float) -> float:
    """The expansion of a standardised quantile: skewness S, excess kurtosis K (0 of a normal).

    z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36. It is computed wherever it is asked for;
    whether it is a quantile there says `in_cornish_fisher_domain`.
    Source: Cornish and Fisher, Revue de l'Institut International de Statistique 5 (1938).
    """
    z = float(ndtri(within(probability, "probability", 0, 1)))
    s, k = number(skew, "skew", "a finite number"), number(excess, "excess", "a finite number")
    curved = (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24
    return z + curved - (2 * z**3 - 5 * z) * s**2 / 36


def in_cornish_fisher_domain(skew: float, excess: float) -> bool:
    """Whether the expansion rises everywhere, as a quantile must; elsewhere it is none.

    Its slope is a parabola in z, a z^2 + b z + c, which must not fall below 0.
    Source: Maillard, A User's Guide to the Cornish Fisher Expansion (2012).
    """
    s, k = number(skew, "skew", "a finite number"), number(excess, "excess", "a finite number")
    a, b, c = k / 8 - s**2 / 6, s / 3, 1 - k / 8 + 5 * s**2 / 36
    return c >= 0 and ((a > 0 and b * b <= 4 * a * c) or (a == 0 and b == 0))


def cornish_fisher_tail(
    level: float, mean: float, deviation: float, skew: float, excess: float
) -> Tail:
    """Of a return with these four moments. Raises ParameterError outside the expansion's domain.

    The shortfall integrates the expansion over the tail: Hermite polynomials leave
    s phi(z) / (1-level) (1 + z S/6 + (z^2-1) K/24 - (2z^2-1) S^2/36) - m, with z its quantile.
    """
    beyond = float(tail(level))
    if not in_cornish_fisher_domain(skew, excess):
        raise ParameterError(
            f"skew {skew:.3g} and excess kurtosis {excess:.3g} lie outside the domain of the "
            "Cornish-Fisher expansion, where it is no quantile; use another method"
        )
    m = number(mean, "mean", "a finite number")
    s = within(deviation, "deviation", 0, np.inf, low_in=True)
    z = float(ndtri(beyond))
    bent = 1 + z * skew / 6 + (z**2 - 1) * excess / 24 - (2 * z**2 - 1) * skew**2 / 36
    quantile = cornish_fisher_quantile(beyond, skew, excess)
    return Tail(-s * quantile - m, s * _normal_density(z) / beyond * bent - m)


def tail_count(n: int, level: float) -> int:
    """How many of n returns lie in the tail: n (1 - level), rounded up, of the level as written.

    Raises ParameterError where that is less than one return: the level cannot be seen in so few.
    """
    beyond = tail(level)
    if n * beyond < 1:
        raise ParameterError(
            f"a level of {level} cannot be seen in {n} returns; give {ceil(1 / beyond)} or a lower "
            "level"
        )
    return ceil(n * beyond)


def historical_tail(returns: object, level: float) -> Tail:
    """Of returns as they were, shape (n,), by the conservative rule: `inverted_cdf`.

    The value at risk is a loss that happened, the k-th worst with k = ceil(n (1 - level)), never
    one between two. The shortfall weighs the k-th with what is left of the tail, so it is the
    exact mean of the worst n (1 - level). Raises ParameterError.
    Source: Rockafellar and Uryasev, Journal of Banking & Finance 26 (2002), proposition 8.
    """
    values = series(returns, 1)
    worst = np.sort(values)[: tail_count(len(values), level)]
    loss, mean = -float(worst[-1]), -float(worst @ tail_weights(len(values), level))
    return Tail(loss, max(loss, mean))  # a mean of equal losses may round to less than one of them


def tail_weights(n: int, level: float) -> Floats:
    """What each of the worst returns, the worst first, weighs in the mean beyond the level."""
    weight = 1 / (n * tail(level))
    count = tail_count(n, level)
    weights = np.full(count, float(weight))
    weights[-1] = float(1 - weight * (count - 1))
    return weights


def _normal_density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(2 * pi)


def _student_density(q: float, v: float) -> float:
    half = (v + 1) / 2
    return exp(
        float(gammaln(half)) - float(gammaln(v / 2)) - log(pi * v) / 2 - half * log1p(q * q / v)
    )
