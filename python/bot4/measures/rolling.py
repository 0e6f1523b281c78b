"""Value at risk as it would have been said before each period, and what came: out of sample."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from bot4.errors import ParameterError
from bot4.measures.coverage import DRAWS, Coverage, christoffersen
from bot4.measures.returns import LEVEL, Floats, series, tail, within
from bot4.measures.simulated import SEED
from bot4.measures.tails import (
    Tail,
    cornish_fisher_tail,
    historical_tail,
    normal_tail,
    student_tail,
    tail_count,
    tail_weights,
)
from bot4.measures.var import STUDENT_LEAST, Method, Moments, check_method, fit_student
from bot4.measures.volatility import DECAY, EWMA_LEAST, GARCH_LEAST, Garch, fit_garch
from bot4.settings import whole

# Fitted every so often, as that takes a while; all others are computed anew before each period.
FITTED: tuple[Method, ...] = ("student", "garch", "monte_carlo")
WINDOW = 500
REFIT = 50
_WINDOW_MAX = 1_000_000
_CELLS_MAX = 4_000_000  # of windows laid out at once


@dataclass(frozen=True, slots=True, eq=False)
class RolledRisk:
    """One method over history: every value at risk is of the `window` returns before its row.

    `frame`: row (of the returns given), return, value_at_risk, expected_shortfall (fractions, a
    loss is positive), violated. `fell_back` counts rows in which the historical method stood in.
    """

    method: Method
    level: float
    window: int
    refit: int
    fell_back: int
    frame: pl.DataFrame
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Asked:
    level: float
    window: int
    refit: int
    decay: float


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What a method said before some periods: two losses for each, and how often it gave way."""

    losses: Floats  # shape (m, 2)
    fell_back: int = 0


def backtest_value_at_risk(
    returns: object,
    level: float = LEVEL,
    method: Method = "historical",
    *,
    window: int = WINDOW,
    refit: int = REFIT,
    decay: float = DECAY,
    draws: int = DRAWS,
    seed: int = SEED,
) -> RolledRisk:
    """Say a method's value at risk before each of the returns, shape (n,), that follow a window.

    `historical`, `normal`, `cornish_fisher` and `ewma` are computed anew before each. `student`,
    `garch` and `monte_carlo` are fitted anew every `refit` rows, to the window before; between, the
    variance of the two latter follows the returns. Over one period the shocks of `monte_carlo` need
    no drawing: it is their quantile. Where a window cannot be fitted `historical` stands in.
    Raises ParameterError where the returns are too few.
    """
    check_method(method)
    tail(level)
    width = whole(window, "window", f"periods, from 2 to {_WINDOW_MAX}", 2, _WINDOW_MAX)
    steps = whole(refit, "refit", f"periods, from 1 to {_WINDOW_MAX}", 1, _WINDOW_MAX)
    asked = _Asked(level, width, steps, within(decay, "decay", 0, 1))
    least = {"student": STUDENT_LEAST, "garch": GARCH_LEAST, "monte_carlo": GARCH_LEAST}
    needed = EWMA_LEAST if method == "ewma" else least.get(method, 2)
    if width < needed:
        raise ParameterError(f"window is {width}; {method} needs {needed} returns or more")
    if method not in {"normal", "ewma"}:  # all others may have to take the worst of a window
        tail_count(width, level)
    values = series(returns, width + 2)
    said = list(_WAYS[method](values, asked))
    losses = np.concatenate([part.losses for part in said])
    came = values[width:]
    violated = came < -losses[:, 0]
    frame = pl.DataFrame(
        {
            "row": np.arange(width, len(values)),
            "return": came,
            "value_at_risk": losses[:, 0],
            "expected_shortfall": losses[:, 1],
            "violated": violated,
        }
    )
    return RolledRisk(
        method=method,
        level=float(level),
        window=width,
        refit=steps,
        fell_back=sum(part.fell_back for part in said),
        frame=frame,
        coverage=christoffersen(violated, level, draws=draws, seed=seed),
    )


