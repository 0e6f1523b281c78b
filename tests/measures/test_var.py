"""Value at risk by every method, what it assumes, and what it refuses."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import bot4 as b4

m = b4.measures
# A seed whose sample has no thinner tails than a normal: else Cornish-Fisher gives way here too.
DRAW = np.random.default_rng(46)
CALM = DRAW.standard_normal(900) * 0.01 + 0.0005
WILD = DRAW.standard_t(2.5, 900) * 0.01


@pytest.mark.parametrize("method", m.METHODS)
@pytest.mark.parametrize("horizon", [1, 5])
def test_every_method_says_how_it_was_computed(method: m.var.Method, horizon: int) -> None:
    found = m.value_at_risk(CALM, 0.975, method, horizon=horizon)
    assert (found.asked, found.method, found.level) == (method, method, 0.975)
    assert (found.horizon, found.n) == (horizon, 900)
    assert found.assumed
    assert found.expected_shortfall > found.value_at_risk > 0
    # Of normal returns they all mean the same.
    truth = m.normal_tail(0.975, 0.0005 * horizon, 0.01 * horizon**0.5)
    assert found.value_at_risk == pytest.approx(truth.value_at_risk, rel=0.15)
    assert found.expected_shortfall == pytest.approx(truth.expected_shortfall, rel=0.15)


def test_normal_and_student_are_closed_forms_of_what_scipy_fits() -> None:
    found = m.value_at_risk(CALM, 0.99, "normal")
    law = stats.norm(CALM.mean(), CALM.std(ddof=1))
    assert found.value_at_risk == pytest.approx(-law.ppf(0.01), abs=1e-9)
    fitted = stats.t(*stats.t.fit(WILD))
    student = m.value_at_risk(WILD, 0.99, "student")
    assert student.value_at_risk == pytest.approx(-fitted.ppf(0.01), rel=1e-3)


def test_student_is_fitted_as_well_where_a_few_returns_are_wild() -> None:
    for freedom in (1.3, 3.0):
        drawn = np.random.default_rng(46).standard_t(freedom, 4_000) * 0.01
        found = m.fit_student(drawn)
        assert found.freedom == pytest.approx(freedom, rel=0.1)
        assert found.scale == pytest.approx(0.01, rel=0.1)


def test_cornish_fisher_takes_the_moments_of_the_sample() -> None:
    skewed = stats.gamma(60).rvs(2_000, random_state=3) / -1_000
    found = m.value_at_risk(skewed, 0.99, "cornish_fisher")
    quantile = m.cornish_fisher_quantile(0.01, stats.skew(skewed), stats.kurtosis(skewed))
    expected = -quantile * skewed.std(ddof=1) - skewed.mean()
    assert found.method == "cornish_fisher"
    assert found.value_at_risk == pytest.approx(expected, abs=1e-12)
    assert found.value_at_risk == pytest.approx(-np.quantile(skewed, 0.01), rel=0.03)


def test_outside_its_domain_cornish_fisher_gives_way_and_says_so() -> None:
    found = m.value_at_risk(WILD, 0.99, "cornish_fisher")
    plain = m.value_at_risk(WILD, 0.99)
    assert (found.asked, found.method) == ("cornish_fisher", "historical")
    assert found.value_at_risk == plain.value_at_risk
    assert "outside the domain" in found.assumed
    # Over many periods sums of them are nearer to normal.
    assert m.value_at_risk(WILD, 0.99, "cornish_fisher", horizon=200).method == "cornish_fisher"


def test_over_a_horizon_history_compounds_what_overlaps() -> None:
    told = np.array([0.1, -0.1, -0.2, 0.3, -0.05])
    grown = [0.1 * -0.1 + 0.1 - 0.1, 0.9 * 0.8 - 1, 0.8 * 1.3 - 1, 1.3 * 0.95 - 1]
    found = m.value_at_risk(told, 0.75, horizon=2)
    assert found.value_at_risk == pytest.approx(-min(grown), abs=1e-12)
    assert "4 windows of 2" in found.assumed


@pytest.mark.parametrize("horizon", [2, 3, 7, 64, 100, 899, 900])
def test_long_windows_compound_as_products_do(horizon: int) -> None:
    told = np.concatenate([CALM[:450], [-1.0], CALM[451:]])
    windows = np.lib.stride_tricks.sliding_window_view(1 + told, horizon)
    found = m.returns.compounded(told, horizon)
    assert found == pytest.approx(windows.prod(axis=1) - 1, abs=1e-12)


def test_nothing_falls_below_nothing() -> None:
    wild = np.random.default_rng(5).standard_t(2, 600) * 0.4
    found = m.value_at_risk(wild, 0.999, "monte_carlo", horizon=5)
    assert found.value_at_risk <= found.expected_shortfall <= 1


def test_ewma_and_garch_know_that_it_became_wild() -> None:
    became = np.concatenate([CALM[:600] * 0.5, CALM[600:] * 3])
    calmed = became[::-1].copy()
    for method in ("ewma", "garch", "monte_carlo"):
        wild, calm = (m.value_at_risk(told, 0.99, method) for told in (became, calmed))
        assert wild.value_at_risk > 2 * calm.value_at_risk
    same = [m.value_at_risk(told, 0.99).value_at_risk for told in (became, calmed)]
    assert same[0] == same[1]


def test_monte_carlo_follows_its_seed_and_nears_the_quantile_of_its_shocks() -> None:
    one, same, other = (m.value_at_risk(WILD, 0.99, "monte_carlo", seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.expected_shortfall != other.expected_shortfall
    fitted = m.fit_garch(WILD, float(WILD.mean()))
    shock = m.historical_tail(fitted.residuals, 0.99).times(fitted.next_variance**0.5)
    many = m.value_at_risk(WILD, 0.99, "monte_carlo", paths=400_000)
    expected = shock.expected_shortfall - fitted.mean
    assert many.expected_shortfall == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(
    "given",
    [
        CALM.tolist(),
        CALM[:, np.newaxis],
        pl.Series(CALM),
        pl.DataFrame({"r": CALM}),
        pd.DataFrame({"r": CALM}),
        CALM[::1].astype(np.float64, order="F"),
    ],
    ids=["list", "column", "series", "frame", "pandas", "array"],
)
def test_takes_returns_in_any_usual_form(given: object) -> None:
    assert m.value_at_risk(given).value_at_risk == m.value_at_risk(CALM).value_at_risk


@pytest.mark.parametrize(
    ("returns", "settings", "words"),
    [
        (CALM, {"level": 1.5}, "level is 1.5"),
        (CALM, {"method": "garhc"}, "did you mean garch?"),
        (CALM, {"horizon": 0}, "horizon is 0"),
        (CALM, {"horizon": 1.0}, "horizon is 1.0"),
        (CALM, {"horizon": 901}, "fewer than the horizon"),
        (CALM, {"decay": 1}, "decay is 1"),
        (CALM, {"paths": 10}, "paths is 10"),
        (CALM, {"seed": -1}, "seed is -1"),
        (CALM[:99], {}, "cannot be seen in 99 returns"),
        (CALM[:19], {"method": "ewma"}, "ewma needs 20"),
        (CALM[:249], {"method": "garch"}, "at least 250"),
        (CALM[:29], {"method": "student"}, "at least 30"),
        ([*CALM, -1.2], {"horizon": 2}, "more than there is in row 900"),
        ([0.1], {}, "at least 2"),
        (np.ones((9, 2)), {}, "shape (9, 2)"),
        (np.float64(0.1), {}, "shape ()"),
        ([0.1, None, 0.2], {}, "not numbers"),
        (["0.1", "0.2"], {}, "not numbers"),
        ([True, False], {}, "hold bool"),
        ([[0.1], [0.1, 0.2]], {}, "rows of different lengths"),
        (pl.Series([0.1, None]), {}, "row 1"),
        (pl.DataFrame({"r": ["a"]}), {}, "column 'r' holds no numbers"),
        (np.array([0.1, np.inf] * 200), {}, "row 1"),
        (np.zeros(300), {"method": "garch"}, "never change"),
        (np.zeros(300), {"method": "student"}, "never change"),
        (DRAW.standard_t(0.6, 500), {"method": "student"}, "no mean"),
    ],
)
def test_refuses_in_one_line(returns: object, settings: dict[str, object], words: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"^[^\n]*$") as refused:
        m.value_at_risk(returns, **settings)  # type: ignore[arg-type]
    assert words in str(refused.value)


def test_returns_that_never_change_lose_nothing_beyond_their_mean() -> None:
    told = np.full(200, -0.01)
    for method in ("historical", "normal", "cornish_fisher"):
        found = m.value_at_risk(told, 0.99, method)
        assert (found.value_at_risk, found.expected_shortfall) == pytest.approx((0.01, 0.01))
