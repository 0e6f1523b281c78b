"""How wild the next period will be: variances that follow the returns, by EWMA and GARCH(1,1)."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter

from bot4.errors import ParameterError
from bot4.measures.returns import Floats, horizon_of, number, series, within

DECAY = 0.94  # RiskMetrics' for days
GARCH_LEAST = 250
EWMA_LEAST = 20
_NEVER_BACK = 1e-9
_STEPS_MAX = 1_000
_EDGE = 1e-10
_MEAN_ERRORS = 4.0  # how far the mean is looked for, in standard errors of the sample's
_MEAN_TOLERANCE = 1e-6  # in deviations of a return


def ewma_next(variance: float, ret: float, decay: float = DECAY) -> float:
    """The variance after a return: decay v + (1 - decay) r^2.

    Source: J.P. Morgan/Reuters, RiskMetrics Technical Document (1996), 5.2.
    """
    v = within(variance, "variance", 0, np.inf, low_in=True)
    r = number(ret, "ret", "a finite number")
    kept = within(decay, "decay", 0, 1)
    return kept * v + (1 - kept) * r * r


def ewma_variances(returns: object, decay: float = DECAY) -> Floats:
    """The variance after each return, shape (n,): a mean of squares that forgets.

    The weights are made to add up to one at each row, so no first variance has to be assumed; the
    first rows stand on few returns. Returns are taken to have no mean. Raises ParameterError.
    """
    values = series(returns, 1)
    kept = within(decay, "decay", 0, 1)
    sums = lfilter([1.0], [1.0, -kept], values * values)
    weights = -np.expm1(np.arange(1, len(values) + 1) * np.log(kept)) / (1 - kept)
    variances: Floats = sums / weights
    return variances


def garch_next(variance: float, ret: float, omega: float, alpha: float, beta: float) -> float:
    """The variance after a return without its mean: omega + alpha r^2 + beta v.

    Source: Bollerslev, Journal of Econometrics 31 (1986).
    """
    v = within(variance, "variance", 0, np.inf, low_in=True)
    r = number(ret, "ret", "a finite number")
    shares = [("omega", omega), ("alpha", alpha), ("beta", beta)]
    w, a, b = (within(v_, n, 0, np.inf, low_in=True) for n, v_ in shares)
    return w + a * r * r + b * v


@dataclass(frozen=True, slots=True, eq=False)
class Garch:
    """A fitted GARCH(1,1): its numbers, and the standardised residuals it leaves, shape (n,)."""

    mean: float
    omega: float
    alpha: float
    beta: float
    log_likelihood: float
    n: int
    next_variance: float
    residuals: Floats = field(repr=False)

    @property
    def persistence(self) -> float:
        """How much of a shock is there a period later; at most 1."""
        return self.alpha + self.beta

    @property
    def long_run_variance(self) -> float | None:
        """What the variance comes back to; None where it never does, at a persistence of 1."""
        back = 1 - self.persistence
        return self.omega / back if back > _NEVER_BACK else None

    def forecast(self, horizon: int = 1) -> Floats:
        """The variance of each of the next periods, shape (horizon,)."""
        news = np.full(horizon_of(horizon) - 1, self.omega)
        later, _ = lfilter(
            [1.0], [1.0, -self.persistence], news, zi=[self.persistence * self.next_variance]
        )
        return np.concatenate([[self.next_variance], later])

    def follow(self, returns: object) -> Floats:
        """The variance before each return that came after those fitted, shape (n,), not refitted.

        The first is `next_variance`; what is fitted stays as it is.
        """
        errors = series(returns, 1) - self.mean
        news = self.omega + self.alpha * errors[:-1] ** 2
        later, _ = lfilter([1.0], [1.0, -self.beta], news, zi=[self.beta * self.next_variance])
        return np.concatenate([[self.next_variance], later])


def fit_garch(returns: object, mean: float | None = None) -> Garch:
    """Fit a constant mean and GARCH(1,1) to returns, shape (n,), n of 250 or more.

    By normal maximum likelihood, with arch; the variance begins at the mean square of what the
    mean leaves, as in the benchmark of Fiorentini, Calzolari and Panattoni, Journal of Applied
    Econometrics 11 (1996), whose figures it meets to four digits. A given `mean` is not estimated.
    Raises ParameterError where that fails.
    """
    values = series(returns, GARCH_LEAST)
    scale = float(values.std())
    if scale <= np.finfo(np.float64).eps * float(np.abs(values).max()):
        raise ParameterError("returns never change: there is no variance to fit")
    unit = values / scale  # so that the optimiser always meets numbers of one size
    if mean is None:
        centre, width = float(unit.mean()), _MEAN_ERRORS / len(unit) ** 0.5
        best = minimize_scalar(
            lambda at: -_fit_around(unit, at)[1],
            bounds=(centre - width, centre + width),
            method="bounded",
            options={"xatol": _MEAN_TOLERANCE},
        )
        at = float(best.x)
    else:
        at = number(mean, "mean", "a finite number, or None to estimate it") / scale
    (omega, alpha, beta), likelihood, variances = _fit_around(unit, at)
    errors = unit - at
    return Garch(
        mean=at * scale,
        omega=omega * scale**2,
        alpha=alpha,
        beta=beta,
        log_likelihood=likelihood - len(unit) * float(np.log(scale)),
        n=len(unit),
        next_variance=float(omega + alpha * errors[-1] ** 2 + beta * variances[-1]) * scale**2,
        residuals=errors / np.sqrt(variances),
    )


def _fit_around(unit: Floats, mean: float) -> tuple[tuple[float, float, float], float, Floats]:
    """Fit omega, alpha and beta around a mean; the log likelihood and the variances with them."""
    from arch.univariate import GARCH, ZeroMean  # noqa: PLC0415 - arch is slow to import

    errors = unit - mean
    model = ZeroMean(errors, volatility=GARCH(p=1, q=1), rescale=False)
    fit = partial(
        model.fit, disp="off", show_warning=False, backcast=float(np.mean(errors * errors))
    )
    fitted = fit(options={"maxiter": _STEPS_MAX})
    if fitted.convergence_flag != 0:
        raise ParameterError(
            f"GARCH cannot be fitted to these {len(unit)} returns: the likelihood has no maximum "
            "that can be found; give a longer history or another method"
        )
    # On to the last digits, from within the bounds. That it stops there for want of progress is no
    # failure.
    start = np.maximum(np.asarray(fitted.params), _EDGE)
    start[1:] *= min(1.0, (1 - _EDGE) / float(start[1:].sum()))
    finest = fit(starting_values=start, options={"ftol": 1e-13, "maxiter": _STEPS_MAX})
    if finest.loglikelihood >= fitted.loglikelihood:
        fitted = finest
    omega, alpha, beta = (float(value) for value in fitted.params)
    volatility = np.asarray(fitted.conditional_volatility, dtype=np.float64)
    return (omega, alpha, beta), float(fitted.loglikelihood), volatility**2
