"""Value at risk and expected shortfall (CVaR) of returns, by one of seven methods."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

import numpy as np
from scipy import stats

from bot4.errors import ParameterError, known_names
from bot4.measures.returns import (
    LEVEL,
    Floats,
    compounded,
    horizon_of,
    series,
    tail,
    within,
)
from bot4.measures.simulated import SEED, path_returns
from bot4.measures.tails import (
    Tail,
    cornish_fisher_tail,
    historical_tail,
    in_cornish_fisher_domain,
    normal_tail,
    student_tail,
)
from bot4.measures.volatility import DECAY, EWMA_LEAST, GARCH_LEAST, ewma_variances, fit_garch
from bot4.settings import SEED_ALLOWED, whole

Method = Literal[
    "historical", "normal", "student", "cornish_fisher", "ewma", "garch", "monte_carlo"
]
METHODS: tuple[Method, ...] = get_args(Method)
LEAST = 2
STUDENT_LEAST = 30
PATHS = 10_000
PATHS_MAX = 10_000_000
_FLAT = 1e-15


@dataclass(frozen=True, slots=True)
class TailRisk:
    """What may be lost of what is held, as fractions; a loss is positive.

    `value_at_risk` is exceeded with probability 1 - `level` within `horizon` periods, and
    `expected_shortfall` is the mean loss then. `method` is what computed it: another one than was
    `asked` for where that one is not valid here, as `assumed` says.
    """

    value_at_risk: float
    expected_shortfall: float
    asked: Method
    method: Method
    level: float
    horizon: int
    n: int
    assumed: str


@dataclass(frozen=True, slots=True)
class Moments:
    """Of a sample: mean, deviation (n - 1), skewness and excess kurtosis (of the sample, n)."""

    mean: float
    deviation: float
    skew: float
    excess: float

    @property
    def in_domain(self) -> bool:
        """Whether Cornish-Fisher may be used; not of returns that never change."""
        return bool(np.isfinite(self.skew)) and in_cornish_fisher_domain(self.skew, self.excess)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every method is told beside the returns."""

    level: float
    horizon: int
    decay: float
    paths: int
    seed: int


Said = tuple[Tail, Method, str]


def value_at_risk(
    returns: object,
    level: float = LEVEL,
    method: Method = "historical",
    *,
    horizon: int = 1,
    decay: float = DECAY,
    paths: int = PATHS,
    seed: int = SEED,
) -> TailRisk:
    """Value at risk and expected shortfall of returns, shape (n,), at `level`.

    `historical` takes the worst as they were (rule `inverted_cdf`, a loss that happened), over
    overlapping windows where the horizon is longer than a period. `normal`, `student` and
    `cornish_fisher` assume independent returns and scale by the root of time; `cornish_fisher`
    gives way to `historical` where its expansion is no quantile. `ewma` (by `decay`) and `garch`
    take the volatility of now, with a normal shock; `monte_carlo` takes that of GARCH with shocks
    drawn from its residuals, on `paths` paths from `seed`. Raises ParameterError: too few returns
    for the level or the method, NaN, another shape, a model that cannot be fitted.
    """
    check_method(method)
    tail(level)
    values = series(returns, LEAST)
    asked = _Asked(
        level,
        horizon_of(horizon),
        within(decay, "decay", 0, 1),
        whole(paths, "paths", f"from 100 to {PATHS_MAX}", 100, PATHS_MAX),
        whole(seed, "seed", SEED_ALLOWED, 0),
    )
    found, used, assumed = _WAYS[method](values, asked)
    return TailRisk(
        value_at_risk=found.value_at_risk,
        expected_shortfall=found.expected_shortfall,
        asked=method,
        method=used,
        level=float(level),
        horizon=asked.horizon,
        n=len(values),
        assumed=assumed,
    )


def returns_needed(method: Method, level: float, horizon: int) -> int:
    """The fewest returns that `value_at_risk` takes, whatever they are. Raises ParameterError."""
    # Windows that overlap; to them Cornish-Fisher may have to give way.
    windows = horizon - 1 + ceil(1 / tail(level))
    least: dict[Method, int] = {
        "historical": windows,
        "normal": LEAST,
        "student": STUDENT_LEAST,
        "cornish_fisher": windows,
        "ewma": EWMA_LEAST,
        "garch": GARCH_LEAST,
        "monte_carlo": GARCH_LEAST,
    }
    return least[method]


def check_method(method: object) -> None:
    """Refuse what is no method. Raises ParameterError."""
    if method not in METHODS:
        raise ParameterError(f"there is no method {method!r}; {known_names(method, METHODS)}")


