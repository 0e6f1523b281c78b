"""EWMA and GARCH against Hull's figures, pandas, arch and the benchmark series."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arch.univariate import GARCH, ZeroMean
from scipy.optimize import minimize

import bot4 as b4

m = b4.measures
BENCHMARK = Path(__file__).with_name("dem-gbp.txt")


def simulated(n: int, omega: float, alpha: float, beta: float, seed: int) -> np.ndarray:
    """Draw returns of a GARCH(1,1) from its own mean variance on."""
    draw = np.random.default_rng(seed)
    variance, drawn = omega / (1 - alpha - beta), []
    for shock in draw.standard_normal(n):
        drawn.append(shock * variance**0.5)
        variance = omega + alpha * drawn[-1] ** 2 + beta * variance
    return np.array(drawn)


def test_ewma_steps_as_in_hull() -> None:
    # Hull, Options, Futures and Other Derivatives: 1 % a day, a move of 2 %, decay 0.9.
    after = m.ewma_next(0.01**2, 0.02, 0.9)
    assert after == pytest.approx(0.00013, abs=1e-18)
    assert after**0.5 == pytest.approx(0.011402, abs=5e-7)


def test_garch_steps_as_in_hull() -> None:
    after = m.garch_next(0.016**2, 0.01, 0.000002, 0.13, 0.86)
    assert after == pytest.approx(0.00023516, abs=1e-16)
    assert after**0.5 == pytest.approx(0.015335, abs=5e-7)


def test_ewma_is_what_pandas_computes() -> None:
    returns = np.random.default_rng(3).standard_t(4, 700) * 0.01
    judged = pd.Series(returns**2).ewm(alpha=0.06, adjust=True).mean().to_numpy()
    assert m.ewma_variances(returns, 0.94) == pytest.approx(judged, abs=1e-15, rel=1e-12)


def test_a_row_of_ewma_steps_to_the_next() -> None:
    returns = np.random.default_rng(4).standard_normal(2_000) * 0.02
    variances = m.ewma_variances(returns, 0.9)
    # Far from the start the weights add up to one, and both are the same.
    assert m.ewma_next(variances[-2], returns[-1], 0.9) == pytest.approx(variances[-1], rel=1e-12)


def test_garch_meets_the_benchmark_of_fiorentini_calzolari_and_panattoni() -> None:
    returns = np.loadtxt(BENCHMARK)
    assert len(returns) == 1974
    fitted = m.fit_garch(returns)
    # -0.619041e-2, 0.107613e-1, 0.153134, 0.805974: four digits of each.
    assert fitted.mean == pytest.approx(-0.00619041, rel=5e-5)
    assert fitted.omega == pytest.approx(0.0107613, rel=5e-5)
    assert fitted.alpha == pytest.approx(0.153134, rel=5e-5)
    assert fitted.beta == pytest.approx(0.805974, rel=5e-5)
    assert fitted.log_likelihood == pytest.approx(-1106.607881, abs=1e-5)


def test_no_neighbour_of_the_fit_is_likelier() -> None:
    returns = simulated(800, 2e-6, 0.1, 0.85, 21)
    fitted = m.fit_garch(returns, 0.0)

    def unlikely(numbers: np.ndarray) -> float:
        omega, alpha, beta = numbers * np.array([1e-6, 1.0, 1.0])
        variance, summed = np.mean(returns**2), 0.0
        variance = omega + (alpha + beta) * variance
        for one in returns:
            summed += np.log(2 * np.pi * variance) + one**2 / variance
            variance = omega + alpha * one**2 + beta * variance
        return float(summed / 2)

    at = np.array([fitted.omega * 1e6, fitted.alpha, fitted.beta])
    assert -unlikely(at) == pytest.approx(fitted.log_likelihood, abs=1e-6)
    better = minimize(unlikely, at, method="Nelder-Mead", options={"maxiter": 400})
    assert better.fun >= unlikely(at) - 1e-5
    assert better.x == pytest.approx(at, rel=2e-3)


def test_garch_finds_the_numbers_that_returns_were_drawn_with() -> None:
    fitted = m.fit_garch(simulated(20_000, 1e-6, 0.08, 0.9, 8))
    assert fitted.alpha == pytest.approx(0.08, abs=0.015)
    assert fitted.beta == pytest.approx(0.9, abs=0.02)
    assert fitted.long_run_variance == pytest.approx(5e-5, rel=0.15)
    assert fitted.residuals.std() == pytest.approx(1.0, abs=0.01)


def test_garch_forecasts_what_arch_does() -> None:
    returns = simulated(1_000, 2e-6, 0.1, 0.85, 5)
    fitted = m.fit_garch(returns, 0.0)
    model = ZeroMean(returns, volatility=GARCH(), rescale=False)
    judge = model.fix([fitted.omega, fitted.alpha, fitted.beta])
    ahead = judge.forecast(horizon=20, reindex=False).variance.to_numpy()[0]
    # arch begins its variances elsewhere; after a thousand returns nothing is left of that.
    assert fitted.forecast(20) == pytest.approx(ahead, rel=1e-6)
    assert fitted.forecast(5_000)[-1] == pytest.approx(fitted.long_run_variance, rel=1e-6)


def test_following_is_stepping() -> None:
    returns = simulated(600, 2e-6, 0.1, 0.85, 6)
    fitted = m.fit_garch(returns[:500])
    variance, slow = fitted.next_variance, []
    for one in returns[500:]:
        slow.append(variance)
        shock = one - fitted.mean
        variance = m.garch_next(variance, shock, fitted.omega, fitted.alpha, fitted.beta)
    assert fitted.follow(returns[500:]) == pytest.approx(slow, rel=1e-12)
    assert fitted.follow(returns[500:501]) == pytest.approx([fitted.next_variance])


def test_the_fit_does_not_depend_on_the_unit_of_the_returns() -> None:
    returns = simulated(1_000, 2e-6, 0.1, 0.85, 9)
    one, other = m.fit_garch(returns, 0.0), m.fit_garch(returns * 1_000, 0.0)
    assert (one.alpha, one.beta) == pytest.approx((other.alpha, other.beta), rel=1e-4)
    assert one.omega * 1e6 == pytest.approx(other.omega, rel=1e-3)


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.full(300, 0.01), "never change"),
        (np.zeros(300), "never change"),
        (np.ones(249), "at least 250"),
        (np.r_[np.ones(299), np.nan], "row 299"),
    ],
)
def test_garch_refuses_what_it_cannot_fit(returns: np.ndarray, words: str) -> None:
    with pytest.raises(b4.ParameterError, match=words):
        m.fit_garch(returns)


@pytest.mark.parametrize(
    ("decay", "words"), [(0, "decay is 0"), (1, "decay is 1"), (1.5, "above 0 and below 1")]
)
def test_refuses_a_decay_that_forgets_nothing_or_all(decay: float, words: str) -> None:
    with pytest.raises(b4.ParameterError, match=words):
        m.ewma_variances([0.1, 0.2], decay)
