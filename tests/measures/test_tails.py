"""Closed forms of tails against the published figures, and against SciPy to 1e-9."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats

import bot4 as b4

EXACT = 1e-9
m = b4.measures
TEN = [-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04]


def check(found: m.Tail, value_at_risk: float, shortfall: float, within: float) -> None:
    assert found.value_at_risk == pytest.approx(value_at_risk, abs=within)
    assert found.expected_shortfall == pytest.approx(shortfall, abs=within)


def mean_beyond(quantile: Callable[[float], float], level: float) -> float:
    """Integrate a quantile over the tail: slow, and knows no closed form."""
    summed, _ = integrate.quad(quantile, 0, 1 - level, epsabs=1e-13, epsrel=1e-12, limit=500)
    return float(-summed / (1 - level))


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [(0.95, 1.644854, 2.062713), (0.99, 2.326348, 2.665214), (0.975, 1.959964, 2.337803)],
)
def test_the_normal_tail_meets_the_tables_and_scipy(
    level: float, value_at_risk: float, shortfall: float
) -> None:
    check(m.normal_tail(level, 0, 1), value_at_risk, shortfall, 5e-7)
    mean, deviation = 0.0012, 0.023
    law = stats.norm(mean, deviation)
    # Of a normal, the mean below q is m - s^2 f(q) / F(q).
    q = law.ppf(1 - level)
    expected = -(mean - deviation**2 * law.pdf(q) / (1 - level))
    check(m.normal_tail(level, mean, deviation), -q, expected, EXACT)


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [(0.95, 2.131847, 3.202870), (0.975, 2.776445, 3.993557), (0.99, 3.746947, 5.220584)],
)
def test_the_student_tail_meets_the_tables_and_scipy(
    level: float, value_at_risk: float, shortfall: float
) -> None:
    check(m.student_tail(level, 4), value_at_risk, shortfall, 5e-7)
    law = stats.t(3.3, 0.001, 0.02)
    beyond = law.expect(lambda x: x, ub=law.ppf(1 - level), epsabs=1e-14, limit=500) / (1 - level)
    check(m.student_tail(level, 3.3, 0.001, 0.02), -law.ppf(1 - level), -beyond, EXACT)


@pytest.mark.parametrize(
    ("level", "skew", "excess", "quantile", "within"),
    [
        (0.99, -0.5, 3, -3.301284, 5e-7),
        (0.95, -0.5, 3, -1.721744, 5e-7),
        (0.99, -1, 5, -3.854264, 6e-7),
        (0.99, 0, 0, -2.326347874040841, 1e-12),
    ],
)
def test_cornish_fisher_meets_the_tables(
    level: float, skew: float, excess: float, quantile: float, within: float
) -> None:
    assert m.in_cornish_fisher_domain(skew, excess)
    found = m.cornish_fisher_quantile(1 - level, skew, excess)
    assert found == pytest.approx(quantile, abs=within)
    tail = m.cornish_fisher_tail(level, 0.001, 0.02, skew, excess)
    assert tail.value_at_risk == pytest.approx(-0.02 * found - 0.001, abs=EXACT)
    slow = mean_beyond(lambda p: m.cornish_fisher_quantile(p, skew, excess), level)
    assert tail.expected_shortfall == pytest.approx(0.02 * slow - 0.001, abs=EXACT)


def test_dowds_figure_lies_outside_the_domain_and_is_no_tail() -> None:
    # Dowd's R prints 4.145348 for mean 3.2, deviation 5.6, skewness 2, kurtosis 3 (0 in excess).
    quantile = m.cornish_fisher_quantile(0.1, 2, 0)
    assert -5.6 * quantile - 3.2 == pytest.approx(4.145348, abs=5e-7)
    assert not m.in_cornish_fisher_domain(2, 0)
    with pytest.raises(b4.ParameterError, match="outside the domain"):
        m.cornish_fisher_tail(0.9, 3.2, 5.6, 2, 0)


def test_the_domain_is_where_the_expansion_rises() -> None:
    chances = stats.norm.cdf(np.linspace(-8, 8, 801))
    draw = np.random.default_rng(5)
    inside = 0
    for skew, excess in zip(draw.uniform(-3, 3, 150), draw.uniform(-2, 12, 150), strict=True):
        curve = [m.cornish_fisher_quantile(chance, skew, excess) for chance in chances]
        rises = bool((np.diff(curve) >= 0).all())
        assert m.in_cornish_fisher_domain(skew, excess) == rises, (skew, excess)
        inside += rises
    assert 10 < inside < 140


def test_the_historical_tail_of_ten_returns_is_what_riskfolio_says() -> None:
    # Riskfolio-Lib: VaR_Hist and CVaR_Hist 5.0; others lie between two returns (4.1).
    check(m.historical_tail(TEN, 0.9), 0.05, 0.05, EXACT)
    check(m.historical_tail(TEN, 0.8), 0.04, 0.045, EXACT)


# 0.02 sin(i^2), i from 1 to 777: no library's random numbers, and no two alike.
WAVES = 0.02 * np.sin(np.arange(1, 778) ** 2.0)


@pytest.mark.parametrize(
    ("level", "value_at_risk", "shortfall"),
    [
        (0.99, 0.01999760787194526, 0.019999242734836466),
        (0.975, 0.019952782067970017, 0.019983963737783224),
        (0.95, 0.01970271812122845, 0.019919630361131146),
        (0.9, 0.019005552098447513, 0.019650369704364214),
    ],
)
def test_the_historical_tail_is_riskfolios(
    level: float, value_at_risk: float, shortfall: float
) -> None:
    # VaR_Hist and CVaR_Hist of Riskfolio-Lib 7.4.0.
    check(m.historical_tail(WAVES, level), value_at_risk, shortfall, EXACT)


@pytest.mark.parametrize("n", [20, 100, 250, 333, 1_000])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.99])
def test_the_historical_rule_is_numpys_inverted_cdf(n: int, level: float) -> None:
    returns = np.random.default_rng(n).standard_t(3, n)
    if n * (1 - level) < 1 - 1e-12:
        with pytest.raises(b4.ParameterError, match="cannot be seen in"):
            m.historical_tail(returns, level)
        return
    # In hundredths, as 1 - 0.95 is a little more than 5 of them in binary.
    share = round((1 - level) * 1_000) / 1_000
    quantile = np.quantile(returns, share, method="inverted_cdf")
    # The mean of the worst n (1 - level), the last of them in part.
    worst, count = np.sort(returns), share * n
    whole = int(count + 1e-9)
    shortfall = -(worst[:whole].sum() + (count - whole) * worst[whole]) / count
    check(m.historical_tail(returns, level), -quantile, shortfall, EXACT)


def test_five_in_a_hundred_are_five_and_not_six() -> None:
    returns = np.arange(100) / 100
    assert m.historical_tail(returns, 0.95).value_at_risk == -0.04
    assert m.historical_tail(returns, 0.99).value_at_risk == 0.0


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (lambda: m.normal_tail(1.0, 0, 1), "level is 1.0"),
        (lambda: m.normal_tail(0, 0, 1), "level is 0"),
        (lambda: m.normal_tail(99, 0, 1), "level is 99"),
        (lambda: m.normal_tail(float("nan"), 0, 1), "level is nan"),
        (lambda: m.historical_tail([0.1], "0.99"), "level is '0.99'"),  # type: ignore[arg-type]
        (lambda: m.normal_tail(True, 0, 1), "level is True"),
        (lambda: m.normal_tail(0.99, float("inf"), 1), "mean is inf"),
        (lambda: m.normal_tail(0.99, 0, -1), "deviation is -1"),
        (lambda: m.student_tail(0.99, 1), "freedom is 1; allowed: above 1"),
        (lambda: m.student_tail(0.99, 4, 0, -0.1), "scale is -0.1"),
        (lambda: m.cornish_fisher_quantile(0, 0, 0), "probability is 0"),
        (lambda: m.cornish_fisher_tail(0.99, 0, 1, 0, 9), "outside the domain"),
        (lambda: m.historical_tail([], 0.99), "0 rows"),
        (lambda: m.historical_tail([0.1] * 99, 0.99), "give 100 or a lower level"),
        (lambda: m.historical_tail([0.1, float("nan")], 0.5), "no number in row 1"),
    ],
)
def test_refuses_in_one_line_what_is_no_tail(compute: Callable[[], object], words: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"^[^\n]*$") as refused:
        compute()
    assert words in str(refused.value)
