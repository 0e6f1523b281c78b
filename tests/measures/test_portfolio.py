"""Components add up, correlations are scikit-learn's, budgets are kept."""

import numpy as np
import polars as pl
import pytest
from sklearn.covariance import ledoit_wolf

import bot4 as b4

m = b4.measures
NAMES = ["BTC", "ETH", "SOL"]
DRAW = np.random.default_rng(61)
ROOT = np.array([[1.0, 0, 0], [0.7, 0.7, 0], [0.5, 0.4, 1.4]])
RETURNS = pl.DataFrame(DRAW.standard_t(5, (1_500, 3)) @ ROOT.T * 0.01, schema=NAMES)
WEIGHTS = {"BTC": 0.5, "ETH": -0.3, "SOL": 0.4}
HELD = np.array(list(WEIGHTS.values()))


@pytest.mark.parametrize("method", ["historical", "normal"])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_components_add_up_to_the_whole(method: m.var.Method, level: float) -> None:
    found = m.component_risk(RETURNS, WEIGHTS, level, method)
    whole = m.value_at_risk(m.portfolio_returns(RETURNS, WEIGHTS), level, method)
    assert found.value_at_risk == pytest.approx(whole.value_at_risk, abs=1e-15)
    assert found.expected_shortfall == pytest.approx(whole.expected_shortfall, abs=1e-15)
    frame = found.frame
    assert frame["instrument"].to_list() == NAMES
    assert frame["component"].sum() == pytest.approx(found.value_at_risk, abs=1e-12)
    assert frame["component_shortfall"].sum() == pytest.approx(found.expected_shortfall, abs=1e-12)
    assert frame["share"].sum() == pytest.approx(1, abs=1e-12)
    assert frame["share_shortfall"].sum() == pytest.approx(1, abs=1e-12)


def test_the_marginal_of_a_normal_portfolio_is_its_slope() -> None:
    found = m.component_risk(RETURNS, WEIGHTS, 0.99, "normal").frame
    for at, name in enumerate(NAMES):
        step = 1e-6 * np.eye(3)[at]
        up, down = (
            m.component_risk(RETURNS, HELD + turn * step, 0.99, "normal") for turn in (1, -1)
        )
        slope = (up.value_at_risk - down.value_at_risk) / 2e-6
        assert found["marginal"][at] == pytest.approx(slope, rel=1e-6), name
        beyond = (up.expected_shortfall - down.expected_shortfall) / 2e-6
        there = found["component_shortfall"][at] / HELD[at]
        assert there == pytest.approx(beyond, rel=1e-6), name


def test_the_incremental_is_what_leaving_one_out_saves() -> None:
    found = m.component_risk(RETURNS, WEIGHTS, 0.99)
    without = m.component_risk(RETURNS, {**WEIGHTS, "SOL": 0.0}, 0.99)
    saved = found.value_at_risk - without.value_at_risk
    assert found.frame["incremental"][2] == pytest.approx(saved, abs=1e-15)


def test_correlation_is_ledoit_and_wolfs_and_keeps_the_variances() -> None:
    found = m.comovement(RETURNS)
    values = RETURNS.to_numpy()
    judged, shrinkage = ledoit_wolf((values - values.mean(axis=0)) / values.std(axis=0))
    assert found.shrinkage == pytest.approx(shrinkage, abs=1e-12)
    assert found.correlation == pytest.approx(judged, abs=1e-12)
    assert np.diag(found.covariance) == pytest.approx(values.var(axis=0), rel=1e-12)
    sample = np.corrcoef(values, rowvar=False)
    off = ~np.eye(3, dtype=bool)
    assert found.correlation[off] == pytest.approx(sample[off] * (1 - shrinkage), abs=1e-12)
    assert found.frame().columns == ["instrument", *NAMES]


def test_the_shrinkage_is_that_of_the_paper() -> None:
    """Ledoit and Wolf (2004), lemma 3.1 on: slow, by its sums, a row of returns at a time."""
    values = RETURNS.to_numpy()[:40]
    unit = (values - values.mean(axis=0)) / values.std(axis=0)
    n, k = unit.shape
    sample = unit.T @ unit / n
    mean = np.trace(sample) / k
    distance = ((sample - mean * np.eye(k)) ** 2).sum() / k
    spread = sum(((np.outer(row, row) - sample) ** 2).sum() / k for row in unit) / n**2
    expected = min(spread, distance) / distance
    assert m.comovement(values).shrinkage == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", ["value_at_risk", "expected_shortfall"])
