"""Several instruments: how they move together, and how much of the whole's risk each one brings."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.special import ndtri

from bot4.errors import ParameterError, known_names
from bot4.measures.returns import LEVEL, Floats, Panel, panel, tail, vector
from bot4.measures.tails import Tail, historical_tail, normal_tail, tail_count, tail_weights

CORRELATION_LEAST = 10
COMPONENT_METHODS = ("historical", "normal")


@dataclass(frozen=True, slots=True, eq=False)
class Comovement:
    """Covariance and correlation of k instruments, shape (k, k), drawn towards independence.

    `shrinkage` says how far, from 0 (the sample) to 1 (no correlation at all).
    """

    names: tuple[str, ...]
    covariance: Floats = field(repr=False)
    correlation: Floats = field(repr=False)
    shrinkage: float

    def frame(self) -> pl.DataFrame:
        """The correlation as a table: instrument, then a column for each of them."""
        columns = dict(zip(self.names, self.correlation.T, strict=True))
        return pl.DataFrame({"instrument": self.names, **columns})


@dataclass(frozen=True, slots=True, eq=False)
class ComponentRisk:
    """A portfolio's two losses, and a row an instrument that adds up to them.

    `frame`: instrument, weight; marginal (what one more unit of weight adds), component (weight
    times marginal) and share of the value at risk; component_shortfall and share_shortfall; and
    incremental: how much less the value at risk would be without it. Losses are positive; a
    component below 0 takes risk away.
    """

    method: str
    level: float
    n: int
    value_at_risk: float
    expected_shortfall: float
    frame: pl.DataFrame


def comovement(returns: object) -> Comovement:
    """Covariance and correlation of returns, shape (n, k), shrunk as Ledoit and Wolf say.

    They are shrunk as correlations, so that the variances stay the sample's (of n) and a calm
    instrument beside a wild one is not taken for wild. Raises ParameterError: fewer than 10 rows,
    or an instrument that never moves.
    Source: Ledoit and Wolf, Journal of Multivariate Analysis 88 (2004).
    """
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - scikit-learn is slow to import

    told = panel(returns, CORRELATION_LEAST)
    flat = [name for name, one in zip(told.names, told.values.T, strict=True) if np.ptp(one) == 0]
    if flat:
        raise ParameterError(f"returns of {flat[0]} never change; leave it out")
    deviations = told.values.std(axis=0)
    unit = (told.values - told.values.mean(axis=0)) / deviations
    correlation, shrinkage = ledoit_wolf(unit, assume_centered=True)
    np.fill_diagonal(correlation, 1.0)
    covariance = correlation * np.outer(deviations, deviations)
    return Comovement(told.names, covariance, correlation, float(shrinkage))


def portfolio_returns(returns: object, weights: object) -> Floats:
    """Returns of a portfolio of fixed weights, brought back to them each period, shape (n,)."""
    told, held = _weighted(returns, weights)
    summed: Floats = told.values @ held
    return summed


def component_risk(
    returns: object, weights: object, level: float = LEVEL, method: str = "historical"
) -> ComponentRisk:
    """Share out a portfolio's value at risk and shortfall; the components add up to the whole.

    `returns` has shape (n, k); `weights` is a fraction of equity for each, (k,) or by name, signed.
    `normal` takes the gradient of z s - m. `historical` takes each instrument's part of the loss
    in the very periods that make up the tail: exact, but of one period only for the value at risk,
    so its components jump about; those of the shortfall are steadier. Raises ParameterError.
    Source: Tasche, Risk contributions and performance measurement (1999).
    """
    if method not in COMPONENT_METHODS:
        raise ParameterError(
            f"there is no method {method!r} here; {known_names(method, COMPONENT_METHODS)}"
        )
    told, held = _weighted(returns, weights)
    tail(level)
    parts = _normal_parts if method == "normal" else _historical_parts
    marginal, beyond = parts(told.values, held, level)
    whole = _tail_of(told.values @ held, level, method)
    rest = [
        _tail_of(told.values @ np.where(np.arange(len(held)) == one, 0.0, held), level, method)
        for one in range(len(held))
    ]
    frame = pl.DataFrame(
        {
            "instrument": told.names,
            "weight": held,
            "marginal": marginal,
            "component": held * marginal,
            "share": _share(held * marginal),
            "component_shortfall": held * beyond,
            "share_shortfall": _share(held * beyond),
            "incremental": [whole.value_at_risk - without.value_at_risk for without in rest],
        }
    )
    return ComponentRisk(
        method,
        float(level),
        len(told.values),
        whole.value_at_risk,
        whole.expected_shortfall,
        frame,
    )


def _weighted(returns: object, weights: object) -> tuple[Panel, Floats]:
    told = panel(returns, 2)
    return told, vector(weights, told.names, "weights")


def _tail_of(returns: Floats, level: float, method: str) -> Tail:
    if method == "historical":
        return historical_tail(returns, level)
    return normal_tail(level, float(returns.mean()), float(returns.std(ddof=1)))


def _normal_parts(values: Floats, held: Floats, level: float) -> tuple[Floats, Floats]:
    """The gradients of value at risk and shortfall in the weights, each of shape (k,)."""
    means = values.mean(axis=0)
    covariance = np.cov(values, rowvar=False).reshape(len(held), len(held))
    deviation = float(np.sqrt(held @ covariance @ held))
    if deviation == 0:
        raise ParameterError("the portfolio never moves: there is no risk to share out")
    slope = covariance @ held / deviation
    z = -float(ndtri(float(tail(level))))
    return z * slope - means, normal_tail(level, 0.0, 1.0).expected_shortfall * slope - means


def _historical_parts(values: Floats, held: Floats, level: float) -> tuple[Floats, Floats]:
    """What each lost in the period of the value at risk, and on average in those of the tail."""
    worst = np.argsort(values @ held, kind="stable")[: tail_count(len(values), level)]
    return -values[worst[-1]], -(tail_weights(len(values), level) @ values[worst])


def _share(components: Floats) -> list[float | None]:
    total = float(components.sum())
    return [None if total == 0 else float(part) / total for part in components]