def _windows(values: Floats, width: int) -> Iterator[Floats]:
    """The windows before each period that is judged, shape (m, width), in portions."""
    laid = np.lib.stride_tricks.sliding_window_view(values[:-1], width)
    step = max(1, _CELLS_MAX // width)
    for begin in range(0, len(laid), step):
        yield laid[begin : begin + step]


def _worst(windows: Floats, level: float) -> Floats:
    """The historical method on each window: as `historical_tail`, on all at once."""
    width = windows.shape[1]
    count = tail_count(width, level)
    worst = np.sort(np.partition(windows, count - 1, axis=1)[:, :count], axis=1)
    losses, means = -worst[:, -1], -(worst @ tail_weights(width, level))
    return np.column_stack([losses, np.maximum(losses, means)])


def _historical(values: Floats, asked: _Asked) -> Iterator[_Said]:
    for windows in _windows(values, asked.window):
        yield _Said(_worst(windows, asked.level))


def _normal(values: Floats, asked: _Asked) -> Iterator[_Said]:
    unit = normal_tail(asked.level, 0.0, 1.0)
    for windows in _windows(values, asked.window):
        yield _Said(_scaled(unit, windows.std(axis=1, ddof=1), windows.mean(axis=1)))


def _ewma(values: Floats, asked: _Asked) -> Iterator[_Said]:
    unit = normal_tail(asked.level, 0.0, 1.0)
    weights = asked.decay ** np.arange(asked.window - 1, -1, -1)
    for windows in _windows(values, asked.window):
        deviations = np.sqrt(windows**2 @ weights / weights.sum())
        yield _Said(_scaled(unit, deviations, np.zeros(len(windows))))


def _cornish_fisher(values: Floats, asked: _Asked) -> Iterator[_Said]:
    for windows in _windows(values, asked.window):
        losses = _worst(windows, asked.level)
        fell_back = 0
        for row, m in enumerate(_moments(windows)):
            if m.in_domain:
                found = cornish_fisher_tail(asked.level, m.mean, m.deviation, m.skew, m.excess)
                losses[row] = found.value_at_risk, found.expected_shortfall
            else:
                fell_back += 1
        yield _Said(losses, fell_back)


def _moments(windows: Floats) -> Iterator[Moments]:
    means, deviations = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    flat = windows.max(axis=1) == windows.min(axis=1)
    # Of returns that never change neither is defined; they are not asked for there.
    shaped = np.where(flat[:, np.newaxis], np.arange(windows.shape[1]), windows)
    skews = np.where(flat, np.nan, stats.skew(shaped, axis=1))
    excesses = np.where(flat, np.nan, stats.kurtosis(shaped, axis=1))
    for four in zip(means, deviations, skews, excesses, strict=True):
        yield Moments(*(float(value) for value in four))


def _portions(values: Floats, asked: _Asked) -> Iterator[tuple[Floats, Floats]]:
    """A window to fit to, and the returns that are judged by that fit."""
    for begin in range(asked.window, len(values), asked.refit):
        yield values[begin - asked.window : begin], values[begin : begin + asked.refit]


def _student(values: Floats, asked: _Asked) -> Iterator[_Said]:
    for before, judged in _portions(values, asked):
        try:
            fit = fit_student(before)
        except ParameterError:
            yield _stand_in(before, len(judged), asked.level)
            continue
        found = student_tail(asked.level, fit.freedom, fit.mean, fit.scale)
        yield _Said(np.tile([found.value_at_risk, found.expected_shortfall], (len(judged), 1)))


def _garch(values: Floats, asked: _Asked) -> Iterator[_Said]:
    yield from _followed(values, asked, lambda _: normal_tail(asked.level, 0.0, 1.0))


def _filtered(values: Floats, asked: _Asked) -> Iterator[_Said]:
    yield from _followed(values, asked, lambda fit: historical_tail(fit.residuals, asked.level))


def _followed(values: Floats, asked: _Asked, shock: Callable[[Garch], Tail]) -> Iterator[_Said]:
    """GARCH fitted to each window and then followed, with the tail of its standardised shock."""
    for before, judged in _portions(values, asked):
        try:
            fitted = fit_garch(before, float(before.mean()))
        except ParameterError:
            yield _stand_in(before, len(judged), asked.level)
            continue
        means = np.full(len(judged), fitted.mean)
        yield _Said(_scaled(shock(fitted), np.sqrt(fitted.follow(judged)), means))


def _stand_in(before: Floats, periods: int, level: float) -> _Said:
    """The historical method, for the periods of a model that could not be fitted."""
    return _Said(np.tile(_worst(before[np.newaxis], level), (periods, 1)), periods)


def _scaled(unit: Tail, deviations: Floats, means: Floats) -> Floats:
    """The tail of a standardised shock, of shocks that are `deviations` wide around `means`."""
    both = np.array([unit.value_at_risk, unit.expected_shortfall])
    losses: Floats = np.outer(deviations, both) - means[:, np.newaxis]
    return losses


_WAYS: dict[Method, Callable[[Floats, _Asked], Iterator[_Said]]] = {
    "historical": _historical,
    "normal": _normal,
    "student": _student,
    "cornish_fisher": _cornish_fisher,
    "ewma": _ewma,
    "garch": _garch,
    "monte_carlo": _filtered,
}
