"""How much may be held so that its value at risk or its shortfall stays within a budget."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
import polars as pl

from bot4.errors import ParameterError, known_names
from bot4.measures.portfolio import component_risk
from bot4.measures.returns import LEVEL, Floats, panel, series, vector, within
from bot4.measures.var import Method, value_at_risk

Measure = Literal["value_at_risk", "expected_shortfall"]
MEASURES: tuple[Measure, ...] = ("value_at_risk", "expected_shortfall")


_STEPS_MAX = 100
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Budgeted:
    """How many times the weights given fit the budget, those weights, and what they risk.

    `frame`: instrument, weight, risk (its part of the measure), share (of the whole).
    """

    scale: float
    frame: pl.DataFrame


def holding_within(
    returns: object,
    budget: float,
    level: float = LEVEL,
    *,
    measure: Measure = "expected_shortfall",
    method: Method = "historical",
    horizon: int = 1,
    most: float = 1.0,
) -> float:
    """The fraction of equity to hold of returns, shape (n,), whose measure is `budget` at the most.

    `budget` is a loss as a fraction of equity over `horizon`. It is `budget` / measure of holding
    all of the equity, and `most` where that is less; where nothing was ever lost at that level,
    `most` too, since a loss that is not in the history is no licence to hold without bound. Raises
    ParameterError.
    """
    _check_measure(measure)
    allowed = within(budget, "budget", 0, inf)
    bound = within(most, "most", 0, inf)
    found = value_at_risk(returns, level, method, horizon=horizon)
    loss = float(getattr(found, measure))
    return bound if loss <= 0 else min(bound, allowed / loss)


def portfolio_within(
    returns: object,
    weights: object,
    budget: float,
    level: float = LEVEL,
    *,
    measure: Measure = "expected_shortfall",
    method: str = "historical",
    most: float = 1.0,
) -> Budgeted:
    """Scale a portfolio's weights to a budget of its measure over one period.

    `returns` has shape (n, k), `weights` (k,) or by name; `most` bounds the sum of what is held,
    long and short (gross). Both methods grow in proportion with what is held, so the scale is
    exact. Raises ParameterError.
    """
    _check_measure(measure)
    allowed = within(budget, "budget", 0, inf)
    told = panel(returns, 2)
    held = vector(weights, told.names, "weights")
    gross = float(np.abs(held).sum())
    if gross == 0:
        raise ParameterError("weights are all 0: there is nothing to scale")
    whole = component_risk(returns, weights, level, method)
    loss = float(getattr(whole, measure))
    bound = within(most, "most", 0, inf) / gross
    scale = bound if loss <= 0 else min(bound, allowed / loss)
    part = "component" if measure == "value_at_risk" else "component_shortfall"
    share = "share" if measure == "value_at_risk" else "share_shortfall"
    frame = whole.frame.select(
        "instrument",
        (pl.col("weight") * scale).alias("weight"),
        (pl.col(part) * scale).alias("risk"),
        pl.col(share).alias("share"),
    )
    return Budgeted(scale, frame)


def risk_parity(covariance: object, shares: object | None = None) -> Floats:
    """Long weights, adding up to 1, whose parts of the variance are as `shares` (else equal).

    `covariance` has shape (k, k); `shares` (k,), above 0. Of a normal portfolio without a mean
    the shares are those of its value at risk and shortfall as well. Raises ParameterError.
    Source: Spinu, An Algorithm for Computing Risk Parity Weights (2013): the one minimum of a
    convex function, found here by Newton's method.
    """
    spread = panel(covariance, 1, "covariance").values
    k = len(spread)
    if spread.shape != (k, k):
        raise ParameterError(f"covariance has shape {spread.shape}; give (k, k)")
    wanted = np.ones(k) if shares is None else series(shares, 1, "shares")
    if len(wanted) != k or (wanted <= 0).any():
        raise ParameterError(f"shares are not {k} numbers above 0")
    if (np.diag(spread) <= 0).any() or np.linalg.eigvalsh(spread).min() <= 0:
        raise ParameterError("covariance is not positive definite; give that of returns")
    return _newton(spread, wanted / wanted.sum())


def _check_measure(measure: object) -> None:
    if measure not in MEASURES:
        raise ParameterError(f"there is no measure {measure!r}; {known_names(measure, MEASURES)}")


def _newton(spread: Floats, wanted: Floats) -> Floats:
    """Minimise x'Cx / 2 - sum(b ln x), whose gradient is 0 where x (Cx) = b; damped, so x > 0."""
    deviations = np.sqrt(np.diag(spread))
    unit = spread / np.outer(deviations, deviations)
    x = np.sqrt(wanted)
    for _ in range(_STEPS_MAX):
        gradient = unit @ x - wanted / x
        move = np.linalg.solve(unit + np.diag(wanted / x**2), gradient)
        furthest = float((move / x).max())
        x = x - move * min(1.0, 0.9 / furthest if furthest > 0 else 1.0)
        if float(np.abs(move / x).max()) < _TOLERANCE:
            weights: Floats = x / deviations / (x / deviations).sum()
            return weights
    raise ParameterError("covariance is too near to one that cannot be inverted; leave one out")