def moments(values: Floats) -> Moments:
    """The four moments of a sample; skewness and kurtosis are NaN where it never changes."""
    deviation = float(values.std(ddof=1))
    if deviation <= _FLAT * float(np.abs(values).max()):
        return Moments(float(values.mean()), 0.0, float("nan"), float("nan"))
    return Moments(
        float(values.mean()),
        deviation,
        float(stats.skew(values)),
        float(stats.kurtosis(values)),
    )


@dataclass(frozen=True, slots=True)
class StudentFit:
    """Student's t with its freedom, location and scale."""

    freedom: float
    mean: float
    scale: float


def fit_student(returns: object) -> StudentFit:
    """Fit Student's t to returns, shape (n,), n of 30 or more, by maximum likelihood.

    Raises ParameterError where returns never change, or their tails are too fat to have a mean.
    """
    values = series(returns, STUDENT_LEAST)
    deviation = moments(values).deviation
    if deviation == 0:
        raise ParameterError("returns never change: there is no distribution to fit")
    # In units of the middle of the returns: of a few wild ones the deviation would be all there is,
    # and the optimiser would stop far from the rest.
    unit = float(np.median(np.abs(values - np.median(values)))) or deviation
    with np.errstate(all="ignore"):  # the optimiser tries what cannot be
        freedom, mean, scale = stats.t.fit(values / unit)
    if freedom <= 1:
        raise ParameterError(
            f"Student's t fitted to these returns has {freedom:.2f} degrees of freedom, so no mean "
            "and no shortfall; use the method historical"
        )
    return StudentFit(float(freedom), float(mean) * unit, float(scale) * unit)


def _historical(values: Floats, asked: _Asked) -> Said:
    seen = compounded(values, asked.horizon)
    past = "returns come as they came"
    if asked.horizon > 1:
        past += f"; {len(seen)} windows of {asked.horizon} periods that overlap"
    return historical_tail(seen, asked.level), "historical", past


def _normal(values: Floats, asked: _Asked) -> Said:
    m, h = moments(values), asked.horizon
    found = normal_tail(asked.level, m.mean * h, m.deviation * h**0.5)
    return found, "normal", "returns are normal and independent"


def _student(values: Floats, asked: _Asked) -> Said:
    fit, h = fit_student(values), asked.horizon
    found = student_tail(asked.level, fit.freedom, fit.mean * h, fit.scale * h**0.5)
    shape = f"returns are Student's t with {fit.freedom:.2f} degrees of freedom and independent"
    return found, "student", shape + ("; over more periods it keeps its shape" if h > 1 else "")


def _cornish_fisher(values: Floats, asked: _Asked) -> Said:
    m, h = moments(values), asked.horizon
    # Sums of independent returns: skewness falls with the root of time, excess kurtosis with it.
    over = Moments(m.mean * h, m.deviation * h**0.5, m.skew / h**0.5, m.excess / h)
    shape = f"skewness {over.skew:.3g}, excess kurtosis {over.excess:.3g}"
    if not over.in_domain:
        found, used, past = _historical(values, asked)
        return found, used, f"{shape} lie outside the domain of Cornish-Fisher; {past}"
    found = cornish_fisher_tail(asked.level, over.mean, over.deviation, over.skew, over.excess)
    return found, "cornish_fisher", f"returns are independent, with {shape}"


def _ewma(values: Floats, asked: _Asked) -> Said:
    if len(values) < EWMA_LEAST:
        raise ParameterError(f"returns have {len(values)} rows; ewma needs {EWMA_LEAST}")
    variance = float(ewma_variances(values, asked.decay)[-1])
    found = normal_tail(asked.level, 0.0, (variance * asked.horizon) ** 0.5)
    return found, "ewma", f"shocks are normal, the mean is 0, decay {asked.decay:g}"


def _garch(values: Floats, asked: _Asked) -> Said:
    fitted = fit_garch(values, float(values.mean()))
    variance = float(fitted.forecast(asked.horizon).sum())
    found = normal_tail(asked.level, fitted.mean * asked.horizon, variance**0.5)
    return found, "garch", f"shocks are normal; alpha {fitted.alpha:.3f}, beta {fitted.beta:.3f}"


def _monte_carlo(values: Floats, asked: _Asked) -> Said:
    fitted = fit_garch(values, float(values.mean()))
    drawn = path_returns(fitted, asked.horizon, asked.paths, asked.seed)
    return (
        historical_tail(drawn, asked.level),
        "monte_carlo",
        f"shocks are residuals of GARCH drawn anew; {asked.paths} paths, seed {asked.seed}",
    )


_WAYS: dict[Method, Callable[[Floats, _Asked], Said]] = {
    "historical": _historical,
    "normal": _normal,
    "student": _student,
    "cornish_fisher": _cornish_fisher,
    "ewma": _ewma,
    "garch": _garch,
    "monte_carlo": _monte_carlo,
}