@pytest.mark.parametrize("method", ["historical", "normal"])
def test_a_scaled_portfolio_risks_its_budget(measure: m.budget.Measure, method: str) -> None:
    found = m.portfolio_within(RETURNS, WEIGHTS, 0.005, 0.99, measure=measure, method=method)
    weights = dict(found.frame.select("instrument", "weight").iter_rows())
    there = getattr(m.component_risk(RETURNS, weights, 0.99, method), measure)
    assert there == pytest.approx(0.005, abs=1e-12)
    assert found.frame["risk"].sum() == pytest.approx(0.005, abs=1e-12)
    most = m.portfolio_within(RETURNS, WEIGHTS, 10.0, 0.99, measure=measure, method=method)
    assert most.frame["weight"].abs().sum() == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["historical", "normal", "garch"])
def test_a_holding_risks_its_budget(method: m.var.Method) -> None:
    one = RETURNS["BTC"]
    held = m.holding_within(one, 0.01, 0.99, method=method)
    assert 0 < held < 1
    again = m.value_at_risk(one.to_numpy() * held, 0.99, method)
    assert again.expected_shortfall == pytest.approx(0.01, rel=5e-3)
    risked = m.holding_within(one, 0.01, 0.99, measure="value_at_risk", method=method)
    assert risked > held


def test_what_never_lost_is_held_to_the_bound_and_no_further() -> None:
    assert m.holding_within(np.full(200, 0.01), 0.01, most=0.3) == 0.3


@pytest.mark.parametrize("shares", [None, [1, 2, 3]])
def test_risk_parity_gives_each_its_share(shares: list[float] | None) -> None:
    covariance = np.cov(RETURNS.to_numpy(), rowvar=False)
    weights = m.risk_parity(covariance, shares)
    parts = weights * (covariance @ weights)
    wanted = np.array(shares or [1, 1, 1])
    assert parts / parts.sum() == pytest.approx(wanted / wanted.sum(), abs=1e-12)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights > 0).all()


def test_risk_parity_without_correlation_is_the_inverse_deviation() -> None:
    deviations = np.array([0.01, 0.02, 0.05])
    weights = m.risk_parity(np.diag(deviations**2))
    assert weights == pytest.approx(1 / deviations / (1 / deviations).sum(), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: m.component_risk(RETURNS, {"BTC": 1}), "weights lack ETH, SOL"),
        (lambda: m.component_risk(RETURNS, {**WEIGHTS, "X": 1}), "weights name X"),
        (lambda: m.component_risk(RETURNS, [1, 2]), "2 numbers for 3 instruments"),
        (lambda: m.component_risk(RETURNS, WEIGHTS, method="garch"), "no method 'garch' here"),
        (lambda: m.component_risk(RETURNS, [0, 0, 0], method="normal"), "never moves"),
        (lambda: m.component_risk(RETURNS[:50], WEIGHTS), "cannot be seen in 50"),
        (lambda: m.comovement(RETURNS[:9]), "at least 10"),
        (lambda: m.comovement(RETURNS.with_columns(ETH=pl.lit(0.0))), "ETH never change"),
        (lambda: m.comovement(np.ones((20, 2, 2))), "shape (20, 2, 2)"),
        (lambda: m.comovement(RETURNS.select([])), "shape (0, 0)"),
        (lambda: m.portfolio_within(RETURNS, [0, 0, 0], 0.1), "all 0"),
        (lambda: m.portfolio_within(RETURNS, WEIGHTS, 0), "budget is 0"),
        (
            lambda: m.holding_within(RETURNS["BTC"], 0.1, measure="var"),  # type: ignore[arg-type]
            "no measure 'var'",
        ),
        (lambda: m.risk_parity([[1, 1], [1, 1]]), "not positive definite"),
        (lambda: m.risk_parity([[1, 0], [0, 1]], [1, 0]), "above 0"),
        (lambda: m.risk_parity([[1, 0]]), "give (k, k)"),
    ],
)
def test_refuses_in_one_line(call: object, words: str) -> None:
    with pytest.raises(b4.ParameterError, match=r"^[^\n]*$") as refused:
        call()  # type: ignore[operator]
    assert words in str(refused.value)
